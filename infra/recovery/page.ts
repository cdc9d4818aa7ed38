/** RECOVER.txt: what to do when everything else is gone. Lies in the store and is for the printer. Pure. */
import { shellQuote } from "../shell.ts";
import type { NamedSet, ReleaseRecord, StoredObject } from "./set.ts";
import { copyCommand } from "./store/by-hand.ts";
import { keyName, objectName, PAGE, setsFolder } from "./store/layout.ts";

export interface Page {
  /** In the store. */
  name: string;
  text: string;
}

/** The pages that a push leaves in the store: one at its root, and the same beside the stack's sets, where several stacks share a store. */
export function pagesOf(newest: NamedSet, url: string): Page[] {
  const text = recoverPage(newest, url);
  return [
    { name: PAGE, text },
    { name: `${setsFolder(newest.set)}${PAGE}`, text },
  ];
}

const WIDTH = 78;

export function recoverPage({ id, set }: NamedSet, url: string): string {
  const secrets = set.files.find(({ kind }) => kind === "secrets");
  return `${[
    `RECOVER ${set.project}/${set.stack}`,
    "=".repeat(WIDTH),
    `Store      ${url}`,
    `Newest set ${id}`,
    `           of ${set.createdAt}, by ${set.by}, after ${set.after}`,
    `Machines   ${set.machines.map(({ name, address }) => `${name} (${address})`).join(", ")}`,
    ...Object.entries(set.live).map(([fleet, release]) => `Release    ${fleet}: ${release}`),
    "",
    "The short way: a clone of the project's repository, Node 20 or newer, then",
    "",
    `  npm run fleet -- recover --from '${url}' --stack ${set.stack} --check     looks only`,
    `  npm run fleet -- recover --from '${url}' --stack ${set.stack}             does it`,
    "",
    "It asks for the passphrase of the stack's secrets, or for the recovery code",
    "that `fleet recovery init` printed. The app's data is NOT in this store.",
    "",
    ...byHand(set, id, url),
    ...(secrets === undefined
      ? ["", "There is NO sealed copy of the secrets: without the passphrase (or the KMS key) they are", "lost."]
      : sealedLines(set, secrets.object)),
  ].join("\n")}\n`;
}

function byHand(set: NamedSet["set"], id: string, url: string): string[] {
  const copy = copyCommand(url, "S");
  const live = new Set(Object.values(set.live));
  const archives = set.releases
    .filter((release) => live.has(release.id))
    .flatMap(({ fleet, archives: of, packages }) => [
      ...Object.entries(of).map(([target, object]) => [`release of ${fleet}, ${target}`, object] as const),
      ...Object.entries(packages).map(([target, { archive }]) => [`its packages, ${target}`, archive] as const),
    ]);
  return [
    "By hand. S is the store's folder. Check each file: its name is its `sha256sum`.",
    "",
    ...(copy === undefined ? [] : [`  ${copy}`, ""]),
    `  the set              S/${setsFolder(set)}${id}.json`,
    line("Pulumi's state", set.state.object),
    line(`Pulumi.${set.stack}.yaml`, set.stackFile),
    ...(set.projectFile === undefined ? [] : [line("Pulumi.yaml", set.projectFile)]),
    ...archives.map(([what, object]) => line(what, object)),
    ...set.runtimes.map(({ arch, archive }) => line(`runtime bundle, ${arch}`, archive)),
    "",
    "State: in a clone of the repository, with the stack's file above beside its",
    "Pulumi.yaml. `up` builds the release anew from the clone, out of the registries:",
    "`recover` doesn't.",
    "",
    "  pulumi login file:///some/folder",
    `  pulumi stack init ${set.stack} --secrets-provider ${shellQuote(set.secretsProvider)}`,
    `  pulumi stack import --stack ${set.stack} --file STATE`,
    `  pulumi up --stack ${set.stack}`,
    ...set.releases.filter((release) => live.has(release.id)).flatMap(serveLines),
  ];
}

/** Nothing of it lasts; it is the shortest way from a store to an answer. */
function serveLines({ fleet, command, packages }: ReleaseRecord): string[] {
  const what = whatToRun(command);
  if (what === undefined) return [];
  const on = (line: string): string => `  ssh root@MACHINE ${shellQuote(line)}`;
  return [
    "",
    `A machine without Pulumi (root; Debian 12 or 13) that serves ${fleet} until it is`,
    "recovered: the bundle carries Node, Caddy and the supervisor. The app's environment",
    "and secrets go before fleethost, as NAME=value.",
    "",
    `${on("mkdir /tmp/rt /tmp/app && tar xz -C /tmp/rt")} < RUNTIME_BUNDLE`,
    `${on("tar xz -C /tmp/app")} < RELEASE`,
    ...(Object.keys(packages).length === 0 ? [] : [`${on("tar xz -C /tmp/app")} < PACKAGES`]),
    on(`cd /tmp/app/app && PYTHONPATH=/tmp/app/python /tmp/rt/bin/fleethost run ${what}`),
    on("/tmp/rt/bin/caddy reverse-proxy --from NAME --to 127.0.0.1:8000"),
  ];
}

/** On port 8000; undefined for a command that takes no port. */
function whatToRun(command: ReleaseRecord["command"]): string | undefined {
  switch (command.kind) {
    case "asgi":
    case "wsgi":
      return `--${command.kind} ${shellQuote(command.app)}`;
    case "node":
      return `--node ${shellQuote(command.module)}`;
    case "command":
      if (command.listen === "socket" || command.listen === "none") return undefined;
      // Of a command, each worker has a port of its own; the first one's is the supervisor's.
      return `${command.listen === "port" ? "--listen port --workers 1 " : ""}-- ${command.argv.map(shellQuote).join(" ")}`;
  }
}

function sealedLines(set: NamedSet["set"], secrets: StoredObject): string[] {
  return [
    "",
    "Passphrase or KMS key lost? With the recovery code and the program `age`",
    "(https://age-encryption.org):",
    "",
    `  age -d -o key.txt S/${keyName(set)}              asks for the code, with its dashes`,
    `  age -d -i key.txt S/${objectName(secrets.sha256)}`,
    "",
    "prints JSON: `passphrase`, or the state and the configuration in plain text. A lost",
    `KMS key: \`recover\` as above with --secrets-provider passphrase.`,
    ...set.files
      .filter(({ kind }) => kind === "own")
      .map(({ name, object }) => `${name}: age -d -i key.txt S/${objectName(object.sha256)}`),
  ];
}

const line = (what: string, { sha256 }: StoredObject): string => `  ${what.padEnd(20)} S/${objectName(sha256)}`;
