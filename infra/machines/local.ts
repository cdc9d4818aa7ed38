/** The provider `local`: machines with a real systemd on this computer, for development and for tests. */
import { availableParallelism } from "node:os";
import * as command from "@pulumi/command";
import type * as pulumi from "@pulumi/pulumi";
import { nodeCommand } from "../shell.ts";
import { decideCreateId, observe } from "./local/observe.ts";
import { placeOf } from "./local/place.ts";
import { type Cores, type CreateRequest, createdSchema, debian, specOf, type Suite } from "./local/spec.ts";
import type { Machine, Target, Transport } from "./machine.ts";

export interface LocalArgs {
  count: number;
  image: Suite;
  /** The machines' cores in turn; the last goes for all that follow. */
  cores: Cores[];
  /** CPU time that each machine may use, in cores. */
  cpuQuota?: number | undefined;
  /** Names the set of machines that share a network: one per project folder. */
  world: string;
}

/** What a release must be built for to run on this computer's machines. */
export function localTarget(image: Suite): Target {
  return { arch: process.arch as Target["arch"], python: debian[image].python };
}

/**
 * Machines `<fleet>-1`, `<fleet>-2`, … on this computer.
 * @param gate no machine is made before this is known, such as the result of a validation
 */
export function localMachines(parent: pulumi.Resource, fleet: string, args: LocalArgs, gate: pulumi.Output<unknown>): Machine[] {
  const place = placeOf(args.world);
  return Array.from({ length: args.count }, (_, index) => {
    const name = `${fleet}-${index + 1}`;
    const { image, cores, cpuQuota } = args;
    const spec = specOf({ image, cores: cores[Math.min(index, cores.length - 1)] ?? "all", cpuQuota });
    return localMachine(parent, { ...spec, world: args.world, name, createId: decideCreateId(observe(place, name), spec) }, gate);
  });
}

/**
 * The id is part of the standard input, so that a machine found lost, stopped or different is mended by an update in place,
 * which runs `create` again. As a trigger it would mean a replacement, whose second half destroys what was just mended.
 */
function localMachine(parent: pulumi.Resource, request: CreateRequest, gate: pulumi.Output<unknown>): Machine {
  const made = new command.local.Command(
    request.name,
    {
      create: nodeCommand("./local/main", import.meta.url, "create"),
      delete: nodeCommand("./local/main", import.meta.url, "destroy"),
      stdin: gate.apply(() => JSON.stringify(request)),
      logging: "stderr",
      addPreviousOutputInEnv: false,
    },
    // Two machines of one name can't be there at once, should somebody ask for a replacement.
    { parent, deleteBeforeReplace: true },
  );
  const created = made.stdout.apply((line) => createdSchema.parse(JSON.parse(line)));
  return {
    name: request.name,
    address: created.address,
    transport: created.apply(({ address, hostKey, user, privateKeyFile }): Transport => ({
      kind: "ssh",
      host: address,
      port: 22,
      user,
      hostKey,
      privateKeyFile,
    })),
    identity: created.diskId,
    cpus: request.cores === "all" ? availableParallelism() : request.cores,
    dependsOn: [made],
  };
}
