/** A status for people. Pure. */
import type { AppStatus, Status } from "../report.ts";

export function renderStatus({ apps }: Status): string {
  return apps.length === 0 ? "This machine serves nothing for Fleetwright.\n" : apps.map(renderApp).join("\n");
}

function renderApp(app: AppStatus): string {
  const { wanted, ready, pids } = app.workers;
  const { state, detail } = app.health;
  const supervisor = `supervisor ${app.supervisorPid ?? "doesn't answer"}`;
  const lines = [
    `${app.app} (fleet ${app.fleet}, machine ${app.machine}): ${state}${detail === "" ? "" : `, ${detail}`}`,
    `  generation  ${app.generation || "none confirmed"}${app.unconfirmed === null ? "" : `; ${app.unconfirmed} is not confirmed yet`}`,
    `  release     ${app.release}`,
    `  workers     ${ready} of ${wanted} ready on ${app.cores} cores (${pids.join(", ")}); ${supervisor}`,
    `  urls        ${app.urls.join(" ")}`,
    ...rolledBackLines(app),
    ...(app.drift ?? []).map((text) => `  drift       ${text}`),
    ...(app.notes ?? []).map((text) => `  note        ${text}`),
  ];
  return `${lines.join("\n")}\n`;
}

function rolledBackLines({ rolledBack }: AppStatus): string[] {
  if (rolledBack === undefined) return [];
  return [`  rolled back from ${rolledBack.from} at ${rolledBack.at} by ${rolledBack.by}`];
}
