/** Alarms to a topic that is there, for those who asked for them. */
import { MetricAlarm } from "@pulumi/aws/cloudwatch/metricAlarm.js";
import type * as pulumi from "@pulumi/pulumi";
import { DISK_METRIC, METRICS_NAMESPACE } from "../../runtime/cloudwatch.ts";
import { metricDimensions } from "../cloudwatch.ts";
import type { AutoscalingConfig } from "../config/aws/autoscaling.ts";
import type { Balancer } from "./balancer.ts";
import { childOf, type Scope, tagsOf } from "./scope.ts";

export interface Watched {
  group: pulumi.Input<string>;
  balancer: Balancer;
  certificateArn: pulumi.Input<string>;
}

type Alarms = NonNullable<AutoscalingConfig["alarms"]>;
type Dimensions = { [key: string]: pulumi.Input<string> };

const MINUTES_5 = 300;
const DAY = 86_400;

export function groupAlarms(scope: Scope, alarms: Alarms, { group, balancer, certificateArn }: Watched): void {
  const { loadBalancer, targets } = balancer;
  const dimensions: Dimensions = { LoadBalancer: loadBalancer.arnSuffix, TargetGroup: targets.arnSuffix };
  const above = (what: string, threshold: number, more: object) =>
    alarm(scope, alarms, what, { comparisonOperator: "GreaterThanThreshold", threshold, treatMissingData: "notBreaching", ...more });
  const metric = (namespace: string, metricName: string, of: Dimensions, statistic: string, period = MINUTES_5) => ({
    namespace,
    metricName,
    dimensions: of,
    statistic,
    period,
  });
  above("unhealthy", 0, { ...metric("AWS/ApplicationELB", "UnHealthyHostCount", dimensions, "Minimum"), evaluationPeriods: 1 });
  above("errors", alarms.serverErrors - 1, { metricQueries: serverErrors(loadBalancer.arnSuffix), evaluationPeriods: 1 });
  above("cpu", alarms.cpuPercent, {
    ...metric("AWS/EC2", "CPUUtilization", { AutoScalingGroupName: group }, "Average"),
    evaluationPeriods: 3,
  });
  // Where no machine says anything, nobody knows that all is well.
  above("disk", alarms.diskPercent, {
    ...metric(METRICS_NAMESPACE, DISK_METRIC, metricDimensions(scope.fleet), "Maximum"),
    evaluationPeriods: 3,
    treatMissingData: "missing",
  });
  const expiry = metric("AWS/CertificateManager", "DaysToExpiry", { CertificateArn: certificateArn }, "Minimum", DAY);
  above("certificate", alarms.certificateDays, { ...expiry, comparisonOperator: "LessThanThreshold", evaluationPeriods: 1 });
}

/** The balancer's own and the machines' together. */
function serverErrors(balancer: pulumi.Input<string>): object[] {
  const sum = (id: string, metricName: string) => ({
    id,
    metric: { namespace: "AWS/ApplicationELB", metricName, dimensions: { LoadBalancer: balancer }, stat: "Sum", period: MINUTES_5 },
  });
  return [
    { id: "all", expression: "FILL(own, 0) + FILL(targets, 0)", label: "Answers of 500 and above", returnData: true },
    sum("own", "HTTPCode_ELB_5XX_Count"),
    sum("targets", "HTTPCode_Target_5XX_Count"),
  ];
}

function alarm(scope: Scope, { topic }: Alarms, what: string, args: object): void {
  const name = `${scope.fleet}-${what}`;
  const actions = { alarmActions: [topic], okActions: [topic] };
  const all = { ...actions, ...args, tags: tagsOf(scope, name) } as ConstructorParameters<typeof MetricAlarm>[1];
  new MetricAlarm(name, all, childOf(scope));
}
