/** Debian's own images on AWS. */
import { DescribeImagesCommand, EC2Client, type Image } from "@aws-sdk/client-ec2";
import { type AwsPlace, clientOptions } from "./client.ts";

/** The account of the Debian project (wiki.debian.org/Cloud/AmazonEC2Image): anybody may name an image "debian-13-…". */
const DEBIAN_OWNER = "136693071363";

const AWS_WORD = { x64: "amd64", arm64: "arm64" } as const;

export interface DebianImage {
  id: string;
  /** `debian-13-amd64-20260101-1234`. */
  name: string;
}

/** The newest image of a Debian release; undefined when the region has none. @throws what the AWS SDK throws */
export async function newestDebian(place: AwsPlace, release: number, arch: "x64" | "arm64"): Promise<DebianImage | undefined> {
  const client = new EC2Client(clientOptions(place));
  const filters = {
    name: `debian-${release}-${AWS_WORD[arch]}-*`,
    state: "available",
    "virtualization-type": "hvm",
    "root-device-type": "ebs",
  };
  const Filters = Object.entries(filters).map(([Name, value]) => ({ Name, Values: [value] }));
  const { Images = [] } = await client.send(new DescribeImagesCommand({ Owners: [DEBIAN_OWNER], Filters }));
  return newestOf(Images);
}

/** By the date that AWS has, not by the name. Pure. */
export function newestOf(images: readonly Image[]): DebianImage | undefined {
  const [newest] = images.toSorted((a, b) => (b.CreationDate ?? "").localeCompare(a.CreationDate ?? ""));
  return newest?.ImageId === undefined ? undefined : { id: newest.ImageId, name: newest.Name ?? "" };
}
