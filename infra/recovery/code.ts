/** The recovery code: what is printed once, put away on paper, and opens the stack's recovery key. Pure but for the random bytes. */
import { createHash, randomBytes } from "node:crypto";
import { exitCodes, FleetError } from "../errors.ts";

/** Crockford's base 32 (https://www.crockford.com/base32.html): no I, L, O and U, which are taken for others when they are read. */
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** Beyond guessing, also for whoever has the store and all the time there is. */
const BYTES = 16;
const SECRET_LENGTH = Math.ceil((BYTES * 8) / 5);
/** 10 bits: of 1,000 mistyped codes, one passes here; it then doesn't open the key. */
const CHECK_LENGTH = 2;
const GROUP = 4;

/** A new code, such as `7ZK2-…`: 7 groups of 4. */
export function newRecoveryCode(random: Buffer = randomBytes(BYTES)): string {
  let rest = BigInt(`0x${random.toString("hex")}`);
  let secret = "";
  for (let index = 0; index < SECRET_LENGTH; index += 1) {
    secret = `${ALPHABET[Number(rest % 32n)]}${secret}`;
    rest /= 32n;
  }
  return grouped(`${secret}${checkOf(secret)}`);
}

/**
 * A code as it was printed, out of what somebody typed: case, blanks and dashes don't matter.
 * @throws FleetError when it can't be one
 */
export function readRecoveryCode(typed: string): string {
  const code = typed.toUpperCase().replaceAll(/[\s-]/g, "").replaceAll("O", "0").replaceAll(/[IL]/g, "1");
  const odd = [...code].find((letter) => !ALPHABET.includes(letter));
  if (odd !== undefined) throw wrong(`it has a "${odd}", which no code has`);
  const length = SECRET_LENGTH + CHECK_LENGTH;
  if (code.length !== length) throw wrong(`it has ${code.length} letters and digits instead of ${length}`);
  const secret = code.slice(0, SECRET_LENGTH);
  if (code.slice(SECRET_LENGTH) !== checkOf(secret)) throw wrong("a letter or digit of it is another one than was printed");
  return grouped(code);
}

function checkOf(secret: string): string {
  const [first = 0, second = 0] = createHash("sha256").update(secret).digest();
  return `${ALPHABET[first % 32]}${ALPHABET[second % 32]}`;
}

function grouped(code: string): string {
  return (code.match(new RegExp(`.{1,${GROUP}}`, "g")) ?? []).join("-");
}

function wrong(why: string): FleetError {
  return new FleetError(`That is no recovery code: ${why}.`, {
    kept: "everything; nothing was opened.",
    next: "type it as it was printed: 7 groups of 4, such as 7ZK2-M0QF-…",
    exitCode: exitCodes.usage,
  });
}
