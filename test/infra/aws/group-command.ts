/**
 * `fleet releases` and `fleet rollback` of a group, without a stack that names it: command, inventory and `to` come as JSON on standard
 * input.
 */
import { text } from "node:stream/consumers";
import { askGroup, groupText } from "../../../infra/cli/group-releases.ts";
import { rollbackGroup } from "../../../infra/cli/group-rollback.ts";
import { FleetError } from "../../../infra/errors.ts";

const { command, inventory, to } = JSON.parse(await text(process.stdin));
try {
  if (command === "rollback") process.exitCode = await rollbackGroup(inventory, { to, pace: 50 });
  else process.stdout.write(groupText(inventory, await askGroup(inventory)));
} catch (error) {
  if (!(error instanceof FleetError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = error.exitCode;
}
