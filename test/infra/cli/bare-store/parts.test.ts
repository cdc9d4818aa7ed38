import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { knownHosts, sshArguments } from "../../../../infra/rollout/transports/ssh-arguments.ts";

// Plain JavaScript, which has no types of its own.
const at = (name: string): string => `../../../../infra/cli/bare-store/${name}.mjs`;
const { bucketPlace, bucketStore } = (await import(at("bucket"))) as {
  bucketStore: (url: URL, environment: NodeJS.ProcessEnv) => { sets: () => Promise<string[]> };
  bucketPlace: (url: URL, environment: NodeJS.ProcessEnv) => { base: string; region: string };
};
const { awsCredentials } = (await import(at("credentials"))) as {
  awsCredentials: (environment: NodeJS.ProcessEnv) => Record<string, unknown>;
};
const { hostLine, sshWords } = (await import(at("ssh"))) as {
  hostLine: (login: object) => string;
  sshWords: (login: object, knownHosts: string) => string[];
};

const placeOf = (url: string, environment: NodeJS.ProcessEnv = {}): unknown => bucketPlace(new URL(url), environment);

test("where a bucket answers", () => {
  assert.deepEqual(placeOf("s3://fleet/x?region=eu-west-1"), { region: "eu-west-1", base: "https://fleet.s3.eu-west-1.amazonaws.com" });
  assert.deepEqual(placeOf("s3://a.b?region=eu-west-1"), { region: "eu-west-1", base: "https://s3.eu-west-1.amazonaws.com/a.b" });
  assert.deepEqual(placeOf("s3://fleet?region=cn-north-1"), { region: "cn-north-1", base: "https://fleet.s3.cn-north-1.amazonaws.com.cn" });
  assert.deepEqual(placeOf("s3://fleet?endpoint=https://minio:9000/", { AWS_REGION: "us-east-1" }), {
    region: "us-east-1",
    base: "https://minio:9000/fleet",
  });
  const elsewhere = { AWS_DEFAULT_REGION: "eu-west-1", AWS_ENDPOINT_URL_S3: "http://127.0.0.1:1" };
  assert.deepEqual(placeOf("s3://fleet", elsewhere), { region: "eu-west-1", base: "http://127.0.0.1:1/fleet" });
  assert.throws(() => placeOf("s3://fleet"), /names no region/);
});

test("a bucket with more names than one answer holds is listed to its end", async () => {
  const pages = [
    "<Contents><Key>a+b/sets/p/s/1.json</Key></Contents><NextContinuationToken>x&amp;y+z=</NextContinuationToken>",
    "<Contents><Key>a+b/sets/p/s/it%27s.json</Key></Contents>",
  ];
  const asked: (string | null)[] = [];
  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? "", "http://localhost");
    asked.push(searchParams.get("continuation-token"));
    response.end(`<ListBucketResult>${pages[asked.length - 1]}</ListBucketResult>`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const { port } = server.address() as AddressInfo;
    const url = new URL(`s3://fleet/a%20b?region=eu-west-1&endpoint=http://127.0.0.1:${port}`);
    const store = bucketStore(url, { AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" });
    assert.deepEqual(await store.sets(), ["sets/p/s/1.json", "sets/p/s/it's.json"]);
    assert.deepEqual(asked, [null, "x&y+z="]);
  } finally {
    server.close();
  }
});

test("credentials come from the environment, else from the AWS command line, else it is told what is needed", () => {
  const folder = mkdtempSync(join(tmpdir(), "fleetwright-credentials-"));
  try {
    const environment = { AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b", AWS_SESSION_TOKEN: "c" };
    assert.deepEqual(awsCredentials(environment), { accessKeyId: "a", secretAccessKey: "b", sessionToken: "c" });
    const said = { Version: 1, AccessKeyId: "d", SecretAccessKey: "e" };
    const asked = "configure export-credentials --format process";
    writeFileSync(join(folder, "aws"), `#!/bin/sh\n[ "$*" = "${asked}" ] && echo '${JSON.stringify(said)}'\n`);
    chmodSync(join(folder, "aws"), 0o755);
    assert.deepEqual(awsCredentials({ PATH: folder }), { accessKeyId: "d", secretAccessKey: "e", sessionToken: undefined });
    writeFileSync(join(folder, "aws"), "#!/bin/sh\necho 'the SSO session has expired' >&2; exit 255\n");
    assert.throws(() => awsCredentials({ PATH: folder }), /set AWS_ACCESS_KEY_ID .*the SSO session has expired/);
    assert.throws(() => awsCredentials({ PATH: "/nowhere" }), /set AWS_ACCESS_KEY_ID/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

for (const [type, port] of [
  ["ssh-ed25519", 22],
  ["ssh-rsa", 2222],
] as const) {
  test(`ssh is called as the program itself calls it: ${type}, port ${port}`, () => {
    const login = { host: "store.example.com", port, user: "backup", privateKeyFile: "/a b/100 %/key" };
    const transport = { kind: "ssh" as const, ...login, hostKey: `${type} AAAA` };
    const files = { knownHosts: "/tmp/known_hosts", control: undefined, keys: { machine: undefined, bastion: undefined } };
    const bare = { ...login, type, key: "AAAA" };
    assert.deepEqual(sshWords(bare, files.knownHosts), sshArguments(transport, files, 10_000));
    assert.equal(hostLine(bare), knownHosts(transport));
  });
}
