/** What is settled with AWS before anything is made there. */
import * as pulumi from "@pulumi/pulumi";
import { type GroupOfferKeys, groupOfferFindings, groupQuestions } from "../config/aws/group-offer-rules.ts";
import { type OfferKeys, offerFindings } from "../config/aws/offer-rules.ts";
import { exitCodes, FleetError } from "../errors.ts";
import type { Target } from "../machines/machine.ts";
import { offerOf } from "./offer.ts";
import { sizeLines } from "./sizes.ts";
import { targetsOf } from "./targets.ts";

export interface Preflight {
  /** Whose provider is asked. */
  parent: pulumi.Resource;
  fleet: string;
  machines: OfferKeys;
  build: (targets: readonly Target[]) => Promise<unknown>;
}

/**
 * Asks AWS whether it has everything, and builds the release; every resource of the fleet waits for it.
 * @throws FleetError that names each problem by its key path
 */
export async function preflight({ parent, fleet, machines, build }: Preflight): Promise<void> {
  const offer = await offerOf(parent, machines);
  const findings = offerFindings(machines, offer);
  if (findings.length > 0) throw refusal(fleet, findings);
  if (pulumi.runtime.isDryRun()) {
    for (const line of sizeLines(machines.instances, offer)) await pulumi.log.info(line, parent);
    return;
  }
  const targets = targetsOf(machines, offer);
  if (targets !== undefined) await build(targets);
}

/** The same for a group. */
export async function groupPreflight({
  parent,
  fleet,
  machines,
}: {
  parent: pulumi.Resource;
  fleet: string;
  machines: GroupOfferKeys;
}): Promise<void> {
  const questions = groupQuestions(machines);
  const offer = await offerOf(parent, questions);
  const findings = groupOfferFindings(machines, offer);
  if (findings.length > 0) throw refusal(fleet, findings);
  if (!pulumi.runtime.isDryRun()) return;
  for (const line of sizeLines(questions.instances, offer)) await pulumi.log.info(line.replace(/: [^:]*$/, ""), parent);
}

function refusal(fleet: string, findings: ReturnType<typeof offerFindings>): FleetError {
  const lines = findings.map(({ path, message }) => `  - machines.${path.join(".")}: ${message}`);
  const count = lines.length === 1 ? "a problem" : `${lines.length} problems`;
  return new FleetError(
    `AWS doesn't have what fleet "${fleet}" asks for; there ${lines.length === 1 ? "is" : "are"} ${count}:\n${lines.join("\n")}`,
    {
      kept: "everything; nothing was created or changed.",
      next: "mend the keys above and run the same command again.",
      exitCode: exitCodes.usage,
    },
  );
}
