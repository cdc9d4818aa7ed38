/** What is asked of a local machine, and what is answered: the JSON on `main.ts`'s stdin and stdout. */
import { z } from "zod";
import { hashOf, nameSchema } from "../../../runtime/manifest.ts";

/** Debian releases that can be booted. `python` is what the image carries. */
export const debian = {
  trixie: { title: "Debian 13", python: "3.13" },
  bookworm: { title: "Debian 12", python: "3.11" },
} as const;

export const suiteSchema = z.enum(["trixie", "bookworm"]);
export type Suite = z.infer<typeof suiteSchema>;

/** Names a set of machines with a network of their own. */
export const worldSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,63}$/, "a world: lower-case letters, digits and dashes, at most 64 characters");

export const coresSchema = z.union([z.literal("all"), z.int().min(1).max(1024)]);
export type Cores = z.infer<typeof coresSchema>;

/** From a twentieth: a boot takes close to a second of a core, and has a minute. */
export const cpuQuotaSchema = z.number().min(0.05).max(1024);

export const machineSpecSchema = z.strictObject({
  image: suiteSchema,
  /** CPUs that the machine may run on; "all" for no restriction. */
  cores: coresSchema,
  /** Upper limit of all the machine's processes together, where the kernel can enforce it. */
  memoryMiB: z.int().min(64).optional(),
  /** CPU time that the machine may use, in cores, where the kernel can enforce it; as `docker run --cpus`. */
  cpuQuota: cpuQuotaSchema.optional(),
});
export type MachineSpec = z.infer<typeof machineSpecSchema>;

export const createRequestSchema = machineSpecSchema.extend({
  world: worldSchema,
  name: nameSchema,
  /** Recorded when the machine is up; see observe.ts. */
  createId: z.string().min(1).max(128),
  /** How long sshd and systemd get to come up. @default 60000 */
  bootTimeoutMs: z.int().min(1).max(600_000).optional(),
});
export type CreateRequest = z.infer<typeof createRequestSchema>;

/** The one line that `create` prints. */
export const createdSchema = z.object({
  name: z.string(),
  address: z.string(),
  /** As `known_hosts` has it, without the host: `ssh-ed25519 AAAA…`. */
  hostKey: z.string(),
  createId: z.string(),
  /** The machine id that was given to the disk when it was made: another one is another machine. */
  diskId: z.string(),
  user: z.literal("root"),
  privateKeyFile: z.string(),
  /** What `nproc` says inside. */
  cores: z.int(),
});
export type Created = z.infer<typeof createdSchema>;

export function specOf(request: MachineSpec): MachineSpec {
  const { image, cores, memoryMiB, cpuQuota } = request;
  return { image, cores, ...(memoryMiB === undefined ? {} : { memoryMiB }), ...(cpuQuota === undefined ? {} : { cpuQuota }) };
}

export function sameSpec(a: MachineSpec, b: MachineSpec): boolean {
  return hashOf(specOf(a)) === hashOf(specOf(b));
}

/** One line of progress, for people. */
export type Say = (line: string) => void;
