/** One line for each machine and step, as it happens. Standard output belongs to the result, so these go to standard error. */
export type Say = (machine: string, step: string, text: string) => void;

/** Lines with the names in a column: `web-1   stage    unpacked release 3f2a91c0`. */
export function columns(machines: readonly string[], print: (line: string) => void): Say {
  const width = Math.max(...machines.map((name) => name.length), 5);
  return (machine, step, text) => print(`${machine.padEnd(width)}  ${step.padEnd(8)}  ${text}`);
}
