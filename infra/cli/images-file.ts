/** The images in a stack's file: read, and written as a person would, so that comments and order stay. Pure. */
import { type Document, isMap, parseDocument, type YAMLMap } from "yaml";
import { architectureOf } from "../config/aws/instance-type.ts";
import { regionOf } from "../config/aws/network-rules.ts";

export type Architecture = "x64" | "arm64";

/** What of a stack's file a bump of its images needs. */
export interface ImagesInFile {
  region: string;
  profile: string | undefined;
  /** By architecture in use; undefined where none is named yet. */
  images: ReadonlyMap<Architecture, string | undefined>;
  /** Names of the machines. */
  machines: readonly string[];
}

/** Undefined when the file doesn't configure machines on AWS. */
export function imagesIn(text: string): ImagesInFile | undefined {
  const document = parseDocument(text);
  const machines = machinesOf(document);
  const subnets = machines?.getIn(["network", "subnets"]);
  const zone = isMap(subnets) ? String((subnets.items[0]?.key as { value?: unknown } | undefined)?.value ?? "") : "";
  if (machines === undefined || zone === "") return undefined;
  const { instances = [], types = [], image, images: several = {} } = machines.toJS(document) as Written;
  const used = [...instances.map(({ type }) => type), ...types].map(architectureOf);
  // A group has one, for the architecture of all its types.
  const images = image === undefined ? several : { [used[0] ?? "x64"]: image };
  const archs = (["x64", "arm64"] as const).filter((arch) => images[arch] !== undefined || used.includes(arch));
  const profile = document.getIn(["config", "aws:profile"]);
  return {
    region: regionOf(zone),
    profile: typeof profile === "string" ? profile : undefined,
    images: new Map(archs.map((arch) => [arch, images[arch]])),
    machines: instances.map(({ name }) => name),
  };
}

interface Written {
  instances?: { name: string; type: string }[];
  types?: string[];
  image?: string;
  images?: Partial<Record<Architecture, string>>;
}

/** With these images for the fleet; what a machine had of its own goes. */
export function withImages(text: string, images: ReadonlyMap<Architecture, string>): string {
  const document = parseDocument(text);
  const machines = machinesOf(document);
  const isGroup = machines?.get("provider") === "autoscaling";
  for (const [arch, id] of images) machines?.setIn(isGroup ? ["image"] : ["images", arch], id);
  for (const instance of instancesOf(machines)) instance.delete("image");
  return document.toString({ lineWidth: 0 });
}

/** With the image for one machine alone. */
export function withOwnImage(text: string, name: string, images: ReadonlyMap<Architecture, string>): string {
  const document = parseDocument(text);
  const instance = instancesOf(machinesOf(document)).find((one) => one.get("name") === name);
  const id = images.get(architectureOf(String(instance?.get("type"))) ?? "x64");
  if (id !== undefined) instance?.set("image", id);
  return document.toString({ lineWidth: 0 });
}

function machinesOf(document: Document): YAMLMap | undefined {
  const machines = document.getIn(["config", "fleetwright:fleet", "machines"]);
  return isMap(machines) && ["ec2", "autoscaling"].includes(String(machines.get("provider"))) ? machines : undefined;
}

function instancesOf(machines: YAMLMap | undefined): YAMLMap[] {
  const list = machines?.get("instances") as { items?: unknown[] } | undefined;
  return (list?.items ?? []).filter((item): item is YAMLMap => isMap(item));
}
