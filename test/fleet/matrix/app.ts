/** The releases of the matrix: one small app without packages, good or bad in one way each. */

/** How a release is bad. `hangs` serves well, but what it was asked at `/hang` never ends, so that it doesn't drain. */
export type Kind = "good" | "wontBoot" | "unhealthy" | "dies" | "crashLoops" | "hangs" | "migrationFails" | "migrates" | "migratesSlowly";

/** Of a release that dies: when, after its start. */
export const DIES_AFTER_MS = 2_000;
/** Of a step that takes its time. */
export const MIGRATION_MS = 8_000;

const server = (label: string, start: string, health: string): string => `
const { existsSync, readFileSync, writeFileSync } = require("node:fs");
const state = process.env.STATE_DIRECTORY + "/";
${start}
module.exports = (request, response) => {
  if (request.url === "/healthz") {
    ${health}
    return response.end("well");
  }
  if (request.url === "/hang") return;
  if (request.url === "/steps") return response.end(existsSync(state + "steps") ? readFileSync(state + "steps") : "");
  if (request.method === "POST") return request.pipe(response);
  response.end("release ${label}");
};
`;

/** Only between two requests, and a little later: what a dying worker has in hand, nobody can save. */
const die = (before: string): string => `setTimeout(() => { ${before} console.error("the database is gone"); process.exit(1); }, ${DIES_AFTER_MS});`;

const starts: Partial<Record<Kind, string>> = {
  wontBoot: 'throw new Error("no such module: left-pad");',
  // It doesn't come back either.
  dies: `if (existsSync(state + "gone")) throw new Error("the database is gone"); ${die('writeFileSync(state + "gone", "");')}`,
  crashLoops: die(""),
};

const migration = (end: string): string => `
const { appendFileSync } = require("node:fs");
appendFileSync(process.env.STATE_DIRECTORY + "/steps", process.env.FLEETWRIGHT_RELEASE + "\\n");
${end}
`;

const migrations: Partial<Record<Kind, string>> = {
  migrates: "",
  migrationFails: 'console.error("relation exists already"); process.exit(3);',
  migratesSlowly: `setTimeout(() => console.log("migrated"), ${MIGRATION_MS});`,
};

/** The files of a release, by path. The label is in its answers, and makes it another release than any other. */
export function filesOf(label: string, kind: Kind): Record<string, string> {
  const health = kind === "unhealthy" ? 'response.statusCode = 500; return response.end("cannot reach the database");' : "";
  const end = migrations[kind];
  return {
    "server.cjs": server(label, starts[kind] ?? "", health),
    ...(end === undefined ? {} : { "migrate.cjs": migration(end) }),
  };
}

/** The steps that a release of this kind asks for. */
export function stepsOf(kind: Kind): { name: string; command: string[] }[] {
  return migrations[kind] === undefined ? [] : [{ name: "migrate", command: ["node", "migrate.cjs"] }];
}
