/** What is about to happen on a machine, for the preview. Pure. */
import { generationOf, type Manifest, partsOf } from "../../runtime/manifest.ts";
import type { AppStatus } from "../../runtime/report.ts";

/** A release's or bundle's id as people read it. */
export function short(id: string): string {
  return id.slice(0, 8);
}

/** What differs on the machine from what was confirmed there. */
export const driftOf = (app: AppStatus): readonly string[] => app.drift ?? [];

/** In people's words; a part without one is told by its key. */
const partNames: Record<string, string> = {
  environment: "environment",
  limits: "limits and workers",
  process: "the app's settings",
};

/**
 * One line, for a machine that is not as wanted: `new generation (release 1 -> 2, environment)`, `HTTPS: Caddy reloads; no process
 * of the app restarts`, and so on.
 */
export function describeChange(manifest: Manifest, app: AppStatus | undefined): string {
  if (app === undefined) return `first release ${short(manifest.app.release.id)}`;
  const effects = [
    ...(app.generation === generationOf(manifest) ? [] : [`new generation (${reasons(manifest, app).join(", ")})`]),
    ...backAgain(manifest, app),
    ...(differs(manifest, app, "https") ? ["HTTPS: Caddy reloads"] : []),
    ...(differs(manifest, app, "hardening") ? ["another baseline of the machine (hardening)"] : []),
    ...(differs(manifest, app, "cloudwatch") ? ["tells CloudWatch something else (alarms, logs)"] : []),
    ...(differs(manifest, app, "once") ? ["other steps before a switch"] : []),
    ...(app.unconfirmed === null ? [] : [`an unfinished switch to ${app.unconfirmed} is settled`]),
    ...(app.health.state === "down" ? [`the app is down (${app.health.detail}) and is started`] : []),
    ...driftOf(app).map((text) => `drift: ${text}`),
  ];
  const asIs = app.generation === generationOf(manifest) && app.unconfirmed === null && app.health.state !== "down";
  const quiet = asIs && driftOf(app).length === 0;
  if (effects.length === 0) effects.push("the machine's settings");
  return `${effects.join("; ")}${quiet ? "; no process of the app restarts" : ""}`;
}

/** After a rollback the configuration still names the release that was left: whoever runs `up` shall know. */
function backAgain(manifest: Manifest, { release, rolledBack }: AppStatus): string[] {
  if (rolledBack === undefined || release === manifest.app.release.id) return [];
  const { from, at, by } = rolledBack;
  const again = from === manifest.app.release.id ? ": this brings it back" : "";
  return [`rolled back from ${short(from)} at ${at} by ${by}${again}`];
}

function reasons(manifest: Manifest, app: AppStatus): string[] {
  const apart = ["https", "hardening", "cloudwatch", "once"];
  const parts = Object.keys({ ...app.parts, ...partsOf(manifest) }).filter((part) => !apart.includes(part) && differs(manifest, app, part));
  const changed = [
    ...(app.release === manifest.app.release.id ? [] : [`release ${short(app.release)} -> ${short(manifest.app.release.id)}`]),
    ...(app.runtime === manifest.runtime ? [] : [`runtime ${short(app.runtime)} -> ${short(manifest.runtime)}`]),
    ...(app.parts === undefined ? [] : parts.map((part) => partNames[part] ?? part)),
  ];
  return changed.length > 0 ? changed : ["the app's settings"];
}

/** Of a machine whose agent doesn't tell its parts, nothing is claimed. */
function differs(manifest: Manifest, { parts }: AppStatus, part: string): boolean {
  return parts !== undefined && parts[part] !== partsOf(manifest)[part];
}
