/** What AWS answers to the program's questions, where all is as samples.ts has it. */
import { ec2Machines } from "./samples.ts";

const ZONES = ["eu-central-1a", "eu-central-1b", "eu-central-1c"];
const { images } = ec2Machines();

export function answerOf(token: string, inputs: Record<string, unknown>): object {
  switch (token) {
    case "aws:route53/getZone:getZone":
      return { ...inputs, zoneId: "Z0EXISTING", id: "Z0EXISTING" };
    case "aws:index/getRegion:getRegion":
      return { region: "eu-central-1" };
    case "aws:index/getCallerIdentity:getCallerIdentity":
      return { accountId: "111122223333" };
    case "aws:index/getAvailabilityZones:getAvailabilityZones":
      return { names: ZONES };
    case "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings":
      return offerings(wanted(inputs));
    case "aws:ec2/getInstanceType:getInstanceType":
      return { defaultVcpus: 2, memorySize: 8192, supportedArchitectures: [/g\./.test(String(inputs.instanceType)) ? "arm64" : "x86_64"] };
    case "aws:ec2/getAmi:getAmi":
      return imageNamed(wanted(inputs)[0] ?? "");
    case "aws:ec2/getSubnet:getSubnet":
      return { vpcId: "vpc-0a", availabilityZone: `eu-central-1${wanted(inputs)[0]?.at(-1)}` };
    default:
      throw new Error(`the program asks ${token}, which no test answers`);
  }
}

/** The values of the question's only filter. */
function wanted({ filters }: Record<string, unknown>): string[] {
  return (filters as { values: string[] }[])[0]?.values ?? [];
}

export function offerings(types: readonly string[], zones: readonly string[] = ZONES): { instanceTypes: string[]; locations: string[] } {
  const pairs = types.flatMap((type) => zones.map((zone) => [type, zone] as const));
  return { instanceTypes: pairs.map(([type]) => type), locations: pairs.map(([, zone]) => zone) };
}

/** As Debian's are: 8 GiB. */
export function imageNamed(id: string): Record<string, unknown> {
  return {
    architecture: id === images.arm64 ? "arm64" : "x86_64",
    state: "available",
    name: "debian-13-amd64-20260101-1234",
    rootDeviceName: "/dev/xvda",
    blockDeviceMappings: [{ deviceName: "/dev/xvda", ebs: { volume_size: "8" } }],
  };
}
