#!/usr/bin/env node
/** `fleethost`: what runs on each machine of a fleet. */
import { startRun } from "./supervisor/command.ts";
import { readRunFlags } from "./supervisor/run-flags.ts";

// A supervisor lives for weeks: what other commands need, it has not in its memory.
const flags = process.argv[2] === "run" ? readRunFlags(process.argv.slice(3)) : null;
if (flags !== null) await startRun(flags);
const { main } = await import("./commands.ts");
await main();
