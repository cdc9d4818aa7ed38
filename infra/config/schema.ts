/** The one schema for a fleet, whether it comes from a stack's configuration or from a program. */
import { z } from "zod";
import { commandSchema, healthSchema, nameSchema, onceSchema, recycleSchema, workersSchema } from "../../runtime/manifest.ts";
import { appFindings, NOTHING_TO_SERVE, workersFindings } from "./app-rules.ts";
import { autoscalingSchema } from "./aws/autoscaling.ts";
import { groupFleetFindings } from "./aws/autoscaling-rules.ts";
import type { Finding } from "./finding.ts";
import { hardeningConfigSchema } from "./hardening.ts";
import { awsFindings } from "./aws/fleet-rules.ts";
import { deliveredFleetFindings } from "./aws/delivery-rules.ts";
import { ec2Schema } from "./aws/ec2.ts";
import { regionOfNetwork } from "./aws/network-rules.ts";
import { domain, httpsConfigSchema } from "./https.ts";
import { httpsFindings } from "./https-rules.ts";
import { leaf } from "./leaf.ts";
import { DEFAULT_BATCH } from "../rollout/batches.ts";
import { coresSchema, cpuQuotaSchema, suiteSchema } from "../machines/local/spec.ts";
import { bastionSchema, loginShape } from "./login.ts";
import { batchSchema, milliseconds } from "./numbers.ts";
import { keptFindings } from "./secret-references.ts";
import { secretFindings, secretsSchema } from "./secrets.ts";
import { slotFindings } from "./slot-rules.ts";
import { rebootFindings } from "./upkeep.ts";

const hostSchema = z.strictObject({
  name: nameSchema,
  ...loginShape,
  domains: z.array(domain).default([]),
  bastion: bastionSchema.optional(),
});

const machinesSchema = z.discriminatedUnion("provider", [
  z.strictObject({
    provider: z.literal("local"),
    count: z.int().min(1).max(32).default(2),
    image: suiteSchema.default("trixie"),
    cores: z.array(coresSchema).min(1).default([1, "all"]),
    cpuQuota: cpuQuotaSchema.optional(),
  }),
  z.strictObject({
    provider: z.literal("hosts"),
    hosts: z
      .array(hostSchema)
      .min(1)
      .superRefine((hosts, context) => {
        hosts.forEach((host, index) => {
          const twin = hosts.findIndex(
            (other) => typeof host.address === "string" && other.address === host.address && other.port === host.port,
          );
          if (twin !== -1 && twin < index) {
            context.addIssue({
              code: "custom",
              path: [index, "address"],
              message: `this is the address and port of machine ${twin} already; a machine is in a fleet once`,
            });
          }
          const first = hosts.findIndex((other) => other.name === host.name);
          if (first === index) return;
          context.addIssue({
            code: "custom",
            path: [index, "name"],
            message: `"${host.name}" is the name of machine ${first} already; give each machine a name of its own`,
          });
        });
      }),
  }),
  ec2Schema,
  autoscalingSchema,
]);

/** Finds what is wrong between keys, each with its path and the mend. */
function between<T>(findings: (value: T) => Finding[]) {
  return (value: T, context: z.core.$RefinementCtx): void => {
    for (const finding of findings(value)) context.addIssue({ code: "custom", input: value, ...finding });
  };
}

const [asgi, node, wsgi, command] = commandSchema.def.options;

/** A machine also runs commands that don't listen; a fleet has no use for one. */
const listen = z.pipe(
  command.shape.listen,
  z.transform((value, context) => {
    if (value !== "none") return value;
    context.addIssue({ code: "custom", message: NOTHING_TO_SERVE });
    return z.NEVER;
  }),
);

const workers = z
  .union([
    workersSchema.shape.count,
    z
      .strictObject({
        count: z._default(workersSchema.shape.count, "auto"),
        perCore: z._default(workersSchema.shape.perCore, 1),
        min: workersSchema.shape.min,
        max: workersSchema.shape.max,
        memoryMiB: workersSchema.shape.memoryMiB,
      })
      .superRefine(between(workersFindings)),
  ])
  .default("auto")
  .transform((given) => (typeof given === "object" ? given : { count: given, perCore: 1 }));

const appSchema = z
  .strictObject({
    dir: z.string().min(1),
    name: z.optional(nameSchema),
    asgi: z.optional(asgi.shape.app),
    node: z.optional(node.shape.module),
    wsgi: z.optional(wsgi.shape.app),
    command: z.optional(command.shape.argv),
    listen: listen.optional(),
    probe: command.shape.probe,
    readyAfterMs: milliseconds.optional(),
    slots: command.shape.slots,
    portBase: command.shape.portBase,
    environment: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), leaf(z.string())).default({}),
    secrets: secretsSchema,
    health: z.strictObject({ path: z.optional(healthSchema.shape.path), timeoutMs: milliseconds.default(30_000) }).prefault({}),
    bootTimeoutMs: milliseconds.default(60_000),
    livenessTimeoutMs: milliseconds.default(30_000),
    drainTimeoutMs: milliseconds.default(30_000),
    memoryMaxMiB: z.int().min(64).optional(),
    once: z.array(onceSchema).max(16).default([]),
    recycle: z.optional(recycleSchema),
    accessLog: z.boolean().optional(),
  })
  .superRefine(between((app) => [...appFindings(app), ...secretFindings(app)]));

const fleetKeys = z.strictObject({
  app: appSchema,
  machines: machinesSchema,
  workers,
  https: httpsConfigSchema,
  hardening: hardeningConfigSchema,
  rollout: z
    .strictObject({
      batch: batchSchema.default(DEFAULT_BATCH),
      pauseMs: z.int().min(0).max(3_600_000).default(0),
      connectTimeoutMs: milliseconds.default(10_000),
      leaseMs: milliseconds.default(30_000),
      surge: z.enum(["auto", "one"]).default("auto"),
      maxUnreachable: z.int().min(0).default(0),
      skip: z.array(nameSchema).default([]),
    })
    .prefault({}),
});

/** Machines that fetch what they run, by a role of their own at AWS. */
export function fetches(machines: z.output<typeof machinesSchema>): machines is Extract<typeof machines, { network: unknown }> {
  return machines.provider === "autoscaling" || (machines.provider === "ec2" && machines.delivery === "ssm");
}

/** Undefined where it isn't fixed. */
function machineCount(machines: z.output<typeof machinesSchema>): number | undefined {
  if ("hosts" in machines) return machines.hosts.length;
  if ("instances" in machines) return machines.instances.length;
  return "count" in machines ? machines.count : undefined;
}

const wholeFleet = between(({ app, machines, workers: wanted, https, rollout, hardening }: z.output<typeof fleetKeys>) => [
  ...slotFindings(app, wanted, https),
  ...keptFindings(app.secrets, machines.provider, fetches(machines) ? regionOfNetwork(machines.network) : undefined),
  ...(machines.provider === "autoscaling"
    ? groupFleetFindings({ app, machines, https, rollout })
    : [...httpsFindings(https, machines), ...awsFindings(machines, https, app)]),
  ...(machines.provider === "ec2" ? deliveredFleetFindings({ machines, https, app, rollout, hardening }) : []),
  ...rebootFindings(hardening.reboots, machineCount(machines)),
]);

export const fleetSchema = fleetKeys.superRefine(wholeFleet);

/** A stack's configuration value: the fleet and its name. */
export const stackConfigSchema = z.strictObject({ name: z._default(nameSchema, "web"), ...fleetKeys.shape }).superRefine(wholeFleet);

/** A fleet's arguments after parsing: defaults filled in, every value of the right type. */
export type FleetConfig = z.output<typeof fleetSchema>;
export type StackConfig = z.output<typeof stackConfigSchema>;
export type MachinesConfig = z.output<typeof machinesSchema>;
export type HostConfig = z.output<typeof hostSchema>;
export type LoginConfig = Omit<HostConfig, "name" | "domains" | "bastion">;
