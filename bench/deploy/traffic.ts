/** Bytes that went to machines and came back, as the kernel counts them on each machine's cable: the same way for both sides. */
import { readFileSync } from "node:fs";

export interface Traffic {
  toMachines: number;
  fromMachines: number;
}

/** @param links the cables' ends on this computer: what they send is what the machines receive */
export function readTraffic(links: readonly string[], read: (path: string) => string = (path) => readFileSync(path, "utf8")): Traffic {
  const sum = (name: string): number => links.reduce((total, link) => total + Number(read(`/sys/class/net/${link}/statistics/${name}`)), 0);
  return { toMachines: sum("tx_bytes"), fromMachines: sum("rx_bytes") };
}

export function difference(before: Traffic, after: Traffic): Traffic {
  return { toMachines: after.toMachines - before.toMachines, fromMachines: after.fromMachines - before.fromMachines };
}
