/** The recovery store: `up` and `rollback` fill it, no failure harms the set of before, and the recovery code opens the secrets. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setInterval as every } from "node:timers/promises";
import { parse, stringify } from "yaml";
import { unwrapKey } from "../../infra/recovery/key.ts";
import { readSealedSecrets } from "../../infra/recovery/sealed-secrets.ts";
import type { NamedSet } from "../../infra/recovery/set.ts";
import { openStore } from "../../infra/recovery/store/open.ts";
import { Hosts } from "../support/hosts.ts";
import { evidence, Project, type Run } from "../support/project.ts";
import { UserStack } from "../support/stack.ts";

const SECRET = "correct horse battery";
const name = { project: "fleetwright", stack: "prod" };

describe("a fleet's recovery store", () => {
  const hosts = new Hosts("recovery-store");
  const project = new Project();
  const folder = mkdtempSync(join(tmpdir(), "fleetwright-recovery-"));
  const [first, second] = [join(folder, "first"), join(folder, "second")];
  let stack: UserStack;
  let code = "";
  let firstRelease = "";

  before(async () => {
    const login = await hosts.make("web-1");
    stack = await UserStack.init(project, "prod");
    stack.configure({
      name: "shop",
      app: { dir: "examples/fastapi", health: { path: "/healthz" } },
      machines: { provider: "hosts", hosts: [{ name: "web-1", ...login }] },
    });
    const set = await stack.pulumi(["config", "set", "--secret", "--path", "fleetwright:fleet.app.secrets.TOKEN", SECRET]);
    assert.equal(set.code, 0, evidence(set));
  });
  after(async () => {
    await Promise.allSettled([project.remove()]);
    hosts.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const newest = async (path: string): Promise<NamedSet> => {
    const [set] = (await (await openStore(path)).sets(name)).good;
    if (set === undefined) throw new Error(`no set in ${path}`);
    return set;
  };
  const told = (run: Run, code_: number, pattern: RegExp): void => {
    assert.equal(run.code, code_, evidence(run));
    assert.match(`${run.stdout}${run.stderr}`, pattern, evidence(run));
  };
  const contents = (path: string): Buffer[] =>
    readdirSync(path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name)));
  const edit = (path: string, change: (text: string) => string): void =>
    writeFileSync(join(project.folder, path), change(readFileSync(join(project.folder, path), "utf8")));

  test("is set up with a code that is shown once, and mistakes are told before anything is made", async () => {
    told(await stack.fleet(["recovery", "status"]), 2, /has no recovery store\.[\s\S]*npm run fleet -- recovery init/);
    told(await stack.fleet(["recovery", "init", "ftp://x"]), 2, /stores\.0: given "ftp:\/\/x"; a store is a folder/);
    const made = await stack.fleet(["recovery", "init", first]);
    told(made, 0, /Recovery code of stack "prod"/);
    code = /^ {4}([0-9A-Z]{4}(?:-[0-9A-Z]{4}){6})$/m.exec(made.stdout)?.[1] ?? "";
    assert.notEqual(code, "", evidence(made));
    edit("Pulumi.prod.yaml", (text) => text.replace("recovery:\n", "recovery:\n    keepSet: 3\n"));
    told(await stack.fleet(["up"]), 2, /keepSet: unknown key; did you mean "keepSets"\?/);
    edit("Pulumi.prod.yaml", (text) => text.replace("    keepSet: 3\n", ""));
    told(await stack.fleet(["recovery", "status"]), 1, /MISSING .*it has no set of this stack that is whole[\s\S]*could NOT/);
  });

  test("up fills it with everything, and with no secret in plain text", async () => {
    const up = await stack.fleet(["up"]);
    told(up, 0, /recovery store file:\/\/\S+first: set \S+, \d+ new objects/);
    const { set } = await newest(first);
    firstRelease = set.live.shop ?? "";
    assert.equal(firstRelease, (await stack.status()).release);
    assert.deepEqual([set.after, set.secretsProvider], ["up", "passphrase"]);
    // Of targets that no machine here has, too, where another fleet of this computer has built the same release.
    assert.ok(Object.keys(set.releases[0]?.archives ?? {}).includes("x64-py3.13"));
    assert.deepEqual(
      set.machines.map(({ target }) => target),
      ["x64-py3.13"],
    );
    assert.deepEqual(
      set.tools
        .filter(({ archive }) => archive !== undefined)
        .map((tool) => tool.name)
        .includes("pulumi"),
      true,
    );
    for (const bytes of contents(first)) assert.ok(!bytes.includes(SECRET));
    told(
      await stack.fleet(["recovery", "status"]),
      0,
      /warning .*never drilled[\s\S]*release \w{8} \(shop, live\)[\s\S]*could succeed now/,
    );
    assert.match(readFileSync(join(first, "RECOVER.txt"), "utf8"), /RECOVER fleetwright\/prod/);
  });

  test("the recovery code opens the passphrase, also where there is only the store", async () => {
    const opened = await project.fleet(["recovery", "key", "--stack", "prod", "--from", first], {
      env: { FLEETWRIGHT_RECOVERY_CODE: code },
    });
    assert.equal(opened.code, 0, evidence(opened));
    const shown = await stack.pulumi(["stack", "output", "--json"], { env: { PULUMI_CONFIG_PASSPHRASE: opened.stdout.trim() } });
    assert.equal(shown.code, 0, evidence(shown));
    const state = JSON.parse((await (await openStore(first)).getBytes((await newest(first)).set.state.object)).toString("utf8"));
    assert.ok(state.deployment.resources.length > 0);
    const wrong = `${code.startsWith("0") ? "1" : "0"}${code.slice(1)}`;
    told(await stack.fleet(["recovery", "key"], { env: { FLEETWRIGHT_RECOVERY_CODE: wrong } }), 2, /no recovery code: a letter or digit/);
  });

  test("a new key and code: the old code opens what was put by before, and nothing since", async () => {
    const before_ = await newest(first);
    const old = code;
    const made = await stack.fleet(["recovery", "key", "--rewrap"], { env: { FLEETWRIGHT_RECOVERY_CODE: old } });
    told(made, 0, /Next: npm run fleet -- recovery push/);
    code = /^ {4}([0-9A-Z]{4}(?:-[0-9A-Z]{4}){6})$/m.exec(made.stdout)?.[1] ?? "";
    assert.notEqual(code, old);
    const opens = (with_: string): Promise<Run> => stack.fleet(["recovery", "key"], { env: { FLEETWRIGHT_RECOVERY_CODE: with_ } });
    assert.equal((await opens(old)).code, 0, "nothing was put by yet");
    told(await stack.fleet(["recovery", "push"]), 0, /Everything is put by/);
    told(await opens(old), 1, /This recovery code doesn't open the store's key/);
    assert.equal((await opens(code)).code, 0);
    // Whoever kept the key of before has nothing of it.
    const store = await openStore(first);
    const identities = await unwrapKey((await store.readKey(name))?.toString("utf8") ?? "", code);
    const kept = identities.split("\n").slice(1).join("\n");
    assert.ok((await readSealedSecrets(store, before_.set, kept))?.passphrase);
    await assert.rejects(readSealedSecrets(store, (await newest(first)).set, kept), /isn't opened by the stack's recovery key/);
  });

  test("a spoiled object is found by --verify, and replaced by the next push", async () => {
    const { set } = await newest(first);
    const sha256 = set.releases[0]?.archives["x64-py3.13"]?.sha256 ?? "";
    const path = join(first, "objects", sha256.slice(0, 2), sha256);
    const bytes = readFileSync(path);
    bytes[1000] = (bytes[1000] ?? 0) ^ 1;
    writeFileSync(path, bytes);
    told(await stack.fleet(["recovery", "status"]), 0, /looked up with their sizes/);
    told(await stack.fleet(["recovery", "status", "--verify"]), 1, /MISSING .*missing or spoiled: release \w{8} of shop for x64-py3\.13/);
    told(await stack.fleet(["recovery", "push", "--verify"]), 0, /Everything is put by/);
    told(await stack.fleet(["recovery", "status", "--verify"]), 0, /every object was read and hashed[\s\S]*could succeed now/);
  });

  test("a store that fails leaves the fleet up, is shouted about, and keeps the set of before", async () => {
    const before_ = (await newest(first)).id;
    renameSync(first, `${first}.away`);
    writeFileSync(first, "");
    edit("examples/fastapi/main.py", (text) => text.replace("Hello from FastAPI", "Hello again"));
    told(
      await stack.fleet(["up"]),
      4,
      /The fleet is up, but can't be recovered as it is now: [\s\S]*What to do: mend it, then: npm run fleet -- recovery push/,
    );
    assert.notEqual((await stack.status()).release, firstRelease);
    rmSync(first);
    renameSync(`${first}.away`, first);
    assert.equal((await newest(first)).id, before_);
    told(
      await stack.fleet(["recovery", "status"]),
      1,
      /the fleet is newer than the store[\s\S]*shop runs release \w{8}, the set has \w{8}/,
    );
    told(await stack.fleet(["recovery", "push"]), 0, /Everything is put by/);
  });

  test("rollback puts by what is live then, with the release that it left in the ledger", async () => {
    told(await stack.fleet(["rollback"]), 0, /recovery store file:/);
    const { set } = await newest(first);
    assert.equal(set.live.shop, firstRelease);
    assert.equal(set.releases.length, 2);
    told(await stack.fleet(["recovery", "status"]), 0, /could succeed now/);
  });

  test("a push that is killed leaves no set, and the next one goes on", async () => {
    const path = join(project.folder, "Pulumi.prod.yaml");
    const file = parse(readFileSync(path, "utf8"));
    file.config["fleetwright:recovery"].stores.push(second);
    writeFileSync(path, stringify(file));
    let end: (signal: NodeJS.Signals) => void = () => undefined;
    const command = `echo begins >&2; exec ${process.execPath} infra/cli/start.mjs recovery push --stack prod`;
    const pushing = stack.run("sh", ["-c", command], { onStderr: (_text, kill) => void (end = kill) });
    const killed = killWhen(
      () => existsSync(join(second, "objects")),
      () => end("SIGKILL"),
      pushing,
    );
    const run = await killed;
    const ids = await (await openStore(second)).setIds(name);
    if (run.code === 0) assert.equal(ids.length, 1);
    else assert.deepEqual(ids, []);
    told(await stack.fleet(["recovery", "push"]), 0, /Everything is put by/);
    assert.equal((await newest(second)).set.live.shop, firstRelease);
    told(await stack.fleet(["recovery", "status", "--verify"]), 0, /could succeed now/);
  });
});

/** Polls until something is so or the run is over, then kills it. */
async function killWhen(so: () => boolean, kill: () => void, running: Promise<Run>): Promise<Run> {
  const over = new AbortController();
  void running.finally(() => over.abort());
  try {
    for await (const _ of every(5, undefined, { signal: over.signal })) {
      if (!so()) continue;
      kill();
      break;
    }
  } catch {
    // It was over before.
  }
  return running;
}
