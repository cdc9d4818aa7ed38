import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { evidence } from "../../support/project.ts";
import { onTerminal } from "../../support/terminal.ts";

const cli = fileURLToPath(new URL("../../../infra/cli/", import.meta.url));

const PROGRAM = `
import { question } from "./question.ts";
try {
  console.log("answer: <" + (await question("Go on? ", "everything.")) + ">");
} catch (error) {
  console.log(error.message);
  process.exitCode = error.exitCode;
}`;

const asked = (keys: string) =>
  onTerminal(cli, [process.execPath, "--disable-warning=ExperimentalWarning", "--input-type=module", "-e", PROGRAM], {
    prompt: "Go on? ",
    keys,
  });

test("an answer comes back without the spaces around it", async () => {
  assert.match((await asked(" yes \r")).stdout, /answer: <yes>/);
});

for (const [name, keys] of Object.entries({ "Ctrl-C": "\x03", "Ctrl-D": "\x04" })) {
  test(`${name} at a question ends the command, says what is left, and shows no stack trace`, async () => {
    const run = await asked(keys);
    assert.equal(run.code, 130, evidence(run));
    assert.match(run.stdout, /\ninterrupted at the question\.\r?\nLeft as it is: everything\.\r?\nWhat to do: run the same command again/);
    assert.doesNotMatch(run.stdout, /\n\s+at /);
  });
}
