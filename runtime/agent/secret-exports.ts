/** For a unit that runs the app's code without a supervisor: from systemd's files to the step's environment. Pure. */
import type { Manifest } from "../manifest.ts";

/**
 * A piece of shell script, to stand before `exec`, that exports each secret that the app gets as a variable. It names files
 * and no value, so a unit may hold it; the unit needs `renderCredentials`, too. "" when there are none.
 */
export function exportSecrets({ app }: Manifest): string {
  const names = Object.entries(app.secrets ?? {}).flatMap(([name, { as }]) => (as === "environment" ? [name] : []));
  // The x keeps newlines at a value's end, which the shell would drop.
  return names
    .sort()
    .map((name) => `${name}="$(cat "$CREDENTIALS_DIRECTORY/${name}" && echo x)" || exit 1; export ${name}="\${${name}%x}"; `)
    .join("");
}
