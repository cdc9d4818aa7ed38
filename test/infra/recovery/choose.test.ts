import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import type { FleetError } from "../../../infra/errors.ts";
import { chooseSet } from "../../../infra/recovery/choose.ts";
import { openStore } from "../../../infra/recovery/store/open.ts";
import { sampleSet } from "./samples.ts";

const PROD = { project: "fleetwright", stack: "prod" };

describe("a set that isn't there is told with what to do about it", () => {
  const folder = mkdtempSync(join(tmpdir(), "fleetwright-choose-"));
  after(() => rmSync(folder, { recursive: true }));

  async function refusal(at: string, id?: string, stack = PROD): Promise<string> {
    const store = await openStore(at);
    const { message } = await chooseSet(store, stack, id).then(
      () => assert.fail("it was chosen"),
      (error: FleetError) => error,
    );
    return message;
  }

  test("a folder that isn't mounted isn't called empty", async () => {
    assert.match(await refusal(join(folder, "nowhere")), /What to do: there is no folder \S+nowhere here: mount it, or see --from$/);
    assert.match(await refusal(folder), /What to do: it holds no set at all: is it the right store\?/);
  });

  test("a wrong id of a set gets those that are there", async () => {
    const store = await openStore(join(folder, "store"));
    const id = await store.putSet(sampleSet());
    const at = join(folder, "store");
    assert.match(await refusal(at, "1999"), new RegExp(`\\| ${id}\\n[^]*What to do: name one of these, or none for the newest`));
    assert.match(await refusal(at, undefined, { ...PROD, stack: "other" }), /sets of: fleetwright\/prod\n[^]*What to do: name the stack/);
    assert.equal((await chooseSet(store, PROD, id.slice(0, 9))).named.id, id);
  });
});
