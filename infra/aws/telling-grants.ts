/** Leave to tell CloudWatch what machines are asked to tell, and nothing else. */
import { METRICS_NAMESPACE } from "../../runtime/cloudwatch.ts";
import type { Grant } from "./identity.ts";

/** Metrics have no ARN. */
const METRICS: Grant = {
  name: "metrics",
  actions: ["cloudwatch:PutMetricData"],
  resources: ["*"],
  condition: { StringEquals: { "cloudwatch:namespace": METRICS_NAMESPACE } },
};

export function tellingGrants({ alarms }: { alarms?: unknown }): Grant[] {
  return alarms === undefined ? [] : [METRICS];
}
