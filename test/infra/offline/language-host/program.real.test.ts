import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { standInFolder } from "../../../../infra/offline/launcher.ts";
import { pulumiCli } from "../../../../infra/offline/tools.ts";
import { endLeftover, isAlive, until } from "../waiting.ts";

const all = mkdtempSync(join(tmpdir(), "fleetwright-host-"));
const nodeModules = join(import.meta.dirname, "..", "..", "..", "..", "node_modules");
let pulumi: string;
let path: string;
let folder: string;
let count = 0;

before(async () => {
  pulumi = (await pulumiCli({ say: console.error })).path;
  const standIns = [await standInFolder("pulumi-language-nodejs"), await standInFolder("pulumi-resource-command")];
  path = [...standIns, dirname(pulumi), process.env["PATH"]].join(delimiter);
});
beforeEach(async () => {
  folder = join(all, String(++count));
  for (const name of ["state", "home", "infra"]) mkdirSync(join(folder, name), { recursive: true });
  symlinkSync(nodeModules, join(folder, "node_modules"));
  writeFileSync(join(folder, "package.json"), '{"type": "module"}');
  project();
  const { code, output } = await run("stack", "init", "dev");
  assert.equal(code, 0, output);
});
after(() => rmSync(all, { recursive: true, force: true }));

const project = (main = "") =>
  writeFileSync(join(folder, "Pulumi.yaml"), `name: tiny\nruntime: {name: nodejs, options: {typescript: false}}\n${main}`);

const program = (text: string, file = "index.ts") => writeFileSync(join(folder, file), text);

const environment = () => ({
  ...process.env,
  PATH: path,
  PULUMI_HOME: join(folder, "home"),
  PULUMI_BACKEND_URL: `file://${join(folder, "state")}`,
  PULUMI_CONFIG_PASSPHRASE: "test",
  PULUMI_SKIP_UPDATE_CHECK: "true",
});

function start(...args: string[]): { child: ChildProcess; ended: Promise<{ code: number | null; output: string }> } {
  const child = spawn(pulumi, [...args, "--non-interactive", "--color=never"], { cwd: folder, env: environment() });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk) => {
      output += chunk;
    });
  }
  const ended = new Promise<{ code: number | null; output: string }>((resolve) => child.once("close", (code) => resolve({ code, output })));
  return { child, ended };
}

const run = (...args: string[]) => start(...args).ended;

async function outputs(): Promise<Record<string, unknown>> {
  return JSON.parse((await run("stack", "output", "--json")).output.replace(/^warning:.*\n/gm, ""));
}

test("pulumi up runs a TypeScript module with its configuration; the next one changes nothing; destroy destroys", async () => {
  program(`
    import * as pulumi from "@pulumi/pulumi";
    import { local } from "@pulumi/command";
    const config: pulumi.Config = new pulumi.Config();
    console.log("a line of the program");
    export const said = new local.Command("c", { create: "echo said" }).stdout;
    export const plain = config.require("plain");
    export const folder = process.cwd();
    export const secret = config.requireSecret("hush");
  `);
  await run("config", "set", "plain", "value");
  await run("config", "set", "--secret", "hush", "hidden");
  const first = await run("up", "--yes");
  assert.equal(first.code, 0, first.output);
  assert.match(first.output, /a line of the program/);
  assert.match(first.output, /\+ 2 created/);
  assert.deepEqual(await outputs(), { said: "said", plain: "value", folder, secret: "[secret]" });
  assert.match((await run("up", "--yes")).output, /2 unchanged/);
  const destroyed = await run("destroy", "--yes");
  assert.match(destroyed.output, /- 2 deleted/, destroyed.output);
});

test("a program that fails makes `up` fail, with the message and, for a RunError, no stack", async () => {
  program(`import { RunError } from "@pulumi/pulumi"; throw new RunError("what went wrong");`);
  const told = await run("up", "--yes");
  assert.notEqual(told.code, 0);
  assert.match(told.output, /error: what went wrong/);
  assert.doesNotMatch(told.output, /at file:|non-zero exit code/);
  program(`throw new Error("a crash");`);
  assert.match((await run("up", "--yes")).output, /Error: a crash\s+at /);
  program("process.exit(5);");
  const left = await run("up", "--yes");
  assert.notEqual(left.code, 0);
  assert.match(left.output, /Program exited with non-zero exit code: 5/);
});

test("a project without the SDK is told to install it", async () => {
  rmSync(join(folder, "node_modules"));
  program("export {};");
  assert.match((await run("up", "--yes")).output, /@pulumi\/pulumi is not installed for .*npm install/);
});

const text = `
  import { local } from "@pulumi/command";
  export const cwd = process.cwd();
  export const provider = new local.Command("c", { create: "pwd" }).stdout;
`;

test("the entry named by package.json runs in the project's folder, and so do its commands", async () => {
  writeFileSync(join(folder, "package.json"), '{"type": "module", "main": "infra/index.ts"}');
  program(text, "infra/index.ts");
  const { code, output } = await run("up", "--yes", "--skip-preview");
  assert.equal(code, 0, output);
  assert.deepEqual(await outputs(), { cwd: folder, provider: folder });
});

test("the entry named by Pulumi.yaml's main runs in the entry's folder, and so do its commands", async () => {
  project("main: infra/index.ts\n");
  program(text, "infra/index.ts");
  const { code, output } = await run("up", "--yes", "--skip-preview");
  assert.equal(code, 0, output);
  assert.deepEqual(await outputs(), { cwd: join(folder, "infra"), provider: join(folder, "infra") });
});

test("when the engine is killed, the program and running commands are ended", async () => {
  const pids = join(folder, "pids");
  program(`
    import { appendFileSync } from "node:fs";
    import { local } from "@pulumi/command";
    appendFileSync(${JSON.stringify(pids)}, process.pid + "\\n");
    new local.Command("c", { create: "sleep 300 & echo $! >> ${pids}; wait" });
  `);
  const { child, ended } = start("up", "--yes", "--skip-preview");
  const started = () => readFileSync(pids, { encoding: "utf8", flag: "a+" }).trim().split("\n").map(Number);
  try {
    await until("program and command to run", () => started().length === 2);
    child.kill("SIGKILL");
    for (const pid of started()) await until(`process ${pid} to end`, () => !isAlive(pid), 20_000);
  } finally {
    child.kill("SIGKILL");
    endLeftover(...started());
  }
  // Only now: the killed engine's children hold its output open.
  await ended;
});

test("the plugins of the installed packages are told, and about names the Node that runs", async () => {
  program("export {};");
  const { output } = await run("about");
  assert.match(output, /resource\s+command\s+1\.2\.1/, output);
  assert.match(output, new RegExp(`version='${process.version}'`));
});
