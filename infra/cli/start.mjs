// Starts the `fleet` command in a fresh clone: plain JavaScript, as neither packages nor a new Node need be there yet.
// `--prepare` only installs; `--run FILE …` runs another TypeScript file the same way.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, lstatSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const args = process.argv.slice(2);
/** On the wall clock, for whoever tells how long it all took. */
const startedMs = Date.now();

/** Exit code for "nothing was touched": the same as the fleet command's. */
const USAGE = 2;

function stop(message) {
  process.stderr.write(`${message}\n`);
  process.exit(USAGE);
}

if (args[0] === "local" && process.platform !== "linux") {
  stop(
    `Local machines need Linux: they are real systemd machines in network namespaces, and this is ${process.platform}.\n` +
      'What to do: run this in a Debian 12 or 13 VM (Lima, Multipass, WSL 2), or use provider `hosts` or a cloud from here: README, "pulumi up".',
  );
}

await installPackages();
if (args[0] !== "--prepare") run(args[0] === "--run" ? args.slice(1) : [join(root, "infra/cli/main.ts"), ...args]);

/** `npm ci` when what is installed is not what the lock file says; a command that names a recovery store takes them from there. */
async function installPackages() {
  const lock = createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
  const modules = join(root, "node_modules");
  const mark = join(modules, ".fleetwright-lock");
  if (existsSync(mark) && readFileSync(mark, "utf8") === lock) return;
  // npm ci empties the folder that a link leads to, under the feet of whoever else uses it.
  if (lstatSync(modules, { throwIfNoEntry: false })?.isSymbolicLink()) {
    stop(
      "node_modules is a link to a folder whose packages are not those of this package-lock.json; nothing was installed.\n" +
        "What to do: run `npm run fleet -- --prepare` where the link leads to, or remove the link.",
    );
  }
  const from = storeOf(args);
  const problem = from === undefined ? undefined : await packagesFrom(from, lock, mark);
  if (from !== undefined && problem === undefined) return;
  if (problem !== undefined) process.stderr.write(`${problem}\n`);
  process.stderr.write("Installing npm packages (npm ci) …\n");
  // No package needs a script of its own at install. Not in .npmrc: there it would keep `npm pack` from building what it packs.
  const result = spawnSync("npm", ["ci", "--ignore-scripts", "--no-fund", "--no-audit", "--loglevel=error"], {
    cwd: root,
    stdio: ["ignore", 2, 2],
  });
  if (result.status !== 0) stop(npmFailed(problem));
  writeFileSync(mark, lock);
}

async function packagesFrom(from, lock, mark) {
  const { takePackages } = await import("./packages-of-store.mjs");
  return takePackages({ root, from, lock, mark });
}

/** @param problem why they didn't come from the store, either; npm's own words are many, and hide it */
function npmFailed(problem) {
  if (problem !== undefined) return `npm ci failed, too.\n${problem}\nThen run the same command again.`;
  return (
    "npm ci failed, see above. What to do: mend what it says (network, disk), then run the same command again.\n" +
    "Where no registry answers, take the packages from a recovery store first: npm run fleet -- --prepare --from STORE"
  );
}

/** The store that a command line names. */
function storeOf(options) {
  const index = options.findIndex((option) => option === "--from" || option.startsWith("--from="));
  if (index < 0) return undefined;
  return options[index].startsWith("--from=") ? options[index].slice("--from=".length) : options[index + 1];
}

/** The pinned Node where there is one for this computer, else this one if it is new enough to strip types. */
function nodePath() {
  const pinned = join(root, "node_modules/.bin/node");
  if (existsSync(pinned)) return pinned;
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > 22 || (major === 22 && minor >= 18)) return process.execPath;
  return stop(
    `Node 22.18 or newer is needed; this is ${process.versions.node}. What to do: install Node 24 and run the same command again.`,
  );
}

/** What Node has compiled is kept, beside our other caches (`infra/cache.ts`): each process of a run then starts in half the time. */
function compileCache() {
  const { FLEETWRIGHT_CACHE, XDG_CACHE_HOME } = process.env;
  return { NODE_COMPILE_CACHE: join(FLEETWRIGHT_CACHE ?? join(XDG_CACHE_HOME ?? join(homedir(), ".cache"), "fleetwright"), "compiled") };
}

function run(command) {
  const node = nodePath();
  const own = { PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ""}`, FLEETWRIGHT_STARTED: String(startedMs) };
  const env = { ...compileCache(), ...process.env, ...own };
  const child = spawn(node, ["--disable-warning=ExperimentalWarning", ...command], { stdio: "inherit", env });
  // A terminal sends Ctrl-C to the child as well; we wait for how it ends.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => signal !== "SIGINT" && child.kill(signal));
  child.on("exit", (code, signal) => process.exit(code ?? (signal === "SIGINT" ? 130 : 1)));
}
