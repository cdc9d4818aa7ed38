#!/usr/bin/env node
/** The command that makes and removes local machines: Pulumi runs it, and so do tests and people. */
import { text } from "node:stream/consumers";
import { Command, InvalidArgumentError } from "commander";
import { z } from "zod";
import { exitCodes, FleetError } from "../../errors.ts";
import { bootMachine, createMachine, killMachine, loseMachine } from "./create.ts";
import { destroyMachine, down } from "./destroy.ts";
import { listMachines } from "./observe.ts";
import { placeOf } from "./place.ts";
import { type CreateRequest, createRequestSchema, worldSchema } from "./spec.ts";

const say = (line: string) => void process.stderr.write(`${line}\n`);
const print = (value: unknown) => void process.stdout.write(`${JSON.stringify(value)}\n`);

async function request(): Promise<CreateRequest> {
  const input = await text(process.stdin);
  try {
    const parsed = createRequestSchema.safeParse(JSON.parse(input));
    if (parsed.success) return parsed.data;
    throw new FleetError(`the request on standard input is wrong:\n${z.prettifyError(parsed.error)}`, { exitCode: exitCodes.usage });
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new FleetError("the request on standard input is no JSON", { exitCode: exitCodes.usage });
  }
}

function world(value: string): string {
  if (worldSchema.safeParse(value).success) return value;
  throw new InvalidArgumentError("lower-case letters, digits and dashes.");
}

function cores(value: string): number | "all" {
  if (value === "all") return value;
  if (/^[1-9]\d{0,3}$/.test(value)) return Number(value);
  throw new InvalidArgumentError('a number, or "all".');
}

const program = new Command("local-machines")
  .description(
    "Machines with a real systemd on this computer. create and destroy take {world, name, image, cores, createId, memoryMiB?, cpuQuota?} on stdin.",
  )
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : exitCodes.usage));

program
  .command("create")
  .description("make the machine be there, run and answer; prints one line of JSON")
  .action(async () => print(await createMachine(await request(), say)));
program
  .command("destroy")
  .description("remove the machine, whatever state it is in")
  .action(async () => {
    const asked = await request();
    await destroyMachine(asked.world, asked.name, say);
  });

const inWorld = (name: string, description: string) =>
  program.command(name).description(description).requiredOption("--world <id>", "the set of machines", world);
const onMachine = (name: string, description: string) => inWorld(name, description).requiredOption("--name <machine>", "its name");

inWorld("down", "remove a world with everything in it").action(async (options: { world: string }) => {
  const removed = await down(options.world, say);
  say(removed.length === 0 ? "There is nothing to remove." : removed.map((line) => `removed ${line}`).join("\n"));
});
inWorld("list", "show a world's machines")
  .option("--json", "as JSON")
  .action((options: { world: string; json?: true }) => {
    const machines = listMachines(placeOf(options.world));
    if (options.json) print(machines);
    else for (const { name, state, address } of machines) process.stdout.write(`${name} ${state} ${address ?? ""}\n`);
  });
onMachine("boot", "boot a machine that is off from its disk")
  .option("--cores <cores>", "with other cores from now on", cores)
  .action((options: { world: string; name: string; cores?: number | "all" }) =>
    bootMachine(options.world, options.name, options.cores, say),
  );
onMachine("kill", "stop a machine as a cut cable does").action((options: { world: string; name: string }) =>
  killMachine(options.world, options.name, say),
);
onMachine("lose", "stop a machine and delete its disk").action((options: { world: string; name: string }) =>
  loseMachine(options.world, options.name, say),
);

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof FleetError)) throw error;
  say(error.message);
  process.exitCode = error.exitCode;
}
