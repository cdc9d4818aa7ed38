/** Alarms for each machine, by what AWS measures from outside: they need no agent, and come also when a machine is gone. */
import { MetricAlarm } from "@pulumi/aws/cloudwatch/metricAlarm.js";
import { Topic } from "@pulumi/aws/sns/topic.js";
import { TopicSubscription } from "@pulumi/aws/sns/topicSubscription.js";
import type * as pulumi from "@pulumi/pulumi";
import type { Ec2Config } from "../config/aws/ec2.ts";
import type { Ec2Instance } from "./instances.ts";
import { childOf, type Scope, tagsOf } from "./scope.ts";

type Alarms = NonNullable<Ec2Config["alarms"]>;

const FIVE_MINUTES_S = 300;

export function machineAlarms(scope: Scope, alarms: Alarms, machines: readonly Ec2Instance[]): void {
  const topic = alarms.topic ?? ownTopic(scope, alarms.email ?? "");
  for (const { name, instance } of machines) {
    const about = { dimensions: { InstanceId: instance.id }, namespace: "AWS/EC2", alarmActions: [topic], okActions: [topic] };
    alarm(scope, `${scope.fleet}-${name}-status`, {
      ...about,
      alarmDescription: `${name}: AWS's own checks of the machine, its network and its volumes fail, or it doesn't run`,
      metricName: "StatusCheckFailed",
      statistic: "Maximum",
      comparisonOperator: "GreaterThanThreshold",
      threshold: 0,
      period: 60,
      evaluationPeriods: 3,
      // A machine that is stopped says nothing.
      treatMissingData: "breaching",
    });
    alarm(scope, `${scope.fleet}-${name}-cpu`, {
      ...about,
      alarmDescription: `${name}: its processors are busier than ${alarms.cpuPercent} % for a quarter of an hour`,
      metricName: "CPUUtilization",
      statistic: "Average",
      comparisonOperator: "GreaterThanThreshold",
      threshold: alarms.cpuPercent,
      period: FIVE_MINUTES_S,
      evaluationPeriods: 3,
      treatMissingData: "missing",
    });
  }
}

function alarm(scope: Scope, name: string, args: Omit<ConstructorParameters<typeof MetricAlarm>[1], "tags">): void {
  new MetricAlarm(name, { ...args, tags: tagsOf(scope, name) }, childOf(scope));
}

function ownTopic(scope: Scope, email: string): pulumi.Output<string> {
  const name = `${scope.fleet}-alarms`;
  const topic = new Topic(name, { tags: tagsOf(scope, name) }, childOf(scope));
  new TopicSubscription(name, { topic: topic.arn, protocol: "email", endpoint: email }, childOf(scope));
  return topic.arn;
}
