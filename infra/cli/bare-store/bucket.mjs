// A store in a bucket of S3, or of anything that speaks its language, before there are any packages: signed GETs, nothing else.
import { createWriteStream } from "node:fs";
import http from "node:http";
import https from "node:https";
import { buffer, text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { awsCredentials } from "./credentials.mjs";
import { encoded, signedHeaders } from "./signature.mjs";

/** On an open connection. */
const SILENCE_TIMEOUT_MS = 60_000;

/**
 * @param {URL} url s3://bucket/prefix?region=…&endpoint=…
 * @param {NodeJS.ProcessEnv} environment
 * @returns {import("./open.mjs").BareStore}
 */
export function bucketStore(url, environment = process.env) {
  const { base, region } = bucketPlace(url, environment);
  const credentials = awsCredentials(environment);
  const folders = decodeURIComponent(url.pathname).replaceAll(/^\/+|\/+$/g, "");
  const prefix = folders === "" ? "" : `${folders}/`;
  const get = (path, query = "") => getSigned(new URL(`${base}${path}${query}`), region, credentials);
  const object = (name) => get(`/${`${prefix}${name}`.split("/").map(encoded).join("/")}`);
  return {
    sets: () => listed((query) => get("/", query), prefix),
    bytes: async (name) => buffer(await object(name)),
    fetch: async (name, target) => {
      await pipeline(await object(name), createWriteStream(target, { mode: 0o600 }));
      return target;
    },
  };
}

/**
 * Where a bucket answers: at Amazon under a host name of its own, unless that has dots, which no certificate covers; elsewhere
 * below a path. Pure.
 */
export function bucketPlace(url, environment) {
  const bucket = url.hostname;
  const region = url.searchParams.get("region") ?? (environment.AWS_REGION || environment.AWS_DEFAULT_REGION);
  if (!region) throw new Error("its URL names no region: s3://bucket/prefix?region=…");
  const endpoint = url.searchParams.get("endpoint") ?? (environment.AWS_ENDPOINT_URL_S3 || environment.AWS_ENDPOINT_URL);
  if (endpoint) return { region, base: `${endpoint.replace(/\/+$/, "")}/${bucket}` };
  const host = `s3.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}`;
  return { region, base: bucket.includes(".") ? `https://${host}/${bucket}` : `https://${bucket}.${host}` };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html, 1,000 names at a time. */
async function listed(get, prefix) {
  const names = [];
  let more;
  do {
    const query = { "encoding-type": "url", "list-type": "2", prefix: `${prefix}sets/` };
    const pairs = Object.entries(more === undefined ? query : { ...query, "continuation-token": more });
    const page = await text(await get(`?${pairs.map(([name, value]) => `${encoded(name)}=${encoded(value)}`).join("&")}`));
    const keys = [...page.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key]) => decodeURIComponent(key.replaceAll("+", " ")));
    names.push(...keys.map((key) => key.slice(prefix.length)));
    more = valueOf(page, "NextContinuationToken");
  } while (more !== undefined);
  return names;
}

/** @returns the response, whose body is still to be read */
async function getSigned(url, region, credentials) {
  const headers = signedHeaders({ url, region, credentials, atMs: Date.now() });
  const response = await answerOf(url, headers).catch((error) => {
    throw new Error(`${url.host} doesn't answer: ${error.message || error.code}`);
  });
  if (response.statusCode === 200) return response;
  const said = await text(response);
  const why = ["Code", "Message"].map((element) => valueOf(said, element) ?? "").join(" ");
  throw new Error(`${url.host} answered ${response.statusCode}: ${why}`.trimEnd());
}

/** Not by `fetch`: in Node 24 a server that closes the connection while a body waits to be written ends the whole process. */
function answerOf(url, headers) {
  const { get } = url.protocol === "http:" ? http : https;
  return new Promise((resolve, reject) => {
    const request = get(url, { headers }, resolve);
    request.setTimeout(SILENCE_TIMEOUT_MS, () => request.destroy(new Error(`silent for ${SILENCE_TIMEOUT_MS / 1000} s`)));
    request.on("error", reject);
  });
}

/** Of an element that is there once, in the XML of S3. */
function valueOf(xml, element) {
  const [, value] = new RegExp(`<${element}>([^<]*)</${element}>`).exec(xml) ?? [];
  return value?.replaceAll("&quot;", '"').replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}
