/** A machine that cloud-init sets up at its boot, from a seed on its disk (NoCloud), as an instance is by its user data. */
import { appendFileSync, copyFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ensureImage } from "../../infra/machines/local/image.ts";
import type { Cloud } from "./cloud.ts";
import type { Hosts } from "./hosts.ts";

/** What cloud-init remembers of an instance. */
const KNOWN = "var/lib/cloud";
const SEED = `${KNOWN}/seed/nocloud`;
const AUTHORITIES = "etc/ssl/certs/ca-certificates.crt";

/** Of a boot with all that the user data does, on a busy computer. */
export const BOOT_TIMEOUT_MS = 300_000;

/** What a cloud gives by itself: a way to the metadata service. The machine's keys are this computer's to know, and stay. */
const VENDOR_DATA = `#cloud-config
ssh_deletekeys: false
ssh_genkeytypes: []
disable_root: false
bootcmd:
  - ip route replace 169.254.169.254/32 dev host0
`;

export interface Instance {
  name: string;
  image: string;
  address: string;
}

/** Makes a machine, to be booted as an instance on an image with Debian's cloud-init. */
export async function makeInstance(hosts: Hosts, name: string): Promise<Instance> {
  const image = await ensureImage("trixie", () => undefined, ["cloud-init"]);
  const { address } = await hosts.make(name);
  return { name, image, address };
}

/** The machine is to find the cloud by its names, and to trust its certificate. */
export async function introduce(hosts: Hosts, { name, image }: Instance, cloud: Cloud, names: readonly string[]): Promise<void> {
  await hosts.changeImage(name, image);
  const disk = hosts.disk(name);
  appendFileSync(join(disk, "etc/hosts"), `${cloud.address} ${names.join(" ")}\n`);
  mkdirSync(join(disk, dirname(AUTHORITIES)), { recursive: true });
  copyFileSync(join(image, AUTHORITIES), join(disk, AUTHORITIES));
  appendFileSync(join(disk, AUTHORITIES), cloud.root);
}

/**
 * Cuts the machine's power and boots it as an instance of that id, which cloud-init has never seen.
 *
 * @param userData as the launch template has it, decoded
 * @returns what cloud-init says of itself, once all has ended
 */
export async function bootInstance(hosts: Hosts, { name, image }: Instance, id: string, userData: string): Promise<CloudInitStatus> {
  await hosts.changeImage(name, image);
  const disk = hosts.disk(name);
  rmSync(join(disk, KNOWN), { recursive: true, force: true });
  mkdirSync(join(disk, SEED), { recursive: true });
  const files = {
    "meta-data": `instance-id: ${id}\nlocal-hostname: ${name}\n`,
    "network-config": "version: 2\nethernets: {}\n",
    "vendor-data": VENDOR_DATA,
    "user-data": userData,
  };
  for (const [file, text] of Object.entries(files)) writeFileSync(join(disk, SEED, file), text);
  await hosts.make(name, "trixie", BOOT_TIMEOUT_MS);
  return JSON.parse(await hosts.sh(name, "cloud-init status --wait --format json || :")) as CloudInitStatus;
}

export interface CloudInitStatus {
  status: string;
  errors: string[];
}

/** Everything that tells why an instance didn't come up. */
export function evidenceOf(hosts: Hosts, name: string): Promise<string> {
  const asked = ["cloud-init status --long", "systemctl --failed --no-pager", "journalctl -b -o short-monotonic --no-pager | tail -n 200"];
  return hosts.sh(name, `for what in ${asked.map((one) => `'${one}'`).join(" ")}; do echo "--- $what"; sh -c "$what" 2>&1 || :; done`);
}
