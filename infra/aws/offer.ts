/** Asks AWS what it has of what is configured: reads only, each thing once however many machines there are. */
import { getAvailabilityZones } from "@pulumi/aws/getAvailabilityZones.js";
import { getRegion } from "@pulumi/aws/getRegion.js";
import { getAmi, type GetAmiResult } from "@pulumi/aws/ec2/getAmi.js";
import { getInstanceType } from "@pulumi/aws/ec2/getInstanceType.js";
import { getInstanceTypeOfferings } from "@pulumi/aws/ec2/getInstanceTypeOfferings.js";
import { getSubnet } from "@pulumi/aws/ec2/getSubnet.js";
import type * as pulumi from "@pulumi/pulumi";
import type { Offer, OfferedImage, OfferedType, OfferKeys } from "../config/aws/offer-rules.ts";

/** @param parent whose provider is asked */
export async function offerOf(parent: pulumi.Resource, { instances, images, network }: OfferKeys): Promise<Offer> {
  const ask = { parent };
  const types = unique(instances.map(({ type }) => type));
  const ids = unique([images.x64, images.arm64, ...instances.map(({ image }) => image)]);
  // One that is an Output may not be known in the preview; AWS itself refuses it then.
  const subnets =
    network.vpc === undefined ? [] : unique(Object.values(network.subnets).map((id) => (typeof id === "string" ? id : undefined)));
  const [{ region }, { names: zones }, offered, seen, there] = await Promise.all([
    getRegion({}, ask),
    getAvailabilityZones({ state: "available" }, ask),
    offeredTypes(types, ask),
    byKey(ids, (id) => offeredImage(id, ask)),
    byKey(subnets, (id) => subnetOf(id, ask)),
  ]);
  return { region, zones, types: offered, images: seen, subnets: there };
}

/** First where each type is to be had: to be asked about a type that it doesn't offer is an error to AWS. */
async function offeredTypes(types: readonly string[], ask: pulumi.InvokeOptions): Promise<Record<string, OfferedType>> {
  const filters = [{ name: "instance-type", values: [...types] }];
  const { instanceTypes, locations } = await getInstanceTypeOfferings({ locationType: "availability-zone", filters }, ask);
  const zonesOf = (type: string): string[] => locations.filter((_, index) => instanceTypes[index] === type).sort();
  return byKey(
    types.filter((type) => instanceTypes.includes(type)),
    async (type) => {
      const { defaultVcpus, memorySize, supportedArchitectures } = await getInstanceType({ instanceType: type }, ask);
      return { vcpus: defaultVcpus, memoryMiB: memorySize, architectures: supportedArchitectures, zones: zonesOf(type) };
    },
  );
}

async function offeredImage(id: string, ask: pulumi.InvokeOptions): Promise<OfferedImage | undefined> {
  // An image that is deprecated can still be started.
  const found = await there(getAmi({ filters: [{ name: "image-id", values: [id] }], includeDeprecated: true }, ask));
  if (found === undefined) return undefined;
  return { architecture: found.architecture, state: found.state, name: found.name, diskGiB: rootSize(found) };
}

function rootSize({ blockDeviceMappings, rootDeviceName }: GetAmiResult): number {
  const root = blockDeviceMappings.find(({ deviceName }) => deviceName === rootDeviceName);
  return Number(root?.ebs.volume_size ?? root?.ebs.volumeSize ?? 0);
}

async function subnetOf(id: string, ask: pulumi.InvokeOptions) {
  const found = await there(getSubnet({ filters: [{ name: "subnet-id", values: [id] }] }, ask));
  return found === undefined ? undefined : { vpc: found.vpcId, zone: found.availabilityZone };
}

/** The provider says in its own words that there is none. */
async function there<T>(asking: Promise<T>): Promise<T | undefined> {
  try {
    return await asking;
  } catch (error) {
    if (/returned no results|no matching .* found|InvalidAMIID|InvalidSubnetID/i.test((error as Error).message)) return undefined;
    throw error;
  }
}

const unique = (values: readonly (string | undefined)[]): string[] => [...new Set(values.filter((value) => value !== undefined))];

async function byKey<T>(keys: readonly string[], ask: (key: string) => Promise<T>): Promise<Record<string, T>> {
  return Object.fromEntries(await Promise.all(keys.map(async (key) => [key, await ask(key)] as const)));
}
