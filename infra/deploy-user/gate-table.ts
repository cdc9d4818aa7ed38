/** Which of the agent's commands go through the gate, with which options, and what each may hold. */

/** What an option's value may be; the gate's script has a check for each. `flag`: none. */
export type ValueKind = "flag" | "name" | "id" | "sha256" | "number" | "text" | "time" | "archive" | "surge" | "state";

const manifest = { "--json": "flag" } as const;
const rollout = { "--rollout": "id" } as const;
const app = { "--app": "name", "--json": "flag" } as const;
const step = { ...manifest, ...rollout, "--step": "name", "--attempt": "id" } as const;

/** Whatever isn't here is refused. */
export const gateTable: Readonly<Record<string, Readonly<Record<`--${string}`, ValueKind>>>> = {
  stage: { ...manifest, ...rollout, "--archive": "archive", "--packages": "archive" },
  switch: {
    ...manifest,
    ...rollout,
    "--apply-id": "id",
    "--lease-ms": "number",
    "--surge": "surge",
    "--by": "text",
    "--rollback-from": "sha256",
  },
  confirm: { ...app, ...rollout, "--apply-id": "id", "--prepare": "flag" },
  revert: { ...app, ...rollout, "--apply-id": "id" },
  renew: { ...app, ...rollout, "--lease-ms": "number" },
  hold: { ...manifest, ...rollout, "--who": "text", "--lease-ms": "number", "--take-over": "flag" },
  release: { ...manifest, ...rollout },
  "keep-hardening": { ...manifest, ...rollout, "--trial": "id" },
  harden: { ...manifest, ...rollout, "--trial-ms": "number" },
  once: step,
  "note-once": { ...step, "--state": "state", "--on": "name" },
  status: app,
  releases: { ...app, "--manifests": "flag" },
  drift: app,
  logs: { ...app, "--follow": "flag", "--since": "time", "--lines": "number" },
  "acme-backup": app,
  decommission: app,
};

/** The agent's other commands, and why they are none of the deploy user's. */
export const notThroughTheGate: Readonly<Record<string, string>> = {
  run: "it would run any program as root",
  reload: "by hand on the machine only",
  scale: "by hand on the machine only",
  apply: "by hand on the machine only; a rollout stages, switches and confirms",
  converge: "a unit's, at boot",
  lease: "a unit's",
  unharden: "a timer's",
  member: "of machines in a group, which nobody logs in to",
  "secret-reads": "of machines in a group, too",
  "reboot-if-due": "a timer's",
};
