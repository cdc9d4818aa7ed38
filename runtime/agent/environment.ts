/** Renders a systemd EnvironmentFile. Pure. */

/**
 * Everything stays as it is between double quotes but these four, which a backslash keeps literal
 * (systemd.exec(5), EnvironmentFile=; systemd's env-file.c, SHELL_NEED_ESCAPE). Newlines may stand in quotes.
 */
const NEEDS_BACKSLASH = /["\\`$]/g;

/** @param environment Values without NUL characters, which `manifest-input.ts` refuses. */
export function renderEnvironmentFile(environment: Record<string, string>): string {
  return Object.entries(environment)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}="${value.replace(NEEDS_BACKSLASH, "\\$&")}"\n`)
    .join("");
}
