/** Alarms for each machine: by what AWS measures from outside, which come also when a machine is gone, and by what it tells of itself. */
import { MetricAlarm } from "@pulumi/aws/cloudwatch/metricAlarm.js";
import { Topic } from "@pulumi/aws/sns/topic.js";
import { TopicSubscription } from "@pulumi/aws/sns/topicSubscription.js";
import type * as pulumi from "@pulumi/pulumi";
import { CERTIFICATE_METRIC, DISK_METRIC, METRICS_NAMESPACE } from "../../runtime/cloudwatch.ts";
import { metricDimensions, tellsCertificates } from "../cloudwatch.ts";
import type { Ec2Config } from "../config/aws/ec2.ts";
import type { HttpsConfig } from "../config/https.ts";
import type { Ec2Instance } from "./instances.ts";
import { childOf, type Scope, tagsOf } from "./scope.ts";

type Alarms = NonNullable<Ec2Config["alarms"]>;
type AlarmArgs = Omit<ConstructorParameters<typeof MetricAlarm>[1], "tags">;

const FIVE_MINUTES_S = 300;
const HOUR_S = 3_600;

export function machineAlarms(scope: Scope, alarms: Alarms, machines: readonly Ec2Instance[], mode: HttpsConfig["mode"]): void {
  const topic = alarms.topic ?? ownTopic(scope, alarms.email ?? "");
  for (const { name, instance } of machines) {
    const all = { ...seenAlarms(name, instance.id, alarms), ...toldAlarms(scope, name, alarms, topic, tellsCertificates(mode)) };
    for (const [what, args] of Object.entries(all)) {
      const resource = `${scope.fleet}-${name}-${what}`;
      const actions = { alarmActions: [topic], okActions: [topic] };
      new MetricAlarm(resource, { ...args, ...actions, tags: tagsOf(scope, resource) }, childOf(scope));
    }
  }
}

function seenAlarms(name: string, InstanceId: pulumi.Input<string>, { cpuPercent }: Alarms): Record<string, AlarmArgs> {
  const about = { dimensions: { InstanceId }, namespace: "AWS/EC2", comparisonOperator: "GreaterThanThreshold", evaluationPeriods: 3 };
  return {
    status: {
      ...about,
      alarmDescription: `${name}: AWS's own checks of the machine, its network and its volumes fail, or it doesn't run`,
      metricName: "StatusCheckFailed",
      statistic: "Maximum",
      threshold: 0,
      period: 60,
      // A machine that is stopped says nothing.
      treatMissingData: "breaching",
    },
    cpu: {
      ...about,
      alarmDescription: `${name}: its processors are busier than ${cpuPercent} % for a quarter of an hour`,
      metricName: "CPUUtilization",
      statistic: "Average",
      threshold: cpuPercent,
      period: FIVE_MINUTES_S,
      treatMissingData: "missing",
    },
  };
}

/**
 * Of a machine that has stopped telling, nothing is claimed: its disk's alarm has then insufficient data, and tells that. A new one is
 * in that state from the start, so that a machine which doesn't serve yet disturbs nobody.
 */
function toldAlarms(
  { fleet }: Scope,
  name: string,
  { diskPercent, certificateDays }: Alarms,
  topic: pulumi.Input<string>,
  certificates: boolean,
): Record<string, AlarmArgs> {
  const about = { dimensions: metricDimensions(fleet, name), namespace: METRICS_NAMESPACE, treatMissingData: "missing" };
  const disk: AlarmArgs = {
    ...about,
    alarmDescription: `${name}: its fullest disk is fuller than ${diskPercent} %, in bytes or in files; without data, it doesn't say`,
    metricName: DISK_METRIC,
    statistic: "Maximum",
    comparisonOperator: "GreaterThanThreshold",
    threshold: diskPercent,
    period: FIVE_MINUTES_S,
    evaluationPeriods: 3,
    insufficientDataActions: [topic],
  };
  const certificate: AlarmArgs = {
    ...about,
    alarmDescription: `${name}: a certificate that it serves ends within ${certificateDays} days, or a name has none`,
    metricName: CERTIFICATE_METRIC,
    statistic: "Minimum",
    comparisonOperator: "LessThanThreshold",
    threshold: certificateDays,
    period: HOUR_S,
    evaluationPeriods: 2,
  };
  return certificates ? { disk, certificate } : { disk };
}

function ownTopic(scope: Scope, email: string): pulumi.Output<string> {
  const name = `${scope.fleet}-alarms`;
  const topic = new Topic(name, { tags: tagsOf(scope, name) }, childOf(scope));
  new TopicSubscription(name, { topic: topic.arn, protocol: "email", endpoint: email }, childOf(scope));
  return topic.arn;
}
