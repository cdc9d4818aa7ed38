/** Where machines ship their logs to: made before them, so that none of them may make groups. */
import { LogGroup } from "@pulumi/aws/cloudwatch/logGroup.js";
import { logGroupName } from "../cloudwatch.ts";
import type { LogsConfig } from "../config/aws/common.ts";
import { childOf, type Scope, tagsOf } from "./scope.ts";

/** Encrypted in any case: with no key given, by CloudWatch's own. @param protect Pulumi refuses to remove it */
export function logGroup(scope: Scope, { retentionDays, kmsKey }: LogsConfig, protect: boolean): LogGroup {
  const name = `${scope.fleet}-logs`;
  const key = kmsKey === undefined ? {} : { kmsKeyId: kmsKey };
  const args = { name: logGroupName(scope.fleet), retentionInDays: retentionDays, ...key, tags: tagsOf(scope, name) };
  return new LogGroup(name, args, { ...childOf(scope), protect });
}
