import assert from "node:assert/strict";
import { test } from "node:test";
import { expectedHostKey } from "../../../../infra/offline/command-provider/host-key.ts";
import { Output, previousOutput } from "../../../../infra/offline/command-provider/output.ts";

test("lines are logged as they become whole, also when a character is cut in two", () => {
  const lines: string[] = [];
  const output = new Output((line) => lines.push(line));
  const bytes = Buffer.from("grüße\nrest");
  output.take("stdout", bytes.subarray(0, 3));
  assert.deepEqual(lines, []);
  output.take("stdout", bytes.subarray(3));
  assert.deepEqual(lines, ["grüße"]);
  assert.deepEqual(output.finish(), { stdout: "grüße\nrest", stderr: "" });
  assert.deepEqual(lines, ["grüße", "rest"]);
});

test("logging chooses streams for the log, never for the outputs", () => {
  const lines: string[] = [];
  const output = new Output((line) => lines.push(line), "stderr");
  output.take("stdout", Buffer.from("out\n"));
  output.take("stderr", Buffer.from("err\n"));
  assert.deepEqual([output.finish(), lines], [{ stdout: "out", stderr: "err" }, ["err"]]);
});

test("an error has the ending, the command and both streams", () => {
  const output = new Output(() => {}, "none");
  output.take("stdout", Buffer.from("one\n"));
  output.take("stderr", Buffer.from("two\n"));
  assert.equal(output.failure("exit status 3", 'say "x"').message, 'exit status 3: running "say \\"x\\"":\none\ntwo\n');
});

test("empty and unwanted previous output is not passed on", () => {
  assert.deepEqual(previousOutput({ stdout: "a", stderr: "" }, undefined), { PULUMI_COMMAND_STDOUT: "a" });
  assert.deepEqual(previousOutput({ stdout: "a", stderr: "b" }, false), {});
});

test("a host key is compared whole; one that can't be read is refused before dialling", () => {
  const key = Buffer.concat([Buffer.from([0, 0, 0, 11]), Buffer.from("ssh-ed25519"), Buffer.alloc(36, 1)]);
  const { verifier, algorithms } = expectedHostKey(`ssh-ed25519 ${key.toString("base64")} comment`);
  assert.equal(verifier(key), undefined);
  assert.match(verifier(Buffer.concat([key, key])) ?? "", /host key mismatch/);
  assert.deepEqual(algorithms, ["ssh-ed25519"]);
  assert.throws(() => expectedHostKey("nonsense"), /failed to parse host key/);
});
