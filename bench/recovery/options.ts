/** The command line of `npm run bench:recovery`. Pure. */
import { parseArgs } from "node:util";
import { cpuQuotaSchema } from "../../infra/machines/local/spec.ts";

export interface Options {
  /** Fleet sizes, one after the other. */
  readonly sizes: readonly number[];
  /** How often each way is measured at each size. */
  readonly rounds: number;
  /** CPU time that each machine may use, in cores; undefined for no limit. */
  readonly cpuQuota: number | undefined;
}

export const USAGE = `npm run bench:recovery -- [--sizes 1,2,4,8] [--rounds N] [--cpu-quota CORES]

  --sizes      machines of the fleets to measure (default: 1,2,4,8; at most 16)
  --rounds     measurements of each way (default: 3)
  --cpu-quota  CPU time that each machine may use, in cores, such as 0.2: machines with cores of their own,
               as long as all of them fit into this computer (default: no limit, all share its cores)`;

const MAX_MACHINES = 16;

/** @throws Error that says what is wrong */
export function parse(args: readonly string[]): Options {
  const options = {
    sizes: { type: "string", default: "1,2,4,8" },
    rounds: { type: "string", default: "3" },
    "cpu-quota": { type: "string" },
  } as const;
  const { values } = parseArgs({ args: [...args], options });
  const sizes = values.sizes.split(",").map(Number);
  const wrong = sizes.some((size) => !Number.isInteger(size) || size < 1 || size > MAX_MACHINES);
  if (wrong) throw new Error(`--sizes ${values.sizes}: it takes whole numbers from 1 to ${MAX_MACHINES}`);
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`--rounds ${values.rounds}: it takes a whole number from 1`);
  const quota = values["cpu-quota"];
  const cpuQuota = quota === undefined ? undefined : Number(quota);
  if (!cpuQuotaSchema.optional().safeParse(cpuQuota).success) throw new Error(`--cpu-quota ${quota}: it takes cores, from 0.05`);
  return { sizes, rounds, cpuQuota };
}
