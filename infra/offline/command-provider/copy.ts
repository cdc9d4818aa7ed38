/**
 * Copies an asset or archive to another machine.
 *
 * | source | remote path is a folder | is nothing | is a file |
 * | --- | --- | --- | --- |
 * | folder | path/folder | path/folder | fails |
 * | folder/ | path/… | path/… | fails |
 * | file | path/file | path | path, overwritten |
 *
 * As in the official provider: existing files are overwritten in place, nothing is removed, archives aren't unpacked.
 */
import { readdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { dirname, basename as remoteBasename, join as remoteJoin } from "node:path/posix";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { readFile, type Sftp } from "./sftp.ts";
import type { Archive, Asset, Source } from "./wire.ts";

export async function copy(sftp: Sftp, source: Source, remotePath: string): Promise<void> {
  if ("asset" in source) await copyAsset(sftp, source.asset, remotePath);
  else await copyArchive(sftp, source.archive, remotePath);
}

async function copyAsset(sftp: Sftp, asset: Asset, remotePath: string): Promise<void> {
  if (asset.path !== undefined) return copyPath(sftp, asset.path, remotePath);
  if (asset.uri !== undefined) return copyFetched(sftp, asset.uri, remotePath);
  if ((await sftp.what(remotePath)) === "folder") {
    throw new Error(`remote path ${remotePath} is a directory; when using a text asset, remotePath must be a file path`);
  }
  await sftp.makeFolder(dirname(remotePath));
  await sftp.write(asset.text ?? "", remotePath);
}

async function copyArchive(sftp: Sftp, archive: Archive, remotePath: string): Promise<void> {
  if (archive.path !== undefined) return copyPath(sftp, archive.path, remotePath);
  if (archive.uri !== undefined) return copyFetched(sftp, archive.uri, remotePath);
  await sftp.makeFolder(remotePath);
  for (const [name, entry] of Object.entries(archive.assets ?? {})) {
    await copyEntry(sftp, entry, remoteJoin(remotePath, name));
  }
}

async function copyEntry(sftp: Sftp, entry: Source, to: string): Promise<void> {
  if ("archive" in entry && entry.archive.path !== undefined) {
    if (!statSync(entry.archive.path).isDirectory()) {
      throw new Error(`${entry.archive.path}: this stand-in can't put an archive file inside an archive of assets`);
    }
    return copyFolder(sftp, entry.archive.path, to);
  }
  return copy(sftp, entry, to);
}

/** Copies a local file or folder, by the table above. */
async function copyPath(sftp: Sftp, from: string, remotePath: string): Promise<void> {
  const isFolder = statSync(from).isDirectory();
  const found = await sftp.what(remotePath);
  if (isFolder) return copyFolder(sftp, from, from.endsWith("/") ? remotePath : remoteJoin(remotePath, basename(from)));
  await copyFile(sftp, from, found === "folder" ? remoteJoin(remotePath, basename(from)) : remotePath);
}

export async function copyFile(sftp: Sftp, from: string, to: string): Promise<void> {
  await sftp.makeFolder(dirname(to));
  await sftp.upload(from, to);
}

async function copyFolder(sftp: Sftp, from: string, to: string): Promise<void> {
  await sftp.makeFolder(to);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), remoteJoin(to, entry.name)];
    if (entry.isDirectory()) await copyFolder(sftp, source, target);
    else await sftp.upload(source, target);
  }
}

async function copyFetched(sftp: Sftp, uri: string, remotePath: string): Promise<void> {
  const name = remoteBasename(new URL(uri).pathname);
  const folder = (await sftp.what(remotePath)) === "folder";
  if (folder && name === "") {
    throw new Error(`remote path ${remotePath} is a directory; cannot determine destination filename`);
  }
  const to = folder ? remoteJoin(remotePath, name) : remotePath;
  await sftp.makeFolder(dirname(to));
  await sftp.write(await fetched(uri), to);
}

async function fetched(uri: string): Promise<Readable> {
  if (uri.startsWith("file:")) return readFile(fileURLToPath(uri));
  const response = await fetch(uri);
  if (!response.ok || response.body === null) throw new Error(`failed to read remote asset ${uri}: ${response.status}`);
  return Readable.from(response.body);
}
