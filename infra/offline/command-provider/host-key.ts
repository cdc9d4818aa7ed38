/** Compares a server's host key with the pinned one. Pure. */

/** How to ask for, and judge, a host key; without a pinned one any is taken. @throws Error when the pinned one can't be read. */
export function expectedHostKey(hostKey: string | undefined): {
  /** What the server may sign with; undefined for whatever both know. */
  algorithms: string[] | undefined;
  /** What is wrong with the key; undefined when it is the right one. */
  verifier: (presented: Buffer) => string | undefined;
} {
  if (hostKey === undefined) return { algorithms: undefined, verifier: () => undefined };
  const [type = "", encoded = ""] = hostKey.trim().split(/\s+/);
  const expected = Buffer.from(encoded, "base64");
  if (typeIn(expected) !== type) throw new Error("failed to parse host key: it should read like 'ssh-ed25519 AAAA…'");
  return {
    algorithms: type === "ssh-rsa" ? ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"] : [type],
    verifier: (presented) =>
      presented.equals(expected) ? undefined : `host key mismatch: it presented '${typeIn(presented)} ${presented.toString("base64")}'`,
  };
}

// A key starts with its type, length first: RFC 4253, section 6.6.
function typeIn(key: Buffer): string {
  return key.length < 4 ? "" : key.subarray(4, 4 + key.readUInt32BE(0)).toString("latin1");
}
