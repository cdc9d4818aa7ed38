import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { lookAtSecrets, type SecretsSight } from "../../../infra/cli/recover-check-secrets.ts";
import type { Prepared } from "../../../infra/cli/recover-prepared.ts";
import { CODE_VARIABLE } from "../../../infra/cli/recovery/ask-code.ts";
import { newRecoveryCode } from "../../../infra/recovery/code.ts";
import { newRecoveryKey, sealTo } from "../../../infra/recovery/key.ts";
import { RecoveryKey } from "../../../infra/recovery/opened-key.ts";
import type { RecoverySet } from "../../../infra/recovery/set.ts";
import { openStore } from "../../../infra/recovery/store/open.ts";
import { sampleSet } from "../recovery/samples.ts";

const VARIABLES = [CODE_VARIABLE, "PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"] as const;
const SECRETS = { schema: 1, project: "fleetwright", stack: "prod", passphrase: "hush" };

describe("a look at what opens the secrets", () => {
  const before = Object.fromEntries(VARIABLES.map((name) => [name, process.env[name]]));
  let folder: string;
  let code: string;
  let set: RecoverySet;

  beforeEach(async () => {
    for (const name of VARIABLES) delete process.env[name];
    folder = mkdtempSync(join(tmpdir(), "fleetwright-look-"));
    const store = await openStore(join(folder, "store"));
    const made = await newRecoveryKey();
    code = made.code;
    const object = await store.putBytes(await sealTo(made.key.recipient, Buffer.from(JSON.stringify(SECRETS))));
    set = sampleSet({ files: [{ kind: "secrets", name: "secrets.age", object }] });
    await store.writeKey(set, Buffer.from(made.key.wrapped));
  });
  afterEach(() => {
    for (const [name, value] of Object.entries(before)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    rmSync(folder, { recursive: true });
  });

  async function look({ of = set, stack = "prod", provider }: { of?: RecoverySet; stack?: string; provider?: string } = {}) {
    const store = await openStore(join(folder, "store"));
    const key = new RecoveryKey(store, of);
    const place = { stack, passphraseFile: join(folder, "passphrase") };
    const prepared = { store, chosen: { named: { id: "x", set: of }, passedOver: [] }, key, place, stackText: "config: {}" };
    return lookAtSecrets(prepared as unknown as Prepared, { from: folder, stack, ...(provider && { secretsProvider: provider }) });
  }

  const is = ({ state, text }: SecretsSight, wanted: SecretsSight["state"], pattern: RegExp): void => {
    assert.equal(state, wanted, text);
    assert.match(text, pattern);
  };

  test("a code that is at hand is tried: it opens them, or the look fails", async () => {
    process.env[CODE_VARIABLE] = code;
    is(await look(), "opens", /the recovery code opens them/);
    process.env[CODE_VARIABLE] = newRecoveryCode();
    is(await look(), "shut", /This recovery code doesn't open the store's key\.$/);
    process.env[CODE_VARIABLE] = "1234";
    is(await look(), "shut", /That is no recovery code/);
  });

  test("with nothing at hand it says what a recovery will ask for, and asks nobody", async () => {
    is(await look(), "asks", /will ask for the recovery code; or set PULUMI_CONFIG_PASSPHRASE or FLEETWRIGHT_RECOVERY_CODE/);
    // The local stack doesn't look into the environment.
    is(await look({ stack: "local" }), "asks", /or set FLEETWRIGHT_RECOVERY_CODE$/);
    is(await look({ stack: "local", of: sampleSet() }), "shut", /passphrase, in \/.*\/passphrase$/);
    is(
      await look({ of: sampleSet() }),
      "shut",
      /nothing that a recovery code opens; what would is the passphrase, in PULUMI_CONFIG_PASSPHRASE$/,
    );
  });

  test("a passphrase that is at hand needs no code, but for another secrets provider", async () => {
    process.env.PULUMI_CONFIG_PASSPHRASE = "hush";
    is(await look(), "opens", /passphrase that is at hand/);
    is(await look({ provider: "passphrase" }), "asks", /will ask for the recovery code; or set FLEETWRIGHT_RECOVERY_CODE/);
    is(await look({ stack: "local" }), "asks", /will ask/);
    writeFileSync(join(folder, "passphrase"), "hush");
    is(await look({ stack: "local" }), "opens", /passphrase that is at hand/);
  });

  test("a KMS opens its own", async () => {
    is(await look({ of: { ...set, secretsProvider: "awskms://alias/x" } }), "opens", /awskms:\/\/alias\/x opens them/);
  });
});
