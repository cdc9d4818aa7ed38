/** A copy of a recovery store in a folder, to be made worse. */
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

interface SetText {
  releases: { id: string; archives: Record<string, { sha256: string }> }[];
}

export class StoreCopy {
  readonly folder: string;
  readonly #sets: string;

  /** @param stack whose sets are meant: PROJECT/STACK */
  constructor(store: string, folder: string, stack: string) {
    cpSync(store, folder, { recursive: true });
    this.folder = folder;
    this.#sets = join(folder, "sets", stack);
  }

  /** Turns one bit of a release's archive, by the newest set. @returns the archive's name */
  spoilRelease(release: string): string {
    const set = this.#newest();
    const [archive] = Object.values(this.#read(set).releases.find(({ id }) => id === release)?.archives ?? {});
    if (archive === undefined) throw new Error(`${set} has no archive of ${release}`);
    const path = join(this.folder, "objects", archive.sha256.slice(0, 2), archive.sha256);
    const bytes = readFileSync(path);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    writeFileSync(path, bytes);
    return archive.sha256;
  }

  /** As of a write that broke off: a newer set, of which only the begin is there. */
  addHalfWrittenSet(): void {
    const newest = this.#newest();
    const half = readFileSync(join(this.#sets, newest)).subarray(0, 700);
    writeFileSync(join(this.#sets, newest.replace(/^\d{8}/, "20991231")), half);
  }

  /** Removes every set that knows a release. */
  forgetRelease(release: string): void {
    for (const set of this.#names()) if (this.#read(set).releases.some(({ id }) => id === release)) rmSync(join(this.#sets, set));
  }

  /** Oldest first. */
  #names(): string[] {
    return readdirSync(this.#sets)
      .filter((name) => name.endsWith(".json"))
      .sort();
  }

  #newest(): string {
    return this.#names().at(-1) ?? "";
  }

  #read(set: string): SetText {
    return JSON.parse(readFileSync(join(this.#sets, set), "utf8")) as SetText;
  }
}
