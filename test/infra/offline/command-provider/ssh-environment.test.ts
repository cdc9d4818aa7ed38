import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import type { Client } from "ssh2";
import { requestEnvironment } from "../../../../infra/offline/command-provider/ssh-environment.ts";

/** A client that records what is sent, and whose server answers when the test says so. */
function fakeClient() {
  const sent: string[] = [];
  const waiting: ((failed: boolean) => void)[] = [];
  const client = {
    _chanMgr: { get: () => ({ _callbacks: waiting }) },
    _protocol: {
      env: (_channel: number, name: string, _value: string, wantReply: boolean) => sent.push(`env ${name} ${wantReply}`),
      exec: (_channel: number, command: string) => sent.push(`exec ${command}`),
    },
  };
  const answer = (failed: boolean) => waiting.shift()?.(failed);
  return { client: client as unknown as Client, protocol: client._protocol, sent, answer };
}

function request(goOn: boolean) {
  const fake = fakeClient();
  const refused: string[] = [];
  requestEnvironment(fake.client, (name) => {
    refused.push(name);
    return goOn;
  });
  for (const name of ["A", "B"]) fake.protocol.env(0, name, "value", false);
  (fake.protocol.exec as (channel: number, command: string, wantReply: boolean) => void)(0, "run", true);
  return { ...fake, refused };
}

test("the command is sent only after every variable was answered for", async () => {
  const { sent, answer } = request(false);
  answer(false);
  await turn();
  assert.deepEqual(sent, ["env A true", "env B true"]);
  answer(false);
  await turn();
  assert.deepEqual(sent.at(-1), "exec run");
});

test("after a refused variable the command is never sent", async () => {
  const { sent, answer, refused } = request(false);
  answer(false);
  answer(true);
  await turn();
  assert.deepEqual([sent, refused], [["env A true", "env B true"], ["B"]]);
});

test("a refused variable that may be missing does not stop the command", async () => {
  const { sent, answer } = request(true);
  answer(true);
  answer(false);
  await turn();
  assert.deepEqual(sent.at(-1), "exec run");
});
