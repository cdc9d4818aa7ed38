/** What each resource does when it is created, updated and deleted. Values come without their marks of secrecy. */
import { collect } from "./collect.ts";
import type { Context, Streams } from "./context.ts";
import { copy, copyFile } from "./copy.ts";
import { type Connection, withConnection } from "./dial.ts";
import { type LocalInputs, runLocally } from "./local.ts";
import { type RemoteInputs, runRemotely } from "./remote.ts";
import { Sftp } from "./sftp.ts";
import { source, type WireMap } from "./wire.ts";

/** Operations give the outputs that are not inputs. */
export interface Operations {
  create(inputs: WireMap, context: Context): Promise<WireMap>;
  update(inputs: WireMap, state: WireMap, context: Context): Promise<WireMap>;
  delete(state: WireMap, context: Context): Promise<void>;
}

interface Lifecycle {
  create?: string;
  update?: string;
  delete?: string;
}

type Run = (command: string, inputs: WireMap, previous: Partial<Streams>, context: Context) => Promise<WireMap>;

const nothing: Streams = { stdout: "", stderr: "" };

/** `update` falls back to `create`; without a command nothing is run, so a machine that is gone blocks no `destroy`. */
function command(run: Run): Operations {
  return {
    async create(inputs, context) {
      const { create } = inputs as Lifecycle;
      return create === undefined ? { ...nothing } : run(create, inputs, {}, context);
    },
    async update(inputs, state, context) {
      const { create, update } = inputs as Lifecycle;
      const text = update ?? create;
      if (text === undefined) return kept(state);
      return run(text, inputs, state as Partial<Streams>, context);
    },
    async delete(state, context) {
      const text = (state as Lifecycle).delete;
      if (text !== undefined) await run(text, state, state as Partial<Streams>, context);
    },
  };
}

const kept = (state: WireMap): WireMap =>
  Object.fromEntries(["stdout", "stderr", "assets", "archive"].flatMap((key) => (key in state ? [[key, state[key]!]] : [])));

/** Runs a local command and reads the files it was asked for. */
export const local: Run = async (text, inputs, previous, context) => {
  const streams = await runLocally(text, inputs as LocalInputs, previous, context);
  return { ...streams, ...(await collect(inputs as LocalInputs)) };
};

const remote: Run = async (text, inputs, previous, context) => {
  const streams = await runRemotely(text, inputs as unknown as RemoteInputs, previous, context);
  return { ...streams };
};

async function copySource(inputs: WireMap, context: Context): Promise<WireMap> {
  const read = source(inputs["source"]);
  if (read === undefined) throw new Error("'source' should be an asset or an archive");
  await withConnection(inputs["connection"] as unknown as Connection, context, async (client) =>
    copy(await Sftp.open(client), read, String(inputs["remotePath"])),
  );
  return {};
}

const hashOf = (values: WireMap): string | undefined => {
  const read = source(values["source"]);
  return read && ("asset" in read ? read.asset.hash : read.archive.hash);
};

export const operations: Record<string, Operations> = {
  "command:local:Command": command(local),
  "command:remote:Command": command(remote),
  "command:remote:CopyToRemote": {
    create: copySource,
    // Another key or a time-out is no reason to send the same bytes again.
    async update(inputs, state, context) {
      const same = hashOf(inputs) === hashOf(state) && inputs["remotePath"] === state["remotePath"];
      return same ? {} : copySource(inputs, context);
    },
    async delete() {},
  },
  "command:remote:CopyFile": {
    async create(inputs, context) {
      const { localPath, remotePath } = inputs as { localPath: string; remotePath: string };
      await withConnection(inputs["connection"] as unknown as Connection, context, async (client) =>
        copyFile(await Sftp.open(client), localPath, remotePath),
      );
      return {};
    },
    async update() {
      throw new Error("CopyFile has no update: a change replaces it");
    },
    async delete() {},
  },
};
