/** What is mounted, as the kernel tells it. */
import { readFileSync } from "node:fs";

export interface Mount {
  target: string;
  type: string;
  options: string[];
}

/** Reads the format of /proc/self/mounts, where blanks in paths are octal (`\040`). */
export function parseMounts(text: string): Mount[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [, target = "", type = "", options = ""] = line.split(" ");
      return { target: unescapeOctal(target), type, options: options.split(",") };
    });
}

function unescapeOctal(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

export function currentMounts(): Mount[] {
  return parseMounts(readFileSync("/proc/self/mounts", "utf8"));
}

/** Mount points at or below a folder, the innermost and latest first: the order to unmount them in. */
export function mountsBelow(folder: string, mounts: readonly Mount[] = currentMounts()): string[] {
  return mounts
    .map(({ target }) => target)
    .filter((target) => target === folder || target.startsWith(`${folder}/`))
    .reverse();
}
