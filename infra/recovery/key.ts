/**
 * The stack's recovery key: what is sealed with its public half (the recipient) on every push, only its private half (the identity)
 * opens, and that only the recovery code. All in the format of age (https://age-encryption.org/v1): the program `age` opens it, too.
 */
import { armor, Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from "age-encryption";
import { FleetError } from "../errors.ts";
import { newRecoveryCode } from "./code.ts";

/** As the stack's configuration keeps it: no part of it is secret without the code. */
export interface WrappedKey {
  /** `age1…` */
  recipient: string;
  /** The identity, and those of before it, a line each, encrypted with the recovery code; armored. */
  wrapped: string;
}

/**
 * 2^14: a tenth of a second. age's own default of 2^18 (4 s here) makes up for passphrases that people think of; a code of 128 random bits
 * needs no such help.
 */
const SCRYPT_LOG_N = 14;

/** A new key under a new code, which is nowhere else. */
export async function newRecoveryKey(): Promise<{ key: WrappedKey; code: string }> {
  return renewedKey("");
}

/**
 * A new key under a new code, which opens what was sealed to the keys of before, too. Whoever has an old code, and an old copy of what it
 * opens, can open nothing that is sealed from now on: a new code for the same key couldn't promise that.
 * @param before identities of before, as `unwrapKey` gives them
 */
export async function renewedKey(before: string): Promise<{ key: WrappedKey; code: string }> {
  const identity = await generateX25519Identity();
  const code = newRecoveryCode();
  const encrypter = new Encrypter();
  encrypter.setPassphrase(code);
  encrypter.setScryptWorkFactor(SCRYPT_LOG_N);
  const wrapped = armor.encode(await encrypter.encrypt([identity, ...linesOf(before)].join("\n")));
  return { key: { recipient: await identityToRecipient(identity), wrapped }, code };
}

const linesOf = (identities: string): string[] => identities.split("\n").filter((line) => line !== "");

/**
 * The identities, newest first, a line each.
 * @param code as `readRecoveryCode` gives it
 * @throws FleetError when it isn't this key's code
 */
export async function unwrapKey(wrapped: string, code: string): Promise<string> {
  const decrypter = new Decrypter();
  decrypter.addPassphrase(code);
  try {
    return await decrypter.decrypt(armor.decode(wrapped), "text");
  } catch {
    throw new FleetError("This recovery code doesn't open the store's key.", {
      kept: "everything; nothing was opened.",
      next: "it is a whole code, but of another stack, or of before `fleet recovery key --rewrap`. Look for the newest page.",
    });
  }
}

export async function sealTo(recipient: string, bytes: Uint8Array): Promise<Buffer> {
  const encrypter = new Encrypter();
  encrypter.addRecipient(recipient);
  return Buffer.from(await encrypter.encrypt(bytes));
}

/** @throws FleetError when it was sealed to another key, or changed since */
export async function openSealed(sealed: Uint8Array, identities: string): Promise<Buffer> {
  const decrypter = new Decrypter();
  for (const line of linesOf(identities)) decrypter.addIdentity(line);
  try {
    return Buffer.from(await decrypter.decrypt(sealed));
  } catch {
    throw new FleetError("A sealed file of the store isn't opened by the stack's recovery key.", {
      kept: "everything.",
      next: "it was sealed for a key of before: take a newer set, or the page with the older code.",
    });
  }
}
