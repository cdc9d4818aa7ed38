/** What goes with the way in which machines on EC2 get what they run. Pure. */
import { type Finding, when } from "../finding.ts";

export interface DeliveryKeys {
  delivery: "ssh" | "ssm";
  ssh?: unknown;
  debian?: unknown;
  instances: readonly { debian?: unknown }[];
  kmsKey?: unknown;
}

const MISSING = 'missing; it says how you come to the machines ("from", "publicKey"); or give "delivery: ssm"';
const ALIAS = 'is an alias; with "delivery: ssm" machines decrypt by it, and leave for that asks for the ARN of the key itself';
const ASKED = 'is for "delivery: ssm"; by SSH each machine is asked what it has: remove it';

/** Paths begin at the machines. */
export function deliveryFindings({ delivery, ssh, debian, instances, kmsKey }: DeliveryKeys): Finding[] {
  const bySsh = delivery === "ssh";
  const alias = typeof kmsKey === "string" && kmsKey.startsWith("alias/");
  return [
    ...when(bySsh && ssh === undefined, "ssh", MISSING),
    ...when(!bySsh && ssh !== undefined, "ssh", 'has no use with "delivery: ssm": port 22 is closed; remove one of the two'),
    ...when(bySsh && debian !== undefined, "debian", ASKED),
    ...instances.flatMap((instance, index) => when(bySsh && instance.debian !== undefined, `instances.${index}.debian`, ASKED)),
    ...when(!bySsh && alias, "kmsKey", ALIAS),
  ];
}

/** What of the whole fleet asks for somebody who logs in. */
export interface DeliveredFleet {
  machines: Pick<DeliveryKeys, "delivery">;
  https: { mode: string; acme?: { eab?: unknown; accountKey?: unknown } | undefined };
  app: { once: readonly unknown[] };
  rollout: { skip: readonly string[]; maxUnreachable: number; pauseMs: number };
  hardening: { upgrades: boolean | "auto"; reboots: unknown };
}

/** Paths begin at the fleet. */
export function deliveredFleetFindings({ machines, https, app, rollout, hardening }: DeliveredFleet): Finding[] {
  if (machines.delivery === "ssh") return [];
  return [
    ...keyFindings(https),
    ...when(
      app.once.length > 0,
      "app.once",
      `needs a rollout that picks one machine, and ${SSM} all are told at once: run the step in your pipeline before this`,
    ),
    ...when(rollout.skip.length > 0, "rollout.skip", `leaves a machine out, ${ALL}`),
    ...when(rollout.maxUnreachable > 0, "rollout.maxUnreachable", `leaves machines out, ${ALL}`),
    ...when(rollout.pauseMs > 0, "rollout.pauseMs", `has no use ${SSM}: AWS goes on as soon as a machine is done`),
    ...when(hardening.reboots !== false, "hardening.reboots", UNHARDENED),
    ...when(hardening.upgrades === true, "hardening.upgrades", UNHARDENED),
  ];
}

const SSM = 'with "machines.delivery: ssm"';
const SSH = '"machines.delivery: ssh"';
const ALL = `and ${SSM} a release is on all machines or on none; remove it`;
const UNHARDENED = `is proved by a new login, and ${SSM} nobody logs in: have it in your image, or use ${SSH}`;

/** Private keys come to machines by SSH alone. */
function keyFindings({ mode, acme }: DeliveredFleet["https"]): Finding[] {
  const mend = `only SSH brings one to the machines: use ${SSH}`;
  const own = `is a private key, and ${mend}, or remove it: each machine makes its own account`;
  return [
    ...when(mode === "own", "https.mode", `"own" needs a private key, and ${mend}, or "acme", by which each machine orders its own`),
    ...when(acme?.eab !== undefined, "https.acme.eab", `has a key, and ${mend}, or an issuer that asks for none`),
    ...when(acme?.accountKey !== undefined, "https.acme.accountKey", own),
  ];
}
