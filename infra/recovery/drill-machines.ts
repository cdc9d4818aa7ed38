/** Machines for a drill, where nobody names some: as many local ones as the fleet has, of a system that its release was built for. Pure. */
import { exitCodes, FleetError } from "../errors.ts";
import { debian, type Suite } from "../machines/local/spec.ts";
import type { RecoverySet } from "./set.ts";
import type { Changes } from "./stack-text.ts";

export interface LocalMachines {
  provider: "local";
  count: number;
  image: Suite;
  cores: (number | "all")[];
}

/** @throws FleetError when local machines can't run what the fleet's do */
export function drillMachines(set: Pick<RecoverySet, "machines" | "releases" | "live">, arch: string, count?: number): LocalMachines {
  const targets = set.releases
    .filter(({ fleet, id }) => set.live[fleet] === id)
    .flatMap(({ archives }) => Object.keys(archives))
    .filter((target) => target.split("-")[0] === arch);
  const image = (Object.keys(debian) as Suite[]).find((suite) => targets.some((target) => fits(target, arch, suite)));
  if (image !== undefined) return { provider: "local", count: count ?? Math.max(1, set.machines.length), image, cores: ["all"] };
  throw new FleetError(`the store has no archive of the live release for local machines of ${arch} with Debian's Python.`, {
    log: set.releases.flatMap(({ fleet, id, archives }) => `${fleet} ${id.slice(0, 8)}: ${Object.keys(archives).join(", ")}`),
    kept: "everything; nothing was made.",
    next: "name machines that it fits: --machines FILE",
    exitCode: exitCodes.usage,
  });
}

const fits = (target: string, arch: string, suite: Suite): boolean => target === arch || target === `${arch}-py${debian[suite].python}`;

/** What else a drill has otherwise: no issuer can reach its machines, and none of them may be left out. */
export function drillChanges(value: unknown): Changes {
  const fleet = value as { https?: { mode?: string }; rollout?: unknown } | undefined;
  return [
    ...(fleet?.https?.mode === "acme"
      ? ([
          [["https", "mode"], "internal"],
          [["https", "acme"], undefined],
        ] as const)
      : []),
    ...(fleet?.rollout === undefined
      ? []
      : ([
          [["rollout", "skip"], undefined],
          [["rollout", "maxUnreachable"], undefined],
        ] as const)),
  ];
}
