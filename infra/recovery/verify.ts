/** Whether a fleet that was brought back is what the store said: asked of the machines, and from outside over HTTPS. */
import { get as getHttp } from "node:http";
import { get as getHttps } from "node:https";
import { rootCertificates } from "node:tls";
import type { FleetStatus, MachineStatus } from "../cli/table.ts";
import type { Pin } from "./pins.ts";

const ANSWER_TIMEOUT_MS = 20_000;

export interface Answer {
  machine: string;
  url: string;
  /** The status, or why there was none: a certificate that isn't trusted, say. */
  outcome: { status: number } | { error: string };
}

/**
 * Asks a machine as a client does: by its URL's name, trusting the fleet's own roots and the public ones, at the machine's address,
 * whatever DNS says by now.
 */
export function askFromOutside(
  { name, address, url }: Pick<MachineStatus, "name" | "address" | "url">,
  path: string,
  caPem: string,
): Promise<Answer> {
  if (url === null) return Promise.resolve({ machine: name, url: "-", outcome: { error: "it has no URL" } });
  const { protocol, hostname, port } = new URL(url);
  const common = { host: address, path, headers: { host: hostname }, timeout: ANSWER_TIMEOUT_MS, agent: false as const };
  const secure = { ca: [...rootCertificates, caPem].filter((pem) => pem !== ""), servername: isAddress(hostname) ? "" : hostname };
  return new Promise((resolve) => {
    const settle = (outcome: Answer["outcome"]): void => resolve({ machine: name, url, outcome });
    const request =
      protocol === "https:" ? getHttps({ ...common, port: port || 443, ...secure }) : getHttp({ ...common, port: port || 80 });
    request.on("response", (response) => {
      response.resume();
      settle({ status: response.statusCode ?? 0 });
    });
    request.on("timeout", () => request.destroy(new Error(`no answer in ${ANSWER_TIMEOUT_MS / 1000} s`)));
    request.on("error", (error) => settle({ error: error.message }));
  });
}

const isAddress = (host: string): boolean => /^[\d.]+$|:/.test(host);

export interface Verified {
  fleet: FleetStatus;
  pin: Pick<Pin, "release">;
  answers: readonly Answer[];
  /** With a health path, 200 to 399; without, anything below 500: as a rollout has it. */
  accept: "success" | "alive";
}

/** What isn't as it should be, a line each. Pure. */
export function verificationProblems({ fleet, pin, answers, accept }: Verified): string[] {
  return [
    ...(fleet.machines.length === 0 ? ["the fleet has no machines"] : []),
    ...fleet.machines.flatMap((machine) => machineProblems(machine, pin.release.id)),
    ...answers.flatMap((answer) => answerProblems(answer, accept)),
  ];
}

function machineProblems({ name, release, workers, health, certificates }: MachineStatus, wanted: string): string[] {
  const ours = release ?? "none";
  return [
    ...(release === wanted ? [] : [`${name}: runs release ${ours.slice(0, 12)}, not ${wanted.slice(0, 12)} as the ledger has it`]),
    ...(workers.ready >= 1 && workers.ready === workers.wanted ? [] : [`${name}: ${workers.ready} of ${workers.wanted} workers are ready`]),
    ...(health === "healthy" ? [] : [`${name}: ${health}`]),
    ...certificates.filter(({ state }) => state === "pending").map((certificate) => `${name}: no certificate for ${certificate.name} yet`),
  ];
}

function answerProblems({ machine, url, outcome }: Answer, accept: Verified["accept"]): string[] {
  if ("error" in outcome) return [`${machine}: GET ${url} from outside: ${outcome.error}`];
  const good = accept === "success" ? outcome.status >= 200 && outcome.status < 400 : outcome.status < 500;
  return good ? [] : [`${machine}: GET ${url} from outside answered ${outcome.status}`];
}
