/** The agent as it runs on a machine: real paths, processes, clock and signals. */
import { type Agent, machineClock } from "./context.ts";
import { storedSecretsRedactor } from "./credstore.ts";
import { pathsUnder } from "./paths.ts";
import { createReporter } from "./reporter.ts";
import { run } from "./run.ts";

/** @param json whether what it reports is for programs */
export function createAgent(json: boolean): Agent {
  // The files' modes are said where they are made; nothing of the caller's shall take bits away.
  process.umask(0o022);
  const paths = pathsUnder();
  const report = createReporter(
    json,
    (out) => process.stdout.write(out),
    (err) => process.stderr.write(err),
    storedSecretsRedactor(paths),
  );
  return {
    paths,
    report,
    run,
    clock: machineClock,
    signal: endSignal(),
  };
}

/** A lost connection doesn't end a change half-way: it is finished, and its lease decides. Ending is asked for by TERM or INT. */
function endSignal(): AbortSignal {
  const controller = new AbortController();
  process.on("SIGTERM", () => controller.abort());
  process.on("SIGINT", () => controller.abort());
  process.on("SIGHUP", () => undefined);
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
  return controller.signal;
}
