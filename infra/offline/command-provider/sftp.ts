/** The few SFTP operations that copying needs, as promises. */
import { createReadStream } from "node:fs";
import { dirname } from "node:path/posix";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Client, SFTPWrapper } from "ssh2";

const noSuchFile = 2; // SSH_FX_NO_SUCH_FILE: draft-ietf-secsh-filexfer-02, section 7

export type Remote = "folder" | "file" | "nothing";

export class Sftp {
  readonly #wrapper: SFTPWrapper;

  private constructor(wrapper: SFTPWrapper) {
    this.#wrapper = wrapper;
  }

  static open(client: Client): Promise<Sftp> {
    return new Promise((resolve, reject) => {
      client.sftp((error, wrapper) => (error ? reject(error) : resolve(new Sftp(wrapper))));
    });
  }

  /** What there is at a path, links followed. */
  what(path: string): Promise<Remote> {
    return new Promise((resolve, reject) => {
      this.#wrapper.stat(path, (error, stats) => {
        if (!error) resolve(stats.isDirectory() ? "folder" : "file");
        else if ((error as { code?: number }).code === noSuchFile) resolve("nothing");
        else reject(new Error(`failed to stat remote path ${path}: ${error.message}`));
      });
    });
  }

  /** Makes a folder and those above it, where they aren't there. */
  async makeFolder(path: string): Promise<void> {
    const found = await this.what(path);
    if (found === "folder") return;
    if (found === "file") throw new Error(`remote path ${path} exists but is not a directory`);
    if (dirname(path) !== path) await this.makeFolder(dirname(path));
    await new Promise<void>((resolve, reject) => {
      this.#wrapper.mkdir(path, (error) =>
        error ? reject(new Error(`failed to create remote directory ${path}: ${error.message}`)) : resolve(),
      );
    });
  }

  /** Uploads a local file, many blocks at a time; mode and owner are the server's defaults. */
  upload(from: string, to: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#wrapper.fastPut(from, to, (error) =>
        error ? reject(new Error(`failed to copy file ${from} to remote path ${to}: ${error.message}`)) : resolve(),
      );
    });
  }

  async write(content: Readable | string, to: string): Promise<void> {
    const from = typeof content === "string" ? Readable.from([Buffer.from(content)]) : content;
    try {
      await pipeline(from, this.#wrapper.createWriteStream(to));
    } catch (error) {
      throw new Error(`failed to write to remote path ${to}: ${error instanceof Error ? error.message : error}`);
    }
  }
}

export const readFile = (path: string): Readable => createReadStream(path);
