/**
 * How Caddy's storage is laid out (certmagic 0.25, of the pinned Caddy): which of its files are the issuer's account and the
 * certificates. Pure.
 */

/** A name as one part of a path in the storage. */
export function safeKey(text: string): string {
  const replaced = text
    .toLowerCase()
    .trim()
    .replace(/ |\+|\*|:|\.\./g, (found) => ({ " ": "_", "+": "_plus_", "*": "wildcard_", ":": "-", "..": "" })[found] ?? "");
  return replaced.replace(/[^\w@.-]/g, "");
}

/** The issuer's part of a path, by its directory's URL. */
export function issuerKey(directory: string): string {
  const { host, pathname } = new URL(directory);
  const path = pathname.replace(/[/\\]/g, "-").replace(/^-+|-+$/g, "");
  return safeKey(path === "" ? host : `${host}-${path}`);
}

/** The files of the fleet's account, below the storage's folder. */
export function accountFiles({ directory, email }: { directory: string; email: string }): { registration: string; key: string } {
  const address = email.toLowerCase();
  const user = safeKey(address.slice(0, address.indexOf("@")));
  const folder = `acme/${issuerKey(directory)}/users/${safeKey(address)}`;
  return { registration: `${folder}/${user}.json`, key: `${folder}/${user}.key` };
}

/** The folder of the issuer's certificates, and of one name's, below the storage's folder. */
export const certificatesFolder = (directory: string): string => `certificates/${issuerKey(directory)}`;
export const certificateFolder = (directory: string, name: string): string => `${certificatesFolder(directory)}/${safeKey(name)}`;

/** What an account that isn't registered yet looks like: Caddy registers it, and the issuer finds one that it knows by its key. */
export function newRegistration(email: string): string {
  return `${JSON.stringify({ contact: [`mailto:${email}`] }, null, "\t")}\n`;
}
