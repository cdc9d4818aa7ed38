/** The smallest app there is: one module, no packages. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** @param server source of its module */
export function writeNodeApp(folder: string, server: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "app", type: "module", main: "server.js" }));
  writeFileSync(join(folder, "server.js"), server);
}
