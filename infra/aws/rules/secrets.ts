/** Nothing secret lies in the open: not in state, and not in user data, which everyone on the machine can read. */
import { each, type GraphResource, isSecret, revealed, texts } from "./graph.ts";

const LOOKS_SECRET: [RegExp, string][] = [
  [/-----BEGIN ([A-Z]+ )*PRIVATE KEY-----/, "a private key"],
  [/\b(AKIA|ASIA)[A-Z0-9]{16}\b/, "an AWS access key"],
  [/\bpassword\s*[=:]\s*\S{6,}/i, "a password"],
];
const USER_DATA = new Set(["userData", "userDataBase64"]);

/** @param known values that must not be seen anywhere, if the caller knows some */
export function plainSecrets(known: readonly string[] = []) {
  return each("no-plain-secret", (resource) => [...inTheOpen(resource, known), ...inUserData(resource)]);
}

function inTheOpen({ inputs }: GraphResource, known: readonly string[]): string[] {
  return texts(inputs).flatMap(({ path, text }) => {
    const all = [text, ...(USER_DATA.has(path[0] ?? "") ? [Buffer.from(text, "base64").toString()] : [])];
    const shown = LOOKS_SECRET.find(([pattern]) => all.some((form) => pattern.test(form)))?.[1];
    const leaked = known.some((value) => value !== "" && all.some((form) => form.includes(value)));
    const what = leaked ? "a known secret" : shown;
    return what === undefined ? [] : [`has ${what} in plain at ${path.join(".")}; make it a secret, or fetch it on the machine`];
  });
}

/** AWS keeps user data in plain, whatever Pulumi's state does. */
function inUserData({ inputs }: GraphResource): string[] {
  const secret = [...USER_DATA].filter((key) => isSecret(inputs[key]) && revealed(inputs[key]) !== "");
  return secret.map((key) => `has a secret in ${key}; AWS shows it in plain: fetch it on the machine`);
}
