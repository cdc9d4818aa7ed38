/**
 * Is anything of these stacks unsafe, or in another's way? Any stacks, made with Fleetwright or without it; no account is needed.
 *
 *     pulumi stack export --stack prod > prod.json; pulumi stack export --stack dr > dr.json
 *     node check-aws.ts prod=eu-central-1:prod.json dr=eu-west-1:dr.json
 *     pulumi preview --json --stack prod > prod.json        # or before it is there
 */
import { readFileSync } from "node:fs";
import { checkAws, clashes, exportedResources, type GraphFinding, type StackGraph } from "fleetwright";

const OUR_TAGS = ["team"];

const stacks = process.argv.slice(2).map((argument): StackGraph => {
  const [, stack = "", region = "", file = ""] = /^(.+)=(.+?):(.+)$/.exec(argument) ?? [];
  return { stack, region, resources: exportedResources(JSON.parse(readFileSync(file, "utf8"))) };
});

const findings: GraphFinding[] = [...stacks.flatMap(({ resources }) => checkAws(resources, { tags: OUR_TAGS })), ...clashes(stacks)];
for (const { rule, resource, message } of findings) console.log(`${rule}: ${resource} ${message}`);
process.exitCode = findings.length === 0 ? 0 : 1;
