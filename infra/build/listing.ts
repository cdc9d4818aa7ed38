import { readdirSync } from "node:fs";

/** What is in a folder, for an error's log; no more than fits on a line. */
export function listing(dir: string): string {
  const names = readdirSync(dir, { withFileTypes: true })
    .map((item) => (item.isDirectory() ? `${item.name}/` : item.name))
    .sort();
  const shown = names.slice(0, 12).join(", ");
  return names.length === 0 ? "nothing" : names.length > 12 ? `${shown} … (${names.length} in all)` : shown;
}
