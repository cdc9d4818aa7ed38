import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { GetObjectCommand, ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";

interface Request {
  url: URL;
  region: string;
  credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
  atMs: number;
  headers?: Record<string, string>;
}

// Plain JavaScript, which has no types of its own.
const path: string = "../../../../infra/cli/bare-store/signature.mjs";
const { signedHeaders, encoded } = (await import(path)) as {
  signedHeaders: (request: Request) => Record<string, string>;
  encoded: (part: string) => string;
};

/** Of https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html, "Examples: Signature calculations". */
const credentials = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" };
const published = { region: "us-east-1", credentials, atMs: Date.parse("2013-05-24T00:00:00Z") };
const host = "https://examplebucket.s3.amazonaws.com";

for (const [what, about, signature] of [
  [
    "GET Object",
    { url: new URL(`${host}/test.txt`), headers: { range: "bytes=0-9" } },
    "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
  ],
  ["GET Bucket Lifecycle", { url: new URL(`${host}/?lifecycle`) }, "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"],
  [
    "Get Bucket (List Objects)",
    { url: new URL(`${host}/?max-keys=2&prefix=J`) },
    "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
  ],
] as const) {
  test(`AWS's published example: ${what}`, () => {
    const { authorization = "" } = signedHeaders({ ...published, ...about });
    assert.match(authorization, /^AWS4-HMAC-SHA256 Credential=\w+EXAMPLE\/20130524\/us-east-1\/s3\/aws4_request,SignedHeaders=host;/);
    assert.equal(authorization.split("Signature=")[1], signature);
  });
}

test("the same as AWS's own client signs, with a session token, a port, and a key that has to be encoded", async () => {
  const withToken = { ...credentials, sessionToken: "session/token+with==signs" };
  const theirs = await whatTheClientSends(withToken);
  for (const { url, headers } of theirs) {
    const { authorization = "", "x-amz-date": instant = "", host: _host, ...others } = headers;
    const own = ["x-amz-content-sha256", "x-amz-security-token"];
    const names = (/SignedHeaders=([^,]*)/.exec(authorization)?.[1] ?? "").split(";");
    const more = Object.entries(others).filter(([name]) => names.includes(name) && !own.includes(name));
    const atMs = Date.parse(instant.replace(/^(....)(..)(..T..)(..)/, "$1-$2-$3:$4:"));
    const ours = signedHeaders({ url, region: "eu-west-1", credentials: withToken, atMs, headers: Object.fromEntries(more) });
    assert.equal(ours.authorization?.replaceAll(" ", ""), authorization.replaceAll(" ", ""));
  }
  assert.equal(theirs[0]?.url.pathname, `/bucket/${KEY.split("/").map(encoded).join("/")}`);
});

const KEY = "a prefix/it's (100 %)*!/ä+b/objects";

/** The requests of `@aws-sdk/client-s3`, as they arrive. */
async function whatTheClientSends(as: Request["credentials"]): Promise<{ url: URL; headers: Record<string, string> }[]> {
  const seen: { url: URL; headers: Record<string, string> }[] = [];
  const server = createServer((request, response) => {
    const headers = request.headers as Record<string, string>;
    seen.push({ url: new URL(`http://${headers.host}${request.url}`), headers });
    response.end(request.url?.includes("list-type") ? "<ListBucketResult></ListBucketResult>" : "");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const client = new S3Client({ endpoint: `http://127.0.0.1:${port}`, forcePathStyle: true, region: "eu-west-1", credentials: as });
  try {
    await client.send(new GetObjectCommand({ Bucket: "bucket", Key: KEY }));
    await client.send(new ListObjectsV2Command({ Bucket: "bucket", Prefix: "a b/&+", ContinuationToken: "1ueG/XYEx+DsJ=" }));
  } finally {
    client.destroy();
    server.close();
  }
  return seen;
}
