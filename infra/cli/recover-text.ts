/** What a recovery says at its end: one verdict, the next command, and the same by hand. Pure but for the environment's names. */
import { shellQuote } from "../shell.ts";
import { PINS_VARIABLE } from "../overrides.ts";
import { type PhaseTime, recoveryTimeMs } from "../recovery/phases.ts";
import { objectName } from "../recovery/store/layout.ts";
import type { Prepared } from "./recover-look.ts";
import type { RecoverOptions } from "./recover.ts";
import { variablesOf } from "./recovered-stack.ts";
import { LOCAL_STACK } from "./stacks.ts";

interface Ended {
  changes: number;
  problems: readonly string[];
  times: readonly PhaseTime[];
}

export function verdictLines({ chosen, pins }: Prepared, options: RecoverOptions, { changes, problems, times }: Ended): string[] {
  const releases = Object.entries(pins.fleets).map(([fleet, { release }]) => `${fleet} on ${release.id.slice(0, 8)}`);
  const seconds = (recoveryTimeMs(times) / 1000).toFixed(1);
  if (problems.length === 0) {
    const done = changes === 0 ? "Nothing had to be changed" : "RECOVERED";
    return [
      `${done}: ${releases.join(", ")}, from set ${chosen.named.id}, verified over HTTPS, in ${seconds} s.`,
      `Next: npm run fleet -- status --stack ${options.stack}${changes === 0 ? "" : "; then DNS, if the machines' addresses are others"}`,
    ];
  }
  const told = problems.map((problem) => `  ${problem}`);
  return [...told, `RECOVERED, BUT NOT VERIFIED after ${seconds} s: see above.`, `Next: ${commandLine(options)}`];
}

/** The command again. Pure. */
export function commandLine(options: RecoverOptions): string {
  const words = Object.entries(options).flatMap(([key, value]) => {
    if (value === undefined || value === false) return [];
    return value === true ? [`--${key}`] : [`--${key}`, shellQuote(String(value))];
  });
  return `npm run fleet -- recover ${words.join(" ")}`;
}

/** What this did, for a shell: where Fleetwright itself is what fails. */
export function byHand({ place, chosen, store, pins }: Prepared): string[] {
  const { stack, folder } = place;
  const { object } = chosen.named.set.state;
  const variables = Object.entries({ ...variablesOf(place), [PINS_VARIABLE]: `${folder}/pins.json` });
  const [first] = Object.keys(pins.fleets);
  const state = `${store.url.replace(/^file:\/\//, "")}/${objectName(object.sha256)}`;
  const up = stack === LOCAL_STACK ? "npm run local" : `pulumi up --stack ${stack}`;
  return [
    "The same by hand:",
    '  eval "$(npm run -s fleet -- env)"',
    ...variables.map(([name, value]) => `  export ${name}=${shellQuote(value)}`),
    `  pulumi stack init ${stack} --secrets-provider ${chosen.named.set.secretsProvider}      # if it is lost`,
    `  pulumi stack import --stack ${stack} --file ${state}`,
    `  ${up}`,
    `  ssh root@MACHINE /opt/fleetwright/current/bin/fleethost status            # what it runs; journalctl -u '${first}@*'`,
  ];
}
