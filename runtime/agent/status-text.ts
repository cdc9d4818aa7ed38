/** A status for people. Pure. */
import type { AppStatus, Status } from "../report.ts";

export function renderStatus({ apps }: Status): string {
  return apps.length === 0 ? "This machine serves nothing for Fleetwright.\n" : apps.map(renderApp).join("\n");
}

function renderApp(app: AppStatus): string {
  const { wanted, ready, pids } = app.workers;
  const lines = [
    `${app.app} (fleet ${app.fleet}, machine ${app.machine}): ${app.health.state}${app.health.detail === "" ? "" : `, ${app.health.detail}`}`,
    `  generation  ${app.generation || "none confirmed"}${app.unconfirmed === null ? "" : `; ${app.unconfirmed} is not confirmed yet`}`,
    `  release     ${app.release}`,
    `  workers     ${ready} of ${wanted} ready on ${app.cores} cores (${pids.join(", ")}); supervisor ${app.supervisorPid ?? "doesn't answer"}`,
    `  urls        ${app.urls.join(" ")}`,
    ...(app.rolledBack === undefined ? [] : [`  rolled back from ${app.rolledBack.from} at ${app.rolledBack.at} by ${app.rolledBack.by}`]),
    ...(app.drift ?? []).map((text) => `  drift       ${text}`),
    ...(app.notes ?? []).map((text) => `  note        ${text}`),
  ];
  return `${lines.join("\n")}\n`;
}
