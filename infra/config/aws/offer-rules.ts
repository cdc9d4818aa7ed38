/** What of a configuration AWS doesn't have, as its answers tell, before anything is made. Pure; paths begin at the machines. */
import { at, type Finding } from "../finding.ts";
import { imageOf } from "./image-of.ts";
import { architectureOf } from "./instance-type.ts";
import { regionOf } from "./network-rules.ts";

/** What AWS answered. */
export interface Offer {
  /** Where the stack makes its resources. */
  region: string;
  /** Zones of it that the account may use. */
  zones: readonly string[];
  /** By instance type; those that aren't offered in the region aren't there. */
  types: Readonly<Record<string, OfferedType>>;
  /** By id; undefined where the account sees no such image in the region. */
  images: Readonly<Record<string, OfferedImage | undefined>>;
  /** Subnets that are there already, by id. */
  subnets: Readonly<Record<string, { vpc: string; zone: string } | undefined>>;
}

export interface OfferedType {
  vcpus: number;
  memoryMiB: number;
  /** AWS's words: `x86_64`, `arm64`, … */
  architectures: readonly string[];
  zones: readonly string[];
}

export interface OfferedImage {
  /** AWS's word. */
  architecture: string;
  state: string;
  /** `debian-13-amd64-20260101-1234` for Debian's own. */
  name: string;
  /** Size of the snapshot that its root volume is made from. */
  diskGiB: number;
}

/** What of the machines AWS is asked about. */
export interface OfferKeys {
  network: { vpc?: unknown; subnets: Readonly<Record<string, unknown>> };
  instances: readonly {
    name: string;
    type: string;
    zone?: string | undefined;
    image?: string | undefined;
    debian?: 12 | 13 | undefined;
    diskGiB: number;
  }[];
  images: { x64?: string | undefined; arm64?: string | undefined };
  /** With `ssm` a release is built for what the configuration says of images. @default "ssh" */
  delivery?: "ssh" | "ssm" | undefined;
  debian?: 12 | 13 | undefined;
}

/** What is in an image, where nothing is said. */
export const USUAL_DEBIAN = 13;

const AWS_WORD = { x64: "x86_64", arm64: "arm64" } as const;

export function offerFindings(machines: OfferKeys, offer: Offer): Finding[] {
  const zones = Object.keys(machines.network.subnets);
  const elsewhere = zones.find((zone) => regionOf(zone) !== offer.region);
  if (elsewhere !== undefined) return [elsewhereFinding(elsewhere, offer.region)];
  return [
    ...zones.filter((zone) => !offer.zones.includes(zone)).map((zone) => zoneFinding(zone, offer)),
    ...subnetFindings(machines.network, offer),
    ...machines.instances.flatMap((instance, index) => instanceFindings(instance, `instances.${index}`, zones, offer)),
    ...imageFindings(machines, offer),
    ...diskFindings(machines, offer),
    ...debianFindings(machines, offer),
  ];
}

function elsewhereFinding(zone: string, region: string): Finding {
  const wanted = regionOf(zone);
  const mend = `pulumi config set aws:region ${wanted}, or give the Fleet a provider for it`;
  return { path: ["network", "subnets", zone], message: `is in ${wanted}, and the stack's region is ${region}: ${mend}` };
}

function zoneFinding(zone: string, { region, zones }: Offer): Finding {
  return { path: ["network", "subnets", zone], message: `isn't a zone of ${region} for this account; there are ${zones.join(", ")}` };
}

function subnetFindings({ vpc, subnets }: OfferKeys["network"], offer: Offer): Finding[] {
  if (vpc === undefined) return [];
  return Object.entries(subnets).flatMap(([zone, id]) => {
    if (typeof id !== "string" || !(id in offer.subnets)) return [];
    const at = (message: string): Finding[] => [{ path: ["network", "subnets", zone], message }];
    const subnet = offer.subnets[id];
    if (subnet === undefined) return at(`is ${id}, which isn't there in ${offer.region}`);
    if (subnet.zone !== zone) return at(`is ${id}, which is in ${subnet.zone}`);
    return typeof vpc === "string" && subnet.vpc !== vpc ? at(`is ${id}, which is in ${subnet.vpc}, not in ${vpc}`) : [];
  });
}

function instanceFindings(instance: OfferKeys["instances"][number], key: string, zones: readonly string[], offer: Offer): Finding[] {
  const { type } = instance;
  const zone = instance.zone ?? zones[0] ?? "";
  const offered = offer.types[type];
  if (offered === undefined) return [at(`${key}.type`, `is "${type}", which AWS doesn't offer in ${offer.region}`)];
  const arch = architectureOf(type);
  if (arch !== undefined && !offered.architectures.includes(AWS_WORD[arch])) {
    return [at(`${key}.type`, `is "${type}", which is for ${offered.architectures.join(", ")}; Fleetwright takes it for ${arch}`)];
  }
  if (offered.zones.includes(zone) || !offer.zones.includes(zone)) return [];
  return [at(`${key}.zone`, `is ${zone}, where AWS doesn't offer ${type}; it does in ${offered.zones.join(", ")}`)];
}

function imageFindings({ instances, images }: OfferKeys, offer: Offer): Finding[] {
  const general = (["x64", "arm64"] as const).map((arch) => ({ key: `images.${arch}`, arch, id: images[arch] }));
  const own = instances.map(({ type, image }, index) => ({ key: `instances.${index}.image`, arch: architectureOf(type), id: image }));
  return [...general, ...own].flatMap(({ key, arch = "x64", id }) => {
    if (id === undefined) return [];
    const image = offer.images[id];
    if (image === undefined) return [at(key, `is ${id}, which this account doesn't see in ${offer.region}; ${BUMP}`)];
    if (image.architecture !== AWS_WORD[arch]) return [at(key, `is ${id}, an image for ${image.architecture}`)];
    return image.state === "available" ? [] : [at(key, `is ${id}, whose state is "${image.state}"; ${BUMP}`)];
  });
}

const BUMP = '"fleet image bump" finds the newest Debian';

function diskFindings({ instances, images }: OfferKeys, offer: Offer): Finding[] {
  return instances.flatMap((instance, index) => {
    const { diskGiB } = instance;
    const least = offer.images[imageOf(instance, images) ?? ""]?.diskGiB ?? 0;
    return diskGiB >= least ? [] : [at(`instances.${index}.diskGiB`, `is ${diskGiB}; its image needs ${least} or more`)];
  });
}

/** Of Debian's own images the name tells; of others, only who made them. */
function debianFindings({ delivery, debian: general, instances, images }: OfferKeys, offer: Offer): Finding[] {
  if (delivery !== "ssm") return [];
  const wrong = instances.flatMap((instance, index): [string, Finding][] => {
    const { name = "" } = offer.images[imageOf(instance, images) ?? ""] ?? {};
    const version = /^debian-(\d+)-/.exec(name)?.[1];
    const said = instance.debian ?? general ?? USUAL_DEBIAN;
    if (version === undefined || version === String(said)) return [];
    const key = instance.image === undefined && instance.debian === undefined ? "debian" : `instances.${index}.debian`;
    return [[key, at(key, `is ${said}, and "${instance.name}" has the image ${name}: make it ${version}`)]];
  });
  // One key is told once, whoever it is wrong for.
  return [...new Map(wrong.toReversed()).values()].toReversed();
}
