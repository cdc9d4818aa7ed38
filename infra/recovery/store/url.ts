/** A store's URL, taken apart. Pure. */
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { expandHome } from "../../rollout/transports/ssh-arguments.ts";

export type StoreAddress =
  | { kind: "folder"; path: string }
  | { kind: "ssh"; host: string; port: number; user: string; hostKey: string; privateKeyFile: string | undefined; path: string }
  | { kind: "s3"; bucket: string; prefix: string; region: string | undefined; endpoint: string | undefined };

/** @returns what is wrong, where it is no store's URL */
export function parseStoreUrl(text: string): StoreAddress | { kind: "wrong"; problem: string } {
  if (/^(\/|~\/)/.test(text)) return { kind: "folder", path: resolve(expandHome(text)) };
  const url = URL.parse(text);
  switch (url?.protocol) {
    case "file:":
      return { kind: "folder", path: fileURLToPath(url) };
    case "ssh:":
      return sshAddress(url);
    case "s3:":
      return s3Address(url);
    default:
      return wrong(
        "a store is a folder (/mnt/store), an SSH host (ssh://user@host/path?hostKey=…) or a bucket (s3://bucket/prefix?region=…)",
      );
  }
}

const wrong = (problem: string) => ({ kind: "wrong" as const, problem });

/** A plus sign is one: host keys are full of them. */
function queryOf(url: URL, known: readonly string[]): Record<string, string | undefined> | { odd: string } {
  const query = new URLSearchParams(url.search.replaceAll("+", "%2B"));
  const odd = [...query.keys()].find((key) => !known.includes(key));
  return odd === undefined ? Object.fromEntries(query) : { odd };
}

function sshAddress(url: URL): ReturnType<typeof parseStoreUrl> {
  const query = queryOf(url, ["hostKey", "privateKeyFile"]);
  if ("odd" in query) return wrong(`"${query.odd}" is unknown; allowed after the path: hostKey, privateKeyFile`);
  const path = decodeURIComponent(url.pathname);
  if (url.hostname === "" || path.length < 2)
    return wrong("it must name a host and a folder there: ssh://user@host/var/lib/fleet-store?hostKey=…");
  if (url.password !== "") return wrong("a password has no place in it: log in with a key, or an agent");
  // In a URL without %20 somebody wrote a colon between the key's type and the key.
  const hostKey = (query.hostKey ?? "").replace(/^([\w-]+):/, "$1 ");
  if (!/^(ssh-ed25519|ecdsa-sha2-nistp(256|384|521)|ssh-rsa) [A-Za-z0-9+/]+=*$/.test(hostKey)) {
    return wrong('it must pin the host\'s key, as "ssh-keyscan HOST" prints it: ?hostKey=ssh-ed25519:AAAA…');
  }
  const user = url.username === "" ? "root" : decodeURIComponent(url.username);
  const port = url.port === "" ? 22 : Number(url.port);
  return { kind: "ssh", host: url.hostname.replaceAll(/[[\]]/g, ""), port, user, hostKey, privateKeyFile: query.privateKeyFile, path };
}

function s3Address(url: URL): ReturnType<typeof parseStoreUrl> {
  const query = queryOf(url, ["region", "endpoint"]);
  if ("odd" in query) return wrong(`"${query.odd}" is unknown; allowed after the path: region, endpoint`);
  if (url.hostname === "") return wrong("it must name a bucket: s3://bucket/prefix?region=…");
  if (url.username !== "" || url.password !== "")
    return wrong("credentials have no place in it: they come from the environment or an AWS profile");
  const prefix = decodeURIComponent(url.pathname).replaceAll(/^\/+|\/+$/g, "");
  return { kind: "s3", bucket: url.hostname, prefix: prefix === "" ? "" : `${prefix}/`, region: query.region, endpoint: query.endpoint };
}
