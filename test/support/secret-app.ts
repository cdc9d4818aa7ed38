/** An app that uses its secrets, one that says them, and values that are hard to keep. */
import { createHash, randomBytes } from "node:crypto";

const hex = (): string => randomBytes(9).toString("hex");
const base64 = randomBytes(1_500).toString("base64").replace(/.{64}/g, "$&\n");

export const password = (): string => `p"a$HOME's\\w\`o ${hex()}\n$(second) line %n of \\n it ${hex()}"\n`;
export const pem = `# its key\n-----BEGIN PRIVATE KEY-----\n${base64}\n-----END PRIVATE KEY-----\n`;

export const APP = `
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
const sha = (text) => createHash("sha256").update(text).digest("hex");
export default (request, response) => {
  const key = readFileSync(process.env.CREDENTIALS_DIRECTORY + "/TLS_KEY", "utf8");
  if (request.method === "POST") return void request.pipe(response);
  response.end(JSON.stringify({ variable: sha(process.env.DB_PASSWORD), file: sha(key), both: "TLS_KEY" in process.env }));
};
`;
/** Says its secrets in every way, then dies. */
export const BROKEN = `
import { readFileSync } from "node:fs";
const secret = process.env.DB_PASSWORD;
console.log({ secret }, JSON.stringify(process.env), Buffer.from("user:" + secret).toString("base64"));
console.error(readFileSync(process.env.CREDENTIALS_DIRECTORY + "/TLS_KEY", "utf8"));
throw new Error("cannot connect with " + secret);
`;

export const sha = (text: string): string => createHash("sha256").update(text).digest("hex");
