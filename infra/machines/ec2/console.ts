/** What a machine's console says of its SSH host keys. Pure. */

const BEGIN = "-----BEGIN SSH HOST KEY KEYS-----";
const END = "-----END SSH HOST KEY KEYS-----";

/** In the order of preference; OpenSSH's own (ssh_config(5), HostKeyAlgorithms) begins with it, too. */
const TYPES = ["ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"];

/**
 * The host key that cloud-init printed (`cc_keys_to_console`), of the first boot that the text has: what is written later may be
 * somebody's who has become root. Undefined while there is no whole list of keys.
 */
export function hostKeyOf(console: string): string | undefined {
  const lines = console.split(/\r?\n/);
  const begin = lines.findIndex((line) => line.endsWith(BEGIN));
  const length = lines.slice(begin + 1).findIndex((line) => line.endsWith(END));
  if (begin === -1 || length === -1) return undefined;
  const keys = lines.slice(begin + 1, begin + 1 + length).flatMap(keyIn);
  return TYPES.map((type) => keys.find((key) => key.startsWith(`${type} `))).find((key) => key !== undefined);
}

/** Kernel messages come in between, and may cut a key: one whose own bytes don't name its type is passed over. */
function keyIn(line: string): string[] {
  const [, type = "", base64 = ""] = /(ssh-ed25519|ecdsa-sha2-nistp256|ssh-rsa) ([A-Za-z0-9+/]+={0,2})(?= |$)/.exec(line) ?? [];
  const bytes = Buffer.from(base64, "base64");
  return isWhole(bytes, type) ? [`${type} ${base64}`] : [];
}

/** A key is a row of fields, each after its length in four bytes (RFC 4253, section 6.6); the first is its type. */
function isWhole(bytes: Buffer, type: string): boolean {
  const fields: Buffer[] = [];
  let at = 0;
  while (at + 4 <= bytes.length) {
    const end = at + 4 + bytes.readUInt32BE(at);
    fields.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return type !== "" && at === bytes.length && fields.length >= 2 && fields[0]?.toString("latin1") === type;
}
