import assert from "node:assert/strict";
import { test } from "node:test";
import { parseStoreUrl } from "../../../infra/recovery/store/url.ts";

const problem = (url: string): string => {
  const address = parseStoreUrl(url);
  return address.kind === "wrong" ? address.problem : `none: ${JSON.stringify(address)}`;
};

test("stores by their URLs", () => {
  assert.deepEqual(parseStoreUrl("/mnt/store"), { kind: "folder", path: "/mnt/store" });
  assert.deepEqual(parseStoreUrl("file:///mnt/a%20store"), { kind: "folder", path: "/mnt/a store" });
  assert.deepEqual(parseStoreUrl("ssh://ann@backup.example:2222/srv/store?hostKey=ssh-ed25519:AA+A/a=&privateKeyFile=~/.ssh/id"), {
    kind: "ssh",
    host: "backup.example",
    port: 2222,
    user: "ann",
    hostKey: "ssh-ed25519 AA+A/a=",
    privateKeyFile: "~/.ssh/id",
    path: "/srv/store",
  });
  const short = parseStoreUrl("ssh://[2001:db8::1]/store?hostKey=ssh-ed25519%20AAAA");
  assert.ok(short.kind === "ssh" && short.host === "2001:db8::1" && short.port === 22 && short.user === "root");
  assert.deepEqual(parseStoreUrl("s3://bucket/fleets/?region=eu-west-1&endpoint=http://127.0.0.1:5000"), {
    kind: "s3",
    bucket: "bucket",
    prefix: "fleets/",
    region: "eu-west-1",
    endpoint: "http://127.0.0.1:5000",
  });
});

test("what is no store's URL is told with the mend", () => {
  assert.match(problem("store"), /a store is a folder \(\/mnt\/store\)/);
  assert.match(problem("ssh://host/store"), /must pin the host's key/);
  assert.match(problem("ssh://host/?hostKey=ssh-ed25519:AAAA"), /must name a host and a folder there/);
  assert.match(problem("ssh://a:b@host/store?hostKey=ssh-ed25519:AAAA"), /a password has no place in it/);
  assert.match(problem("ssh://host/store?hostkey=x"), /"hostkey" is unknown; allowed after the path: hostKey, privateKeyFile/);
  assert.match(problem("s3://key:secret@bucket"), /credentials have no place in it/);
  assert.match(problem("s3://bucket?profile=x"), /"profile" is unknown/);
});
