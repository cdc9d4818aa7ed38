/** What a machine has from its issuer, and what another machine in its place gets of it. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { newAccountKey } from "../../../infra/rollout/acme-account.ts";
import { accountFiles } from "../../../runtime/agent/acme-layout.ts";
import { backUp, restoreStorage, storageHash } from "../../../runtime/agent/acme-storage.ts";
import { pathsUnder } from "../../../runtime/agent/paths.ts";
import { pruneTlsFiles } from "../../../runtime/agent/tls-files.ts";
import type { Https } from "../../../runtime/https.ts";

const folder = mkdtempSync(join(tmpdir(), "fleetwright-storage-"));
after(() => rmSync(folder, { recursive: true }));
const me = async () => [process.getuid?.() ?? 0, process.getgid?.() ?? 0] as const;

const acme = { directory: "https://ca.example.org/dir", email: "ops@example.org" };
const https: Https = { mode: "acme", names: ["a.example.org", "b.example.org"], acme, httpPort: 80, httpsPort: 443 };
const account = accountFiles(acme);
const accountKey = newAccountKey();
const certificate = (name: string, kind: string): string => `certificates/ca.example.org-dir/${name}/${name}.${kind}`;

let made = 0;
function machine(files: Record<string, string> = {}) {
  const paths = pathsUnder(join(folder, String(++made)));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(paths.caddyState, path)), { recursive: true });
    writeFileSync(join(paths.caddyState, path), text);
  }
  return { paths, read: (path: string) => readFileSync(join(paths.caddyState, path), "utf8") };
}

const filesOf = (name: string, mark: string) =>
  Object.fromEntries(["crt", "key", "json"].map((kind) => [certificate(name, kind), `${mark} ${kind}`]));
const full = () =>
  machine({
    [account.key]: accountKey,
    [account.registration]: "registered",
    ...filesOf("a.example.org", "A"),
    ...filesOf("b.example.org", "B"),
  });

test("an empty machine gets the account's key, to register with", async () => {
  const empty = machine();
  assert.deepEqual(await restoreStorage(empty, https, { accountKey }, me), []);
  assert.equal(empty.read(account.key), accountKey);
  assert.deepEqual(JSON.parse(empty.read(account.registration)), { contact: ["mailto:ops@example.org"] });
  assert.equal(statSync(join(empty.paths.caddyState, account.key)).mode & 0o777, 0o600);
});

test("a machine in the place of another gets all that it had, whole", async () => {
  const { sealed, hash } = await backUp(full(), https);
  const empty = machine();
  assert.deepEqual(await restoreStorage(empty, https, { accountKey, storage: sealed ?? "" }, me), https.names);
  assert.deepEqual([empty.read(certificate("a.example.org", "key")), empty.read(account.registration)], ["A key", "registered"]);
  assert.equal(await storageHash(empty, https), hash);
  assert.deepEqual(readdirSync(join(empty.paths.caddyState, "certificates/ca.example.org-dir/a.example.org")).length, 3);
});

test("what is there stays: a newer certificate, and another account", async () => {
  const { sealed } = await backUp(full(), https);
  const own = machine({ [account.key]: "mine", ...filesOf("a.example.org", "newer") });
  assert.deepEqual(await restoreStorage(own, https, { accountKey, storage: sealed ?? "" }, me), ["b.example.org"]);
  assert.deepEqual([own.read(account.key), own.read(certificate("a.example.org", "crt"))], ["mine", "newer crt"]);
});

test("names that the machine has no more, half certificates and another account's backup are left out", async () => {
  const { sealed } = await backUp(full(), https);
  const one = machine();
  assert.deepEqual(await restoreStorage(one, { ...https, names: ["a.example.org"] }, { accountKey, storage: sealed ?? "" }, me), [
    "a.example.org",
  ]);
  assert.throws(() => one.read(certificate("b.example.org", "crt")));
  assert.deepEqual(await restoreStorage(machine(), https, { accountKey: newAccountKey(), storage: sealed ?? "" }, me), []);
  const half = machine({ [account.key]: accountKey, [certificate("a.example.org", "crt")]: "A" });
  assert.deepEqual(await backUp(half, https), { hash: null, sealed: null });
});

test("another certificate is another hash; nothing of a key is in it or in the sealed text", async () => {
  const before = full();
  const first = await storageHash(before, https);
  writeFileSync(join(before.paths.caddyState, certificate("a.example.org", "crt")), "renewed");
  assert.notEqual(await storageHash(before, https), first);
  assert.equal(await storageHash(before, { ...https, mode: "internal", acme: undefined }), undefined);
});

test("a given key goes once no confirmed or pending manifest has its version", async () => {
  const { paths } = machine();
  const own = (version: string): Https => ({ mode: "own", names: ["a.example.org"], own: { version }, httpPort: 80, httpsPort: 443 });
  const versions = ["1", "2", "3"].map((digit) => digit.repeat(32));
  mkdirSync(paths.tls.folder, { recursive: true });
  for (const version of versions) writeFileSync(paths.tls.own(version), "key");
  await pruneTlsFiles({ paths }, [own(versions[0] ?? ""), own(versions[2] ?? "")]);
  assert.deepEqual(readdirSync(paths.tls.folder), [`own.${versions[0]}.pem`, `own.${versions[2]}.pem`]);
});
