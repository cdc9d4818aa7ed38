/** `fleet image bump`: the newest Debian images into a stack's file. Nothing on AWS is changed. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { type DebianImage, newestDebian } from "../aws/debian-images.ts";
import { exitCodes, FleetError } from "../errors.ts";
import { type Architecture, type ImagesInFile, imagesIn, withImages, withOwnImage } from "./images-file.ts";

export interface BumpOptions {
  stack: string;
  /** Debian's release. */
  debian: "12" | "13";
  /** For this machine alone. */
  machine?: string;
}

type Found = ReadonlyMap<Architecture, DebianImage>;

export async function bumpImages({ stack, debian, machine }: BumpOptions): Promise<number> {
  const path = `Pulumi.${stack}.yaml`;
  const text = existsSync(path) ? readFileSync(path, "utf8") : "";
  const now = imagesIn(text);
  if (now === undefined) throw elsewhere(path);
  if (machine !== undefined && !now.machines.includes(machine)) throw unknown(machine, now, path);
  const found = await newest(now, Number(debian));
  const ids = new Map([...found].map(([arch, { id }]) => [arch, id]));
  const written = machine === undefined ? withImages(text, ids) : withOwnImage(text, machine, ids);
  if (written !== text) writeFileSync(path, written);
  process.stdout.write(`${told(now, found, { path, machine, stack, changed: written !== text }).join("\n")}\n`);
  return exitCodes.ok;
}

async function newest({ region, profile, images }: ImagesInFile, release: number): Promise<Found> {
  const found = new Map<Architecture, DebianImage>();
  for (const arch of images.keys()) {
    const image = await newestDebian({ region, profile }, release, arch).catch((error: Error) => Promise.reject(refused(error, region)));
    if (image === undefined) throw none(release, arch, region);
    found.set(arch, image);
  }
  return found;
}

interface Telling {
  path: string;
  machine: string | undefined;
  stack: string;
  changed: boolean;
}

function told({ images }: ImagesInFile, found: Found, { path, machine, stack, changed }: Telling): string[] {
  const lines = [...found].map(([arch, { id, name }]) => {
    const before = images.get(arch);
    return `${arch}: ${id} (${name})${before === id || machine !== undefined ? "" : `, before: ${before ?? "none"}`}`;
  });
  if (!changed) return [...lines, `${path} has the newest images already.`];
  const whose = machine === undefined ? "" : ` for ${machine} alone`;
  const next = `Next: pulumi up --stack ${stack}. It replaces ${machine ?? "every machine"}; the app is rolled out to what is new.`;
  return [...lines, `Written to ${path}${whose}.`, next];
}

const kept = "everything; the file wasn't changed.";

function elsewhere(path: string): FleetError {
  return new FleetError(`${path} has no machines on AWS ("machines.provider: ec2", with "network.subnets").`, {
    kept,
    next: "name the stack (--stack) in the folder of its Pulumi.yaml; where a program has the configuration, write the image there.",
    exitCode: exitCodes.usage,
  });
}

function unknown(machine: string, { machines }: ImagesInFile, path: string): FleetError {
  return new FleetError(`${path} has no machine "${machine}".`, {
    kept,
    next: `name one of: ${machines.join(", ")}`,
    exitCode: exitCodes.usage,
  });
}

function none(release: number, arch: string, region: string): FleetError {
  return new FleetError(`Debian has no image of its release ${release} for ${arch} in ${region}.`, {
    kept,
    next: "choose the other release: --debian 12",
  });
}

function refused({ name, message }: Error, region: string): FleetError {
  return new FleetError(`AWS didn't list the images in ${region}: ${name}: ${message}`, {
    kept,
    next: "check the credentials (aws sts get-caller-identity) and that they allow ec2:DescribeImages.",
  });
}
