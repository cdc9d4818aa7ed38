/** What the machines' types come to, for the preview. Pure. */
import { architectureOf } from "../config/aws/instance-type.ts";
import type { Offer } from "../config/aws/offer-rules.ts";

const NAMES_SHOWN = 6;

/** A line for each type; a machine's workers are counted on the machine. */
export function sizeLines(machines: readonly { name: string; type: string }[], { types }: Pick<Offer, "types">): string[] {
  return [...Map.groupBy(machines, ({ type }) => type)].map(([type, all]) => {
    const { vcpus = 0, memoryMiB = 0 } = types[type] ?? {};
    const size = `${vcpus} ${vcpus === 1 ? "vCPU" : "vCPUs"}, ${Number((memoryMiB / 1024).toFixed(1))} GiB, ${architectureOf(type)}`;
    return `${type}: ${size}: ${listed(all.map(({ name }) => name))}`;
  });
}

function listed(names: readonly string[]): string {
  const more = names.length - NAMES_SHOWN;
  return more > 1 ? `${names.slice(0, NAMES_SHOWN).join(", ")} and ${more} more` : names.join(", ");
}
