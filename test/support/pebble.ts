/** Debian's pebble, an ACME issuer for tests, with a DNS of its own; on this computer, where a test's machines reach it. */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { Authority } from "./authority.ts";
import { until } from "./poll.ts";

export interface PebbleOptions {
  /** A folder for its files. */
  folder: string;
  /** Where machines reach it: this computer's end of their bridge. */
  address: string;
  /** Of the certificates that it gives. */
  lifetimeS: number;
}

const START_MS = 20_000;

export class Pebble {
  readonly directory: string;
  /** PEM of what the directory is verified with. */
  readonly caRoot: string;
  /** Without it, it makes no account. */
  readonly eab = { keyId: "kid-1", hmacKey: randomBytes(48).toString("base64url") };
  /** PEM of what its certificates are verified with. */
  root = "";
  #log = "";
  readonly #children: ChildProcess[] = [];
  readonly #dnsManagement: number;

  private constructor(directory: string, caRoot: string, dnsManagement: number) {
    this.directory = directory;
    this.caRoot = caRoot;
    this.#dnsManagement = dnsManagement;
  }

  static async start({ folder, address, lifetimeS }: PebbleOptions): Promise<Pebble> {
    mkdirSync(folder, { recursive: true });
    const authority = new Authority(join(folder, "authority"));
    const { certificate, key } = authority.chain(authority.issue([address, "127.0.0.1"]));
    writeFileSync(join(folder, "tls.crt"), certificate);
    writeFileSync(join(folder, "tls.key"), key, { mode: 0o600 });
    const [acme, management, dns, dnsManagement] = await freePorts(4);
    const pebble = new Pebble(`https://${address}:${acme}/dir`, authority.root, dnsManagement ?? 0);
    const config = {
      listenAddress: `${address}:${acme}`,
      managementListenAddress: `127.0.0.1:${management}`,
      certificate: join(folder, "tls.crt"),
      privateKey: join(folder, "tls.key"),
      httpPort: 80,
      tlsPort: 443,
      certificateValidityPeriod: lifetimeS,
      externalAccountBindingRequired: true,
      externalAccountMACKeys: { [pebble.eab.keyId]: pebble.eab.hmacKey },
    };
    writeFileSync(join(folder, "pebble.json"), JSON.stringify({ pebble: config }));
    const off = ["-http01", "", "-https01", "", "-tlsalpn01", ""];
    pebble.#spawn("pebble-challtestsrv", [
      "-dns01",
      `127.0.0.1:${dns}`,
      "-management",
      `127.0.0.1:${dnsManagement}`,
      "-defaultIPv4",
      "",
      "-defaultIPv6",
      "",
      ...off,
    ]);
    pebble.#spawn("pebble", ["-config", join(folder, "pebble.json"), "-dnsserver", `127.0.0.1:${dns}`]);
    try {
      await until("pebble answers", async () => (pebble.root = await get(management ?? 0, "/roots/0")) !== "", START_MS);
      await until("its DNS answers", () => pebble.#tellDns("clear-a", { host: "nobody.example.org" }), START_MS);
    } catch (error) {
      pebble.close();
      throw new Error(`pebble didn't start:\n${pebble.#log}`, { cause: error });
    }
    return pebble;
  }

  /** From now on, the name has this address. */
  async resolve(host: string, address: string): Promise<void> {
    await this.#tellDns("clear-a", { host });
    await this.#tellDns("add-a", { host, addresses: [address] });
  }

  /** Certificates that it has given so far. */
  get issued(): number {
    return this.#log.match(/Issued certificate serial/g)?.length ?? 0;
  }

  /** Accounts that it has made so far. */
  get accounts(): number {
    return Math.max(0, ...[...this.#log.matchAll(/There are now (\d+) accounts/g)].map(([, count]) => Number(count)));
  }

  get log(): string {
    return this.#log;
  }

  close(): void {
    for (const child of this.#children) child.kill("SIGKILL");
  }

  #spawn(command: string, args: string[]): void {
    // A quarter of its answers says that the nonce was wrong; proofs are asked for after a moment.
    const env = { ...process.env, PEBBLE_WFE_NONCEREJECT: "25", PEBBLE_VA_SLEEPTIME: "1", PEBBLE_AUTHZREUSE: "0" };
    const child = spawn(command, args, { env, stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (this.#log += chunk.toString()));
    child.on("error", (error) => (this.#log += `${command}: ${error.message}\n`));
    this.#children.push(child);
    children.add(child);
    child.on("exit", () => children.delete(child));
  }

  async #tellDns(what: string, body: object): Promise<boolean> {
    const answer = await fetch(`http://127.0.0.1:${this.#dnsManagement}/${what}`, { method: "POST", body: JSON.stringify(body) });
    return answer.ok;
  }
}

const children = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of children) child.kill("SIGKILL");
});

/** Of its management; what it shows is public, and its certificate is for us to give. */
async function get(port: number, path: string): Promise<string> {
  const asked = request({ host: "127.0.0.1", port, path, rejectUnauthorized: false }).end();
  const [response] = await once(asked, "response");
  const parts: string[] = await response.setEncoding("utf8").toArray();
  return parts.join("");
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, "127.0.0.1");
      await once(server, "listening");
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  for (const server of servers) server.close();
  return ports;
}
