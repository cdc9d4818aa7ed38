/** Opens SSH connections as the `connection` property describes them, over a bastion if it has one. */
import { connect as connectSocket } from "node:net";
import type { Duplex } from "node:stream";
import ssh2, { type Client, type ClientChannel, type ConnectConfig } from "ssh2";
import type { Context } from "./context.ts";
import { expectedHostKey } from "./host-key.ts";
import { retry } from "./retry.ts";

/** Where a connection goes and how it logs in; the schema's defaults are filled in. */
export interface Endpoint {
  host: string;
  port: number;
  user: string;
  password?: string;
  privateKey?: string;
  privateKeyPassword?: string;
  agentSocketPath?: string;
  /** `ssh-ed25519 AAAA…`; without it any host key is taken, as the official provider does. */
  hostKey?: string;
  /** Failed attempts to put up with; -1 for any number. */
  dialErrorLimit: number;
  /** Seconds for one attempt; 0 for no limit. */
  perDialTimeout: number;
}

export interface Connection extends Endpoint {
  proxy?: Endpoint;
}

/** Runs `use` with an open connection, and closes it whatever happens. */
export async function withConnection<T>(connection: Connection, context: Context, use: (client: Client) => Promise<T>): Promise<T> {
  const clients = await dial(connection, context);
  const stop = () => clients.forEach((client) => client.destroy());
  context.signal.addEventListener("abort", stop, { once: true });
  try {
    context.signal.throwIfAborted();
    return await use(clients[0] as Client);
  } finally {
    context.signal.removeEventListener("abort", stop);
    for (const client of clients) client.end();
  }
}

/** The connection, then the one to the bastion that carries it. */
async function dial(connection: Connection, context: Context): Promise<Client[]> {
  const config = await settings(connection);
  const { proxy } = connection;
  if (proxy === undefined) {
    return [await retry("Dial", connection.dialErrorLimit, context, () => connect(connection, config, context))];
  }
  try {
    return await dialOver(proxy, connection, config, context);
  } catch (error) {
    throw new Error(`proxy: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function dialOver(proxy: Endpoint, connection: Connection, config: ConnectConfig, context: Context): Promise<Client[]> {
  const proxyConfig = await settings(proxy);
  const bastion = await retry("Dial proxy", proxy.dialErrorLimit, context, () => connect(proxy, proxyConfig, context));
  try {
    const inner = await retry("Dial from proxy", connection.dialErrorLimit, context, async () =>
      connect(connection, { ...config, sock: await forward(bastion, connection) }, context),
    );
    return [inner, bastion];
  } catch (error) {
    bastion.end();
    throw error;
  }
}

function forward(bastion: Client, to: Endpoint): Promise<Duplex & ClientChannel> {
  return new Promise((resolve, reject) => {
    bastion.forwardOut("127.0.0.1", 0, to.host, to.port, (error, channel) =>
      error ? reject(new Error(`dial ${to.host}:${to.port}: ${error.message}`)) : resolve(channel),
    );
  });
}

async function connect(endpoint: Endpoint, config: ConnectConfig, { signal }: Context): Promise<Client> {
  const client = new ssh2.Client();
  client.on("keyboard-interactive", (_name, _instructions, _language, prompts, finish) =>
    finish(prompts.map(() => endpoint.password ?? "")),
  );
  const { verifier } = expectedHostKey(endpoint.hostKey);
  let wrongHost: string | undefined;
  const hostVerifier = (key: Buffer) => {
    wrongHost = verifier(key);
    return wrongHost === undefined;
  };
  try {
    await loggedIn(client, { ...config, hostVerifier }, signal);
    return client;
  } catch (error) {
    client.destroy();
    throw new Error(`dial ${endpoint.host}:${endpoint.port}: ${wrongHost ?? (error as Error).message}`);
  }
}

function loggedIn(client: Client, config: ConnectConfig, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => {
      signal.removeEventListener("abort", stop);
      reject(error);
    };
    const stop = () => fail(signal.reason as Error);
    signal.addEventListener("abort", stop, { once: true });
    client.once("ready", () => {
      signal.removeEventListener("abort", stop);
      client.off("error", fail);
      // Later errors reach whoever uses the connection, by its closing.
      client.on("error", () => {});
      resolve();
    });
    client.on("error", fail);
    client.once("close", () => fail(new Error("the connection was closed")));
    client.connect(config);
  });
}

/** @throws Error for a key that can't be read and an agent that doesn't answer: trying again would not mend these. */
async function settings(endpoint: Endpoint): Promise<ConnectConfig> {
  const agent = endpoint.agentSocketPath ?? process.env["SSH_AUTH_SOCK"];
  if (agent) await agentAnswers(agent);
  const methods = [
    "none",
    ...(endpoint.privateKey === undefined ? [] : ["publickey"]),
    ...(endpoint.password === undefined ? [] : ["password", "keyboard-interactive"]),
    ...(agent ? ["agent"] : []),
  ];
  const { algorithms } = expectedHostKey(endpoint.hostKey);
  return {
    host: endpoint.host,
    port: endpoint.port,
    username: endpoint.user,
    readyTimeout: endpoint.perDialTimeout * 1_000,
    authHandler: methods as never,
    tryKeyboard: endpoint.password !== undefined,
    ...(algorithms && { algorithms: { serverHostKey: algorithms as never } }),
    ...(endpoint.password !== undefined && { password: endpoint.password }),
    ...(endpoint.privateKey !== undefined && { privateKey: readableKey(endpoint) }),
    ...(endpoint.privateKeyPassword !== undefined && { passphrase: endpoint.privateKeyPassword }),
    ...(agent && { agent }),
  };
}

function readableKey({ privateKey = "", privateKeyPassword, host }: Endpoint): string {
  const key = ssh2.utils.parseKey(privateKey, privateKeyPassword);
  if (key instanceof Error) throw new Error(`the private key for ${host} can't be read: ${key.message}`);
  return privateKey;
}

function agentAnswers(path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connectSocket(path, () => {
      socket.destroy();
      resolve();
    });
    socket.once("error", (error) => reject(new Error(`SSH agent at ${path}: ${error.message}`)));
  });
}
