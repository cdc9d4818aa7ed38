/** Which machines a release comes to: those that an Auto Scaling group has at the moment, or a fleet's own, which have names. */
import { AutoScalingClient, DescribeAutoScalingGroupsCommand, SetInstanceHealthCommand } from "@aws-sdk/client-auto-scaling";
import { EC2Client, paginateDescribeInstances } from "@aws-sdk/client-ec2";
import { paginateDescribeInstanceInformation, SSMClient } from "@aws-sdk/client-ssm";
import { clientOptions } from "../aws/client.ts";
import { type InPlacePlan, nameOf, targetsOf } from "./plan.ts";
import { type Standing, standingOf } from "./standing.ts";

/** `coming`: it boots, or waits for its first health. Others are being removed, or were put aside by somebody. */
export interface GroupMachine {
  id: string;
  state: "serving" | "coming" | "aside";
}

export interface Members {
  /** Undefined when there is no such group. */
  machines(): Promise<GroupMachine[] | undefined>;
  /** Has AWS put another machine in its place. Not where machines have names: AWS has no other one for it. */
  replace?(machine: string): Promise<void>;
  /** Where machines have names: how far each has come. A group's are asked for by what serves. */
  standing?(): Promise<Standing[]>;
  /** How many are found by the fleet's tags and are no part of it any more: Pulumi removes them last. */
  strangers?(): Promise<number>;
}

type Instances = NonNullable<InPlacePlan["instances"]>;

export function membersOf(plan: InPlacePlan): Members {
  return plan.instances === undefined ? groupMembers(plan) : namedMembers(plan, plan.instances);
}

function groupMembers(plan: InPlacePlan): Members {
  const client = new AutoScalingClient(clientOptions(plan));
  return {
    machines: async () => {
      const asked = new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [plan.group] });
      const { AutoScalingGroups: [found] = [] } = await client.send(asked);
      if (found === undefined) return undefined;
      const { Instances = [] } = found;
      return Instances.map(({ InstanceId = "", LifecycleState = "" }) => ({ id: InstanceId, state: stateOf(LifecycleState) }));
    },
    replace: async (InstanceId) => {
      await client.send(new SetInstanceHealthCommand({ InstanceId, HealthStatus: "Unhealthy", ShouldRespectGracePeriod: false }));
    },
  };
}

function stateOf(lifecycle: string): GroupMachine["state"] {
  if (lifecycle === "InService") return "serving";
  return lifecycle.startsWith("Pending") ? "coming" : "aside";
}

/** Every one of them is waited for: there is no other one. */
function namedMembers(plan: InPlacePlan, { machines }: Instances): Members {
  const [ec2, ssm] = [new EC2Client(clientOptions(plan)), new SSMClient(clientOptions(plan))];
  return {
    machines: async () => machines.map(({ name }) => ({ id: name, state: "serving" })),
    standing: async () => {
      const [states, reached] = [await instanceStates(ec2, plan), await reachedIds(ssm, plan)];
      return machines.map(({ name, id }) => ({ name, id, state: standingOf(states.get(id), reached.has(id)) }));
    },
    strangers: async () => [...(await instanceStates(ec2, plan)).keys()].filter((id) => nameOf(plan, id) === undefined).length,
  };
}

/** By the instance's id, in EC2's words. */
async function instanceStates(client: EC2Client, plan: InPlacePlan): Promise<Map<string, string>> {
  const Filters = targetsOf(plan).map(({ Key, Values }) => ({ Name: Key, Values }));
  const states = new Map<string, string>();
  for await (const { Reservations = [] } of paginateDescribeInstances({ client }, { Filters })) {
    const found = Reservations.flatMap(({ Instances = [] }) => Instances);
    for (const { InstanceId = "", State } of found) states.set(InstanceId, State?.Name ?? "");
  }
  return states;
}

async function reachedIds(client: SSMClient, plan: InPlacePlan): Promise<Set<string>> {
  const reached = new Set<string>();
  for await (const { InstanceInformationList = [] } of paginateDescribeInstanceInformation({ client }, { Filters: targetsOf(plan) })) {
    for (const { InstanceId = "", PingStatus } of InstanceInformationList) if (PingStatus === "Online") reached.add(InstanceId);
  }
  return reached;
}
