/** A store's files by the programs that every computer has, for whoever has nothing of ours. Pure. */
import { posix } from "node:path";
import { shellQuote } from "../../shell.ts";
import { parseStoreUrl } from "./url.ts";

/** The command that brings one file here. @param name in the store */
export function fetchCommand(url: string, name: string, target: string): string {
  const address = parseStoreUrl(url);
  const to = shellQuote(target);
  switch (address.kind) {
    case "ssh":
      return `ssh -p ${address.port} ${shellQuote(`${address.user}@${address.host}`)} ${remoteCat(posix.join(address.path, name))} > ${to}`;
    case "s3":
      return `aws s3 cp ${shellQuote(`s3://${address.bucket}/${address.prefix}${name}`)} ${to}${optionsOf(address)}`;
    case "folder":
      return `cp ${shellQuote(posix.join(address.path, name))} ${to}`;
    case "wrong":
      return `cp ${shellQuote(posix.join(url, name))} ${to}`;
  }
}

/** The command that brings all of it here, to a folder; undefined where it is one. */
export function copyCommand(url: string, folder: string): string | undefined {
  const address = parseStoreUrl(url);
  if (address.kind === "ssh") return `scp -r -P ${address.port} ${placeOf(address)} ${folder}`;
  if (address.kind === "s3") return `aws s3 sync ${shellQuote(`s3://${address.bucket}/${address.prefix}`)} ${folder}${optionsOf(address)}`;
  return undefined;
}

/** The shell there takes the words apart once more. */
const remoteCat = (path: string): string => shellQuote(`cat ${shellQuote(path)}`);

/** `scp` takes the colon of an address for its own. */
const placeOf = ({ user, host, path }: { user: string; host: string; path: string }): string =>
  shellQuote(`${user}@${host.includes(":") ? `[${host}]` : host}:${path}`);

function optionsOf({ region, endpoint }: { region: string | undefined; endpoint: string | undefined }): string {
  const at = endpoint === undefined ? "" : ` --endpoint-url ${shellQuote(endpoint)}`;
  return region === undefined ? at : ` --region ${region}${at}`;
}
