/** Renders the unit of a step that runs once for a release. Pure. */
import { generationOf, type Manifest, type OnceStep } from "../manifest.ts";
import { pathsUnder } from "./paths.ts";
import { renderGenerationUnit, unitMark } from "./units.ts";
import { exportSecrets } from "./secret-exports.ts";

/** What the generation's unit says of serving; all else (user, environment, credentials, limits, hardening) a step gets alike. */
const ABOUT_SERVING = [
  "Type",
  "NotifyAccess",
  "Sockets",
  "ExecStart",
  "ExecReload",
  "RuntimeDirectory",
  "RuntimeDirectoryMode",
  "TimeoutStartSec",
  "TimeoutStopSec",
  "WatchdogSec",
  "Restart",
  "RestartSec",
];

/** How long a step that is ended gets before it is killed. */
const STOP_MS = 30_000;

/**
 * @param marker A file that is made when the step succeeds, by systemd itself: nobody else has to live until then.
 */
export function renderOnceUnit(manifest: Manifest, step: OnceStep, marker: string): string {
  const { app, runtime } = manifest;
  const service = sectionOf(renderGenerationUnit(manifest), "Service").filter((line) => !ABOUT_SERVING.includes(line.split("=")[0] ?? ""));
  const release = `${pathsUnder().generation(app.name, generationOf(manifest))}/release`;
  return `${unitMark}
[Unit]
Description=${app.name}: ${step.name}, once for release ${app.release.id.slice(0, 12)}
After=network.target nss-lookup.target

[Service]
Type=oneshot
ExecStart=${[...wrapper(manifest, release, pathsUnder().runtime(runtime)), ...step.command].map(quoteWord).join(" ")}
ExecStartPost=+/usr/bin/touch ${quoteWord(marker)}
TimeoutStartSec=${step.timeoutMs}ms
TimeoutStopSec=${STOP_MS}ms
${service.join("\n")}
`;
}

/** Programs, modules and secrets are found as by a worker, and what the app's own environment says of that comes after. */
function wrapper(manifest: Manifest, release: string, runtime: string): string[] {
  const path = `${release}/app/node_modules/.bin:${runtime}/bin`;
  const modules = `${release}/app:${release}/python`;
  const found = `export PATH="${path}:$PATH" PYTHONPATH="${modules}\${PYTHONPATH:+:$PYTHONPATH}" PYTHONUNBUFFERED=1; `;
  return ["/bin/sh", "-c", `${found}${exportSecrets(manifest)}exec "$@"`, "sh"];
}

/** A word of an `ExecStart=` line, as it is (systemd.service(5), "Command lines"; systemd.unit(5), "Specifiers"). */
export function quoteWord(word: string): string {
  const text = word
    .replaceAll("\\", "\\\\")
    .replaceAll('"', '\\"')
    .replaceAll("\n", "\\n")
    .replaceAll("\t", "\\t")
    .replaceAll("$", "$$$$")
    .replaceAll("%", "%%");
  return `"${text}"`;
}

/** The lines of a unit's section, without comments. */
function sectionOf(unit: string, name: string): string[] {
  const lines = unit.split("\n");
  const from = lines.indexOf(`[${name}]`) + 1;
  const until = lines.findIndex((line, index) => index > from && line.startsWith("["));
  return lines.slice(from, until === -1 ? undefined : until).filter((line) => line !== "" && !line.startsWith("#"));
}
