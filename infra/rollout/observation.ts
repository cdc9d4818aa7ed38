/** What was seen on a machine. Pure: the probe's text in, facts out. */
import type { AppStatus } from "../../runtime/report.ts";
import type { Target } from "../machines/machine.ts";

export interface Facts {
  os: string;
  osVersion: string;
  /** As `uname -m` says it. */
  arch: string;
  target: Target;
  cores: number;
  /** Root, or allowed to become it without a password. */
  root: boolean;
}

export type Observation =
  | {
      state: "reachable";
      facts: Facts;
      /** Runtime bundles that are installed. */
      runtimes: string[];
      /** The one that `current` names. */
      currentRuntime?: string | undefined;
      apps: AppStatus[];
      /** The machine's key for the versions of secrets; undefined while it has none. A secret itself. */
      secretKey?: string | undefined;
    }
  | { state: "unreachable"; why: string; waitedMs: number };

/** What a machine says that answers. */
export type Reachable = Extract<Observation, { state: "reachable" }>;

const architectures: Record<string, Target["arch"]> = { x86_64: "x64", aarch64: "arm64" };

/** Whether there is a runtime bundle for the machine's processor. */
export function isSupported(facts: Facts): boolean {
  return facts.arch in architectures;
}

/** What the probe's output says. */
interface Probe {
  facts: Facts;
  runtimes: string[];
  currentRuntime: string | undefined;
  status: unknown;
  secretKey: string | undefined;
}

/** Reads the `key=value` lines that `probeScript` prints; undefined if they aren't all there. */
export function parseFacts(output: string): Probe | undefined {
  const values = new Map<string, string>();
  for (const line of output.split("\n")) {
    const match = /^fleetwright\.([a-z-]+)=(.*)$/.exec(line);
    if (match?.[1] !== undefined) values.set(match[1], match[2] ?? "");
  }
  if (values.get("end") !== "yes") return undefined;
  const facts: Facts = {
    os: values.get("os") ?? "",
    osVersion: values.get("os-version") ?? "",
    arch: values.get("arch") ?? "",
    target: { arch: architectures[values.get("arch") ?? ""] ?? "x64", python: values.get("python") || undefined },
    cores: Number(values.get("cores") ?? 1),
    root: values.get("root") === "yes",
  };
  const runtimes = (values.get("runtimes") ?? "").split(" ").filter((id) => /^[0-9a-f]{64}$/.test(id));
  const secretKey = /^[0-9a-f]{64}$/.exec(values.get("secret-key") ?? "")?.[0];
  const currentRuntime = runtimes.find((id) => id === values.get("current"));
  return { facts, runtimes, currentRuntime, status: parseJson(values.get("status")), secretKey };
}

function parseJson(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
