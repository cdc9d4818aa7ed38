/** A store of recovery sets: objects by their hash, sets that name them, all verified when read. */
import { randomBytes } from "node:crypto";
import { mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { canonicalJson } from "../../../runtime/manifest.ts";
import { type DrillRecord, drillRecordSchema } from "../drill-record.ts";
import { type NamedSet, type RecoverySet, recoverySetSchema, type StoredObject } from "../set.ts";
import { digestOf } from "./digest.ts";
import { type FileEntry, StoreFailure, type StoreFiles } from "./files.ts";
import { drillName, drillsFolder, keyName, OBJECTS, objectName, setsFolder, stamp, type StackName } from "./layout.ts";

/** Of a set's own sha256 in its id. */
const HASH_LENGTH = 16;

/** A set that can't be used, and why. */
export interface SpoiledSet {
  id: string;
  problem: string;
}

export class RecoveryStore {
  readonly files: StoreFiles;

  constructor(files: StoreFiles) {
    this.files = files;
  }

  get url(): string {
    return this.files.url;
  }

  /** Stores a file of this computer, unless its content is there already. @throws StoreFailure `spoiled` when it isn't of that hash */
  async put(file: string, object: StoredObject): Promise<"stored" | "there"> {
    if (await this.has(object)) return "there";
    await verifyFile(file, object);
    await this.files.write(objectName(object.sha256), { file });
    return "stored";
  }

  /** Stores bytes that are small enough to be in memory. */
  async putBytes(bytes: Buffer): Promise<StoredObject> {
    const object = await digestOf({ bytes });
    if (!(await this.has(object))) await this.files.write(objectName(object.sha256), { bytes });
    return object;
  }

  /** Whether it is there with the right size; what is in it, `get` and `verify` say. */
  async has({ sha256, bytes }: StoredObject): Promise<boolean> {
    const name = objectName(sha256);
    return (await this.files.list(name.slice(0, name.lastIndexOf("/") + 1))).some((entry) => entry.name === name && entry.bytes === bytes);
  }

  /** Copies an object to a path, which is there only when it is whole and of the right hash. @throws StoreFailure */
  async get(object: StoredObject, target: string): Promise<void> {
    const temporary = `${target}.${randomBytes(4).toString("hex")}`;
    try {
      await this.files.read(objectName(object.sha256), temporary);
      await verifyFile(temporary, object);
      await rename(temporary, target);
    } finally {
      await rm(temporary, { force: true });
    }
  }

  /** Reads it all, and keeps nothing. */
  async isWhole(object: StoredObject): Promise<boolean> {
    const folder = await mkdtemp(join(tmpdir(), "fleetwright-verify-"));
    try {
      await this.get(object, join(folder, object.sha256));
      return true;
    } catch (error) {
      if (error instanceof StoreFailure && error.problem !== "unreachable") return false;
      throw error;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** The bytes of a small object. @throws StoreFailure */
  async getBytes(object: StoredObject): Promise<Buffer> {
    const bytes = await this.files.readBytes(objectName(object.sha256));
    requireHash(await digestOf({ bytes }), object);
    return bytes;
  }

  /** Every object that is there, with its size and age. */
  async list(): Promise<(StoredObject & Pick<FileEntry, "writtenAtMs">)[]> {
    const entries = await this.files.list(OBJECTS);
    return entries.flatMap(({ name, bytes, writtenAtMs }) => {
      const sha256 = name.slice(name.lastIndexOf("/") + 1);
      return /^[0-9a-f]{64}$/.test(sha256) ? [{ sha256, bytes, writtenAtMs }] : [];
    });
  }

  delete(sha256: string): Promise<void> {
    return this.files.remove(objectName(sha256));
  }

  /** Writes a set: the last step of a push, after everything that it names. */
  async putSet(set: RecoverySet): Promise<string> {
    const bytes = Buffer.from(`${canonicalJson(recoverySetSchema.parse(set))}\n`);
    const id = `${stamp(set.createdAt)}-${(await digestOf({ bytes })).sha256.slice(0, HASH_LENGTH)}`;
    await this.files.write(`${setsFolder(set)}${id}.json`, { bytes });
    return id;
  }

  /** Ids of a stack's sets, newest first; which of them are whole, `readSet` says. */
  async setIds(stack: StackName): Promise<string[]> {
    const entries = await this.files.list(setsFolder(stack));
    const names = entries.flatMap(({ name }) => /([^/]+)\.json$/.exec(name)?.slice(1) ?? []);
    return names.sort().reverse();
  }

  /** @throws StoreFailure when it is missing, spoiled, or of a newer Fleetwright */
  async readSet(stack: StackName, id: string): Promise<NamedSet> {
    const bytes = await this.files.readBytes(`${setsFolder(stack)}${id}.json`);
    const { sha256 } = await digestOf({ bytes });
    if (!id.endsWith(`-${sha256.slice(0, HASH_LENGTH)}`)) throw new StoreFailure("spoiled", `set ${id} was changed or cut short`);
    const parsed = recoverySetSchema.safeParse(JSON.parse(bytes.toString("utf8")));
    if (parsed.success && (parsed.data.project !== stack.project || parsed.data.stack !== stack.stack)) {
      throw new StoreFailure("spoiled", `set ${id} is of ${parsed.data.project}/${parsed.data.stack}, and lies in the wrong folder`);
    }
    if (parsed.success) return { id, set: parsed.data };
    throw new StoreFailure("spoiled", `set ${id} is of another version of Fleetwright: ${parsed.error.issues[0]?.message}`);
  }

  /** A stack's sets, newest first, and those that can't be used. */
  async sets(stack: StackName): Promise<{ good: NamedSet[]; spoiled: SpoiledSet[] }> {
    const good: NamedSet[] = [];
    const spoiled: SpoiledSet[] = [];
    for (const id of await this.setIds(stack)) {
      try {
        good.push(await this.readSet(stack, id));
      } catch (error) {
        if (!(error instanceof StoreFailure) || error.problem === "unreachable") throw error;
        spoiled.push({ id, problem: error.message });
      }
    }
    return { good, spoiled };
  }

  deleteSet(stack: StackName, id: string): Promise<void> {
    return this.files.remove(`${setsFolder(stack)}${id}.json`);
  }

  /** Which stacks the store holds sets of. */
  async stacks(): Promise<StackName[]> {
    const entries = await this.files.list("sets/");
    const found = entries
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
      .flatMap(({ name }) => {
        const [, project, stack] = /^sets\/([^/]+)\/([^/]+)\/[^/]+\.json$/.exec(name) ?? [];
        return project === undefined || stack === undefined ? [] : [{ project, stack }];
      });
    return [...new Map(found.map((name) => [`${name.project}/${name.stack}`, name])).values()];
  }

  async addDrill(record: DrillRecord): Promise<void> {
    const bytes = Buffer.from(`${JSON.stringify(drillRecordSchema.parse(record))}\n`);
    await this.files.write(drillName(record, randomBytes(4).toString("hex")), { bytes });
  }

  /** A stack's drills, newest first; at most `limit` of them are read. */
  async drills(stack: StackName, limit = 20): Promise<DrillRecord[]> {
    const names = (await this.files.list(drillsFolder(stack))).map(({ name }) => name).sort();
    const newest = names.reverse().slice(0, limit);
    const texts = await Promise.all(newest.map(async (name) => (await this.files.readBytes(name)).toString("utf8")));
    return texts.flatMap((text) => drillRecordSchema.safeParse(JSON.parse(text)).data ?? []);
  }

  /** The wrapped key, see `key.ts`; undefined when none was made. */
  async readKey(stack: StackName): Promise<Buffer | undefined> {
    try {
      return await this.files.readBytes(keyName(stack));
    } catch (error) {
      if (error instanceof StoreFailure && error.problem === "missing") return undefined;
      throw error;
    }
  }

  writeKey(stack: StackName, bytes: Buffer): Promise<void> {
    return this.files.write(keyName(stack), { bytes });
  }

  /** How far the store's clock is ahead of this computer's; undefined where it has none of its own. */
  async skewMs(): Promise<number | undefined> {
    const startedMs = Date.now();
    const thereMs = await this.files.clockMs();
    return thereMs === undefined ? undefined : Math.round(thereMs - (startedMs + Date.now()) / 2);
  }

  close(): Promise<void> {
    return this.files.close();
  }
}

async function verifyFile(file: string, object: StoredObject): Promise<void> {
  requireHash(await digestOf({ file }), object);
}

function requireHash(found: StoredObject, object: StoredObject): void {
  if (found.sha256 === object.sha256 && found.bytes === object.bytes) return;
  const difference = found.bytes === object.bytes ? "other bytes" : `${found.bytes} bytes instead of ${object.bytes}`;
  throw new StoreFailure("spoiled", `object ${object.sha256.slice(0, 12)} is spoiled: ${difference}`);
}
