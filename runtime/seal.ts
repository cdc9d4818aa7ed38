/** Encrypts what a machine had from its issuer, so that it can be kept elsewhere. Only the account's key opens it. */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";

const PURPOSE = "fleetwright acme storage 1";
const SALT_BYTES = 16;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** AES-256-GCM under a key of its own each time (HKDF-SHA256 of the secret and a random salt). Base64. */
export function seal(text: string, secret: string): string {
  const salt = randomBytes(SALT_BYTES);
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", keyOf(secret, salt), nonce);
  const sealed = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
  return Buffer.concat([salt, nonce, cipher.getAuthTag(), sealed]).toString("base64");
}

/** The text; undefined when it was sealed with another secret, or changed since. */
export function unseal(sealed: string, secret: string): string | undefined {
  const bytes = Buffer.from(sealed, "base64");
  const [salt, nonce, tag, rest] = [0, SALT_BYTES, SALT_BYTES + NONCE_BYTES, SALT_BYTES + NONCE_BYTES + TAG_BYTES].map(
    (start, index, starts) => bytes.subarray(start, starts[index + 1]),
  ) as [Buffer, Buffer, Buffer, Buffer];
  if (tag.length < TAG_BYTES) return undefined;
  try {
    const decipher = createDecipheriv("aes-256-gcm", keyOf(secret, salt), nonce, { authTagLength: TAG_BYTES });
    decipher.setAuthTag(tag);
    return Buffer.concat([decipher.update(rest), decipher.final()]).toString("utf8");
  } catch {
    return undefined;
  }
}

/** White space around a PEM key says nothing. */
function keyOf(secret: string, salt: Buffer): Buffer {
  return Buffer.from(hkdfSync("sha256", secret.trim(), salt, PURPOSE, 32));
}
