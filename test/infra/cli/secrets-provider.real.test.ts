/** A stack whose secrets a KMS key encrypts (moto's), by Pulumi itself: brought back with the key at hand, and with the key lost. */
import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { parse, stringify } from "yaml";
import { openSecrets } from "../../../infra/cli/recover-secrets.ts";
import type { Prepared, RecoverOptions } from "../../../infra/cli/recover-prepared.ts";
import {
  noteBegun,
  openRecovered,
  placeOfStack,
  restoreState,
  type StateOutcome,
  writeStackFiles,
} from "../../../infra/cli/recovered-stack.ts";
import { CODE_VARIABLE } from "../../../infra/cli/recovery/ask-code.ts";
import { exportState, importState, stackSource } from "../../../infra/cli/recovery/source.ts";
import { newRecoveryKey, sealTo } from "../../../infra/recovery/key.ts";
import { RecoveryKey } from "../../../infra/recovery/opened-key.ts";
import type { NamedSet } from "../../../infra/recovery/set.ts";
import { openStore } from "../../../infra/recovery/store/open.ts";
import type { RecoveryStore } from "../../../infra/recovery/store/store.ts";
import { type BucketServer, newKmsKey, startBucketServer } from "../../support/moto.ts";
import { sampleSet } from "../recovery/samples.ts";

const SECRETS = { app: { secrets: { TOKEN: "it's $a secret\n", "with.dots": "two" } }, list: ["open", "three"] };
const SIGNATURE_KEY = "4dabf18193072939515e22adb298388d";
const urn = "urn:pulumi:prod::fleetwright::pulumi:pulumi:Stack::fleetwright-prod";

describe("a stack whose secrets a KMS key encrypts", () => {
  const folder = mkdtempSync(join(tmpdir(), "fleetwright-kms-"));
  const project = join(folder, "project");
  const store = join(folder, "store");
  const home = process.cwd();
  const before_ = { ...process.env };
  let server: BucketServer;
  let named: NamedSet;
  let opened: RecoveryStore;
  let stackText: string;

  before(async () => {
    mkdirSync(project);
    process.chdir(project);
    writeFileSync("Pulumi.yaml", stringify({ name: "fleetwright", runtime: "nodejs" }));
    server = await startBucketServer();
    Object.assign(process.env, server.env, { AWS_ENDPOINT_URL_KMS: server.endpoint });
    delete process.env.PULUMI_CONFIG_PASSPHRASE;
    delete process.env.PULUMI_CONFIG_PASSPHRASE_FILE;
    await putBy(`awskms://${await newKmsKey(server)}?region=eu-west-1`);
  });
  beforeEach(() => startAgain("empty"));
  after(async () => {
    process.chdir(home);
    for (const key of Object.keys(process.env)) if (!(key in before_)) delete process.env[key];
    Object.assign(process.env, before_);
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Nothing is left on the computer but a backend, which may hold a state. */
  function startAgain(backend: string): void {
    for (const path of ["Pulumi.prod.yaml", ".fleetwright"]) rmSync(join(project, path), { recursive: true, force: true });
    process.env.PULUMI_BACKEND_URL = `file://${join(folder, backend)}`;
    if (backend === "empty") rmSync(join(folder, backend), { recursive: true, force: true });
    delete process.env.PULUMI_CONFIG_PASSPHRASE_FILE;
  }

  /** As `fleet recovery init` and `push` do. */
  async function putBy(provider: string): Promise<void> {
    startAgain("kms");
    const place = placeOfStack("prod");
    const stack = await openRecovered(place, provider);
    await stack.setConfig("fleetwright:fleet.name", { value: "shop" }, true);
    await stack.setConfig("fleetwright:fleet.app.secrets.TOKEN", { value: SECRETS.app.secrets.TOKEN, secret: true }, true);
    await stack.setConfig('fleetwright:fleet.app.secrets["with.dots"]', { value: "two", secret: true }, true);
    await stack.setConfig("fleetwright:fleet.list[0]", { value: "open" }, true);
    await stack.setConfig("fleetwright:fleet.list[1]", { value: "three", secret: true }, true);
    await stack.setConfig("fleetwright:whole", { value: "four", secret: true });
    const state = JSON.parse(await exportState(stack, "plain"));
    const token = { [SIGNATURE_KEY]: "1b47061264138c4ac30d75fd1eb44270", plaintext: JSON.stringify("hush-hush") };
    state.deployment.resources = [{ urn, custom: false, type: "pulumi:pulumi:Stack", outputs: { token } }];
    await importState(stack, JSON.stringify(state));
    cpSync(join(folder, "kms"), join(folder, "kms-copy"), { recursive: true });
    stackText = readFileSync(place.stackFile, "utf8");

    const { key, code } = await newRecoveryKey();
    process.env[CODE_VARIABLE] = code;
    const name = { project: "fleetwright", stack: "prod" };
    const source = stackSource(stack, { name, configFile: place.stackFile, stackFile: place.stackFile, projectFile: "Pulumi.yaml" });
    const plainState = JSON.parse(await source.exportState("plain"));
    const sealed = { schema: 1, ...name, plainState, plainConfig: await source.plainConfig() };
    opened = await openStore(store);
    const secrets = await opened.putBytes(await sealTo(key.recipient, Buffer.from(JSON.stringify(sealed))));
    await opened.writeKey(name, Buffer.from(key.wrapped));
    const object = await opened.putBytes(Buffer.from(await source.exportState("encrypted")));
    const set = sampleSet({
      secretsProvider: provider.split("?")[0] ?? "",
      state: { object, at: "2026-01-01T00:00:00.000Z", resources: 1 },
      files: [{ kind: "secrets", name: "secrets.age", object: secrets }],
    });
    named = { id: await opened.putSet(set), set };
  }

  /** What `fleet recover` does with the stack. */
  async function bringBack(
    options: Partial<RecoverOptions> = {},
    machinesAreOthers = false,
  ): Promise<{ state: StateOutcome; lines: string[] }> {
    const place = placeOfStack("prod");
    const key = new RecoveryKey(opened, named.set);
    const prepared = { store: opened, chosen: { named, passedOver: [] }, key, place, stackText } as unknown as Prepared;
    const secrets = await openSecrets(prepared, { from: store, stack: "prod", ...options });
    noteBegun(place, named.id, false);
    writeStackFiles(place, secrets.stackText, secrets.passphrase);
    const stack = await openRecovered(place, secrets.provider);
    const stored = machinesAreOthers ? undefined : await secrets.state();
    const state = await restoreState(stack, place, { stored, provider: secrets.provider, othersLost: secrets.othersLost });
    const config = await stack.getAllConfig();
    assert.deepEqual(JSON.parse(config["fleetwright:fleet"]?.value ?? ""), { name: "shop", ...SECRETS });
    assert.equal(config["fleetwright:whole"]?.value, "four");
    if (!machinesAreOthers) assert.deepEqual((await stack.outputs()).token, { value: "hush-hush", secret: true });
    const text = await exportState(stack, "encrypted");
    assert.ok(!text.includes("hush-hush"));
    assert.equal(JSON.parse(text).deployment.secrets_providers.type, options.secretsProvider === undefined ? "cloud" : "passphrase");
    return { state, lines: secrets.lines };
  }

  const fileNow = (): string => readFileSync(join(project, "Pulumi.prod.yaml"), "utf8");

  test("comes back with the key at hand: its data key stays, with the key's region", async () => {
    assert.equal((await bringBack()).state, "imported");
    const now = parse(fileNow());
    assert.equal(now.encryptedkey, parse(stackText).encryptedkey);
    assert.match(now.secretsprovider, /\?region=eu-west-1$/);
  });

  test("can't be opened when the key doesn't answer, and it is told how it can without", async () => {
    await server.stop();
    await assert.rejects(bringBack(), /awskms:\S+ doesn't open its secrets[\s\S]*--secrets-provider passphrase/);
  });

  test("the key is lost: comes back under a new passphrase, with every secret; and again, with nothing encrypted anew", async () => {
    const { state, lines } = await bringBack({ secretsProvider: "passphrase" });
    assert.equal(state, "imported");
    assert.match(lines.join("\n"), /encrypted by passphrase from now on, no longer by awskms:[\s\S]*recovered\/prod\/passphrase/);
    const text = fileNow();
    assert.doesNotMatch(text, /awskms|encryptedkey|hush|secret\\n|three/);
    assert.equal((await bringBack({ secretsProvider: "passphrase" })).state, "kept");
    assert.equal(fileNow(), text);
  });

  test("the key is lost, and a state that it encrypted is there: replaced, and kept beside", async () => {
    startAgain("kms");
    assert.equal((await bringBack({ secretsProvider: "passphrase" })).state, "imported");
    const kept = readFileSync(join(project, ".fleetwright/recovered/prod/state-before.json"), "utf8");
    assert.match(kept, /awskms/);
    assert.doesNotMatch(kept, /hush-hush/);
  });

  test("the key is lost, and the machines are others: a state that nothing opens is in nobody's way", async () => {
    startAgain("kms-copy");
    assert.equal((await bringBack({ secretsProvider: "passphrase" }, true)).state, "started anew");
  });
});
