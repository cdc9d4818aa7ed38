/** What a store is made of: files by name, wherever they lie. All that knows about hashes and sets is in `store.ts`. */
import type { Source } from "./digest.ts";

export interface FileEntry {
  /** Relative to the store, with slashes. */
  name: string;
  bytes: number;
  /** When it was written, by the clock of whoever keeps it. */
  writtenAtMs: number;
}

export interface StoreFiles {
  /** For people, and to open it again: without anything secret. */
  readonly url: string;
  /**
   * Writes a file whole or not at all: an interrupted write leaves what was there before.
   * @param source path of a file of this computer, or the bytes
   */
  write(name: string, source: Source): Promise<void>;
  /** Copies a file to a path of this computer, which may then be of any content: the caller verifies. @throws StoreFailure `missing` */
  read(name: string, target: string): Promise<void>;
  /** A small file. @throws StoreFailure `missing` */
  readBytes(name: string): Promise<Buffer>;
  /** All files whose names begin with a folder's, such as `sets/`. */
  list(folder: string): Promise<FileEntry[]>;
  /** No error when it isn't there. */
  remove(name: string): Promise<void>;
  /** The clock of whoever keeps it, milliseconds since 1970; undefined where that can't be told from this computer's. */
  clockMs(): Promise<number | undefined>;
  close(): Promise<void>;
}

export type StoreProblem =
  /** The store as a whole can't be reached, or refuses the login. */
  | "unreachable"
  /** The file isn't there. */
  | "missing"
  /** It is there, and not what its name says. */
  | "spoiled"
  /** It can't be written. */
  | "refused";

export class StoreFailure extends Error {
  override readonly name = "StoreFailure";
  readonly problem: StoreProblem;

  constructor(problem: StoreProblem, message: string) {
    super(message);
    this.problem = problem;
  }
}
