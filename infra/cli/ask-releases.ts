/** Asks the machines of a fleet for their histories. */
import { z } from "zod";
import { type Releases, releasesSchema } from "../../runtime/report.ts";
import type { Inventory } from "../inventory.ts";
import { type Answer, askAgents } from "./ask-agent.ts";

/** A machine's releases, or why they aren't known. */
export type MachineReleases = { name: string } & ({ state: "answered"; releases: Releases } | Extract<Answer, { state: "silent" }>);

/** @param manifests see `fleethost releases --manifests` */
export async function askReleases({ app, machines }: Inventory, manifests: boolean): Promise<MachineReleases[]> {
  const answers = await askAgents(machines, ["releases", "--app", app, "--json", ...(manifests ? ["--manifests"] : [])]);
  return answers.map((answer): MachineReleases => {
    if (answer.state === "silent") return answer;
    const parsed = z.safeParse(releasesSchema, answer.value);
    const { name } = answer;
    if (parsed.success) return { name, state: "answered", releases: parsed.data };
    return { name, state: "silent", why: "its agent answered in words that this Fleetwright doesn't know", unreachable: false };
  });
}
