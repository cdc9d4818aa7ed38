// Signs a GET for S3 (AWS Signature Version 4): of our own, as this runs before any package is there. Pure.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
import { createHash, createHmac } from "node:crypto";

const ALGORITHM = "AWS4-HMAC-SHA256";

/**
 * The request's headers, beside `host`, which whoever sends it adds.
 * @param {object} request
 * @param {URL} request.url path and query as `encoded` writes them
 * @param {string} request.region
 * @param {{ accessKeyId: string, secretAccessKey: string, sessionToken?: string | undefined }} request.credentials
 * @param {number} request.atMs now, milliseconds since 1970
 * @param {Record<string, string>} [request.headers] more that are to be signed; names in lower case
 * @returns {Record<string, string>}
 */
export function signedHeaders({ url, region, credentials, atMs, headers = {} }) {
  const instant = `${new Date(atMs).toISOString().slice(0, 19).replaceAll(/[-:]/g, "")}Z`;
  const scope = [instant.slice(0, 8), region, "s3", "aws4_request"];
  const sent = {
    ...headers,
    "x-amz-content-sha256": hashOf(""),
    "x-amz-date": instant,
    ...(credentials.sessionToken ? { "x-amz-security-token": credentials.sessionToken } : {}),
  };
  const signed = Object.entries({ ...sent, host: url.host }).sort(([a], [b]) => (a < b ? -1 : 1));
  const names = signed.map(([name]) => name).join(";");
  const lines = signed.map(([name, value]) => `${name}:${value.trim()}\n`).join("");
  const request = ["GET", url.pathname, sorted(url.search), lines, names, hashOf("")].join("\n");
  const key = scope.reduce((secret, part) => hmac(secret, part), `AWS4${credentials.secretAccessKey}`);
  const signature = hmac(key, [ALGORITHM, instant, scope.join("/"), hashOf(request)].join("\n")).toString("hex");
  const who = `Credential=${credentials.accessKeyId}/${scope.join("/")}`;
  return { ...sent, authorization: `${ALGORITHM} ${who},SignedHeaders=${names},Signature=${signature}` };
}

/** A part of a path or query with everything percent-encoded that isn't unreserved: more than `encodeURIComponent` does. */
export function encoded(part) {
  return encodeURIComponent(part).replaceAll(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** By name, each with an equals sign. */
function sorted(search) {
  const pairs = search
    .slice(1)
    .split("&")
    .filter((pair) => pair !== "");
  return pairs
    .map((pair) => (pair.includes("=") ? pair : `${pair}=`))
    .sort()
    .join("&");
}

const hashOf = (value) => createHash("sha256").update(value).digest("hex");
const hmac = (key, value) => createHmac("sha256", key).update(value).digest();
