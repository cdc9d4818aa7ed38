/** What a recovery says at its end: one verdict, the next command, and the same by hand. Pure but for the environment's names. */
import { shellQuote } from "../shell.ts";
import { PINS_VARIABLE } from "../overrides.ts";
import { providerOf } from "../recovery/secrets-provider.ts";
import { fetchCommand } from "../recovery/store/by-hand.ts";
import { phaseLines, type PhaseTime, recoveryTimeMs } from "../recovery/phases.ts";
import { objectName } from "../recovery/store/layout.ts";
import { fleetCommand } from "./command-words.ts";
import type { Prepared, RecoverOptions } from "./recover-prepared.ts";
import { variablesOf } from "./recovered-stack.ts";
import { LOCAL_STACK } from "./stacks.ts";

interface Ended {
  changes: number;
  problems: readonly string[];
  times: readonly PhaseTime[];
  /** Whether the stack's configuration names its stores: that of the local stack is in the clone, not in the store. */
  knowsStores: boolean;
}

/** Of a drill only the verdict: its place is gone in a moment, and the next command is the drill's own to say. */
export function endLines(prepared: Prepared, options: RecoverOptions, ended: Ended): string[] {
  const verdict = verdictLines(prepared, options, ended);
  if (options.drill === true) return verdict.filter((line) => !line.startsWith("Next: "));
  return [...phaseLines(ended.times), "", ...byHand(prepared, options), "", ...verdict];
}

function verdictLines({ chosen, pins }: Prepared, options: RecoverOptions, { changes, problems, times, knowsStores }: Ended): string[] {
  const releases = Object.entries(pins.fleets).map(([fleet, { release }]) => `${fleet} on ${release.id.slice(0, 8)}`);
  const seconds = (recoveryTimeMs(times) / 1000).toFixed(1);
  if (problems.length === 0) {
    const done = changes === 0 ? "Nothing had to be changed" : "RECOVERED";
    return [
      `${done}: ${releases.join(", ")}, from set ${chosen.named.id}, verified over HTTPS, in ${seconds} s.`,
      `Next: ${[fleetCommand(`status --stack ${options.stack}`), ...afterwards(options, changes, knowsStores)].join("; then ")}`,
    ];
  }
  const told = problems.map((problem) => `  ${problem}`);
  return [...told, `RECOVERED, BUT NOT VERIFIED after ${seconds} s: see above.`, `Next: ${commandLine(options)}`];
}

/**
 * The end of a recovery that didn't get through. Pure.
 * @param why of the verdict's line
 * @param options.drill leaves the command out: its place is gone in a moment
 */
export function brokenOffLines(why: string, options: RecoverOptions): string[] {
  const verdict = `NOT RECOVERED: ${why}. What is there stays, and the same command goes on from it.`;
  return options.drill === true ? [verdict] : [verdict, `Next: ${commandLine(options)}`];
}

/** What the store doesn't have yet must go there, and who asks by name must find the machines. */
function afterwards({ from, stack, secretsProvider }: RecoverOptions, changes: number, knowsStores: boolean): string[] {
  const push = fleetCommand(`recovery push --stack ${stack}`);
  const init = fleetCommand(`recovery init ${shellQuote(from)} --stack ${stack}`);
  return [
    ...(changes === 0 ? [] : ["DNS, if the machines' addresses are others"]),
    ...(knowsStores ? [] : [init]),
    ...(changes === 0 && secretsProvider === undefined ? [] : [push]),
  ];
}

/** The command again. Pure. */
export function commandLine(options: RecoverOptions): string {
  const words = Object.entries(options).flatMap(([key, value]) => {
    if (value === undefined || value === false) return [];
    const option = `--${key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    return value === true ? [option] : [option, shellQuote(String(value))];
  });
  return fleetCommand(`recover ${words.join(" ")}`);
}

/** What this did, for a shell: where Fleetwright itself is what fails. */
function byHand(prepared: Prepared, options: RecoverOptions): string[] {
  const { place, chosen, pins, stackText } = prepared;
  const { stack, folder } = place;
  const variables = Object.entries({ ...variablesOf(place), [PINS_VARIABLE]: `${folder}/pins.json` });
  const [first] = Object.keys(pins.fleets);
  const provider = shellQuote(providerOf(stackText, chosen.named.set.secretsProvider));
  const up = stack === LOCAL_STACK ? "npm run local" : `pulumi up --stack ${stack}`;
  return [
    "The same by hand:",
    '  eval "$(npm run -s fleet -- env)"',
    ...variables.map(([name, value]) => `  export ${name}=${shellQuote(value)}`),
    `  pulumi stack init ${stack} --secrets-provider ${provider}      # if it is lost`,
    ...stateByHand(prepared, options).map((line) => `  ${line}`),
    `  ${up}`,
    `  ssh root@MACHINE /opt/fleetwright/current/bin/fleethost status   # with the login's key: what it runs; journalctl -u '${first}@*'`,
  ];
}

function stateByHand({ place, chosen, store }: Prepared, { machines, secretsProvider }: RecoverOptions): string[] {
  // It would only tell of machines that are gone.
  if (machines !== undefined) return [];
  if (secretsProvider !== undefined) return ["# the state, under another provider: docs/recovery.md, A lost KMS key"];
  const { object } = chosen.named.set.state;
  return [fetchCommand(store.url, objectName(object.sha256), "state.json"), `pulumi stack import --stack ${place.stack} --file state.json`];
}
