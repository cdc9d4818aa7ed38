/** One line for each machine and step, as it happens. Standard output belongs to the result, so these go to standard error. */
export type Say = (machine: string, step: string, text: string) => void;

/** Lines with the names in a column: `web-1  health      GET /healthz answered 200`. A line is told once. */
export function columns(machines: readonly string[], print: (line: string) => void): Say {
  const width = Math.max(...machines.map((name) => name.length), 5);
  const told = new Set<string>();
  return (machine, step, text) => {
    const line = `${machine.padEnd(width)}  ${step.padEnd(STEP_WIDTH)}  ${text}`;
    if (told.has(line)) return;
    told.add(line);
    print(line);
  };
}

/** The longest step is "generation". */
const STEP_WIDTH = 10;

/** A number of bytes, for people. Pure. */
export function sizeText(bytes: number): string {
  return bytes < 100_000 ? `${Math.ceil(bytes / 1000)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
