/** From what a machine's agent tells of its journal to a line for people. Pure. */
import { z } from "zod";
import { type LogLine, logLineSchema } from "../../runtime/report.ts";

/** Undefined for what isn't one. */
export function parseLogLine(text: string): LogLine | undefined {
  try {
    return z.safeParse(logLineSchema, JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** "shop@0123456789abcdef.service" as "shop@01234567", "fleetwright-caddy.service" as "caddy". */
export function shortUnit(unit: string): string {
  return unit
    .replace(/^fleetwright-/, "")
    .replace(/\.service$/, "")
    .replace(/@([0-9a-f]{8})[0-9a-f]+$/, "@$1");
}

/** `web-1  2026-01-01T00:00:00.000Z  shop@01234567  Hello`; further lines of one message are indented. */
export function logText(machine: string, width: number, { atUs, unit, message }: LogLine): string {
  const head = `${machine.padEnd(width)}  ${new Date(atUs / 1000).toISOString()}  ${shortUnit(unit)}  `;
  return `${head}${message.trimEnd().replaceAll("\n", `\n${" ".repeat(width + 2)}`)}\n`;
}

export interface LogQuestion {
  app: string;
  follow: boolean;
  since?: string | undefined;
  lines?: number | undefined;
}

/** The words of the agent's command for one machine. */
export function logWords({ app, follow, since, lines }: LogQuestion): string[] {
  return [
    ...["logs", "--app", app, "--json"],
    ...(follow ? ["--follow"] : []),
    ...(since === undefined ? [] : [`--since=${since}`]),
    ...(lines === undefined ? [] : [`--lines=${lines}`]),
  ];
}
