import assert from "node:assert/strict";
import { test } from "node:test";
import { shellQuote } from "../../../infra/shell.ts";
import { copyCommand, fetchCommand } from "../../../infra/recovery/store/by-hand.ts";

const ssh = "ssh://backup@host.example:2222/srv/it's%20a%20store?hostKey=ssh-ed25519:AAAA";
const bucket = "s3://fleet/a/b?region=eu-west-1&endpoint=https://minio:9000";

test("one file of a store, by the programs that every computer has", () => {
  assert.equal(
    fetchCommand(ssh, "objects/ab/abc", "state.json"),
    `ssh -p 2222 backup@host.example ${shellQuote(`cat ${shellQuote("/srv/it's a store/objects/ab/abc")}`)} > state.json`,
  );
  assert.equal(
    fetchCommand(bucket, "objects/ab/abc", "state.json"),
    "aws s3 cp s3://fleet/a/b/objects/ab/abc state.json --region eu-west-1 --endpoint-url https://minio:9000",
  );
  assert.equal(fetchCommand("file:///mnt/store", "objects/ab/abc", "state.json"), "cp /mnt/store/objects/ab/abc state.json");
});

test("all of a store; a folder is one already", () => {
  const byAddress = "ssh://[2001:db8::1]/srv/store?hostKey=ssh-ed25519:AAAA";
  assert.equal(copyCommand(byAddress, "S"), "scp -r -P 22 'root@[2001:db8::1]:/srv/store' S");
  assert.equal(copyCommand("s3://fleet?region=eu-west-1", "S"), "aws s3 sync s3://fleet/ S --region eu-west-1");
  assert.equal(copyCommand("/mnt/store", "S"), undefined);
});
