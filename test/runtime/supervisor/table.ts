/** Reads tables out of a page of the documentation, so that what it promises can be tried. */
import { readFileSync } from "node:fs";

/**
 * The rows of the first table whose heading begins with a word, without the heading; each cell as it is written.
 *
 * @throws Error when there is no such table
 */
export function tableOf(page: URL, firstHeading: string): readonly (readonly string[])[] {
  const lines = readFileSync(page, "utf8").split("\n");
  const start = lines.findIndex((line) => line.startsWith(`| ${firstHeading} |`));
  if (start === -1) throw new Error(`${page.pathname} has no table that begins with "${firstHeading}"`);
  const body = lines.slice(start + 2);
  const end = body.findIndex((line) => !line.startsWith("|"));
  return body.slice(0, end === -1 ? undefined : end).map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}
