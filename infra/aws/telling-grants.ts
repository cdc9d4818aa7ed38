/** Leave to tell CloudWatch what machines are asked to tell, and nothing else. */
import * as pulumi from "@pulumi/pulumi";
import { METRICS_NAMESPACE } from "../../runtime/cloudwatch.ts";
import type { LogsConfig } from "../config/aws/common.ts";
import type { Grant } from "./identity.ts";
import { logGroup } from "./log-group.ts";
import type { Scope } from "./scope.ts";

/** Metrics have no ARN. */
const METRICS: Grant = {
  name: "metrics",
  actions: ["cloudwatch:PutMetricData"],
  resources: ["*"],
  condition: { StringEquals: { "cloudwatch:namespace": METRICS_NAMESPACE } },
};

export interface Telling {
  alarms?: unknown;
  logs?: LogsConfig | undefined;
}

/** Makes the log group, too, where one is asked for. @param protect Pulumi refuses to remove it */
export function tellingGrants(scope: Scope, { alarms, logs }: Telling, protect: boolean): Grant[] {
  return [...(alarms === undefined ? [] : [METRICS]), ...(logs === undefined ? [] : [shipping(scope, logs, protect)])];
}

function shipping(scope: Scope, logs: LogsConfig, protect: boolean): Grant {
  const { arn } = logGroup(scope, logs, protect);
  return { name: "logs", actions: ["logs:CreateLogStream", "logs:PutLogEvents"], resources: [pulumi.interpolate`${arn}:*`] };
}
