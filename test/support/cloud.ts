/**
 * A piece of AWS beside a world's machines, on their bridge: the metadata service, S3 and Secrets Manager under their own addresses and
 * names.
 */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { FakeAws } from "../infra/aws/fakes/aws-process.ts";
import { Authority } from "./authority.ts";
import type { Hosts } from "./hosts.ts";

/** EC2 guide, "Access instance metadata". Nobody but the machines sees it here: this computer may have one of its own. */
const METADATA = "169.254.169.254";
const HOST = 250;

export interface Cloud {
  aws: FakeAws;
  /** Where its names lead to. */
  address: string;
  /** PEM of the root that its certificate is of. */
  root: string;
}

/**
 * @param of an address of one of the machines
 * @param folder for its certificate
 * @param names of the services, as machines ask for them
 */
export async function startCloud(hosts: Hosts, of: string, folder: string, names: readonly string[]): Promise<Cloud> {
  const address = of.replace(/\d+$/, String(HOST));
  const netns = wire(hosts.neighbourhood(), address);
  const authority = new Authority(folder);
  const files = [join(folder, "cloud.crt"), join(folder, "cloud.key")] as const;
  const { certificate, key } = authority.chain(authority.issue(names));
  writeFileSync(files[0], certificate);
  writeFileSync(files[1], key, { mode: 0o600 });
  return { aws: await FakeAws.start("boot.py", address, { netns, args: files }), address, root: authority.root };
}

/** The names follow the world's, so that whatever takes its machines down finds these as well. */
function wire({ bridge, prefix }: { bridge: string; prefix: string }, address: string): string {
  const netns = `${prefix}cloud`;
  const link = `${prefix}${HOST}`;
  execFileSync("ip", ["netns", "add", netns]);
  execFileSync("ip", ["link", "add", link, "type", "veth", "peer", "name", "host0", "netns", netns]);
  execFileSync("ip", ["link", "set", link, "master", bridge, "up"]);
  const inside = ["link set lo up", `addr add ${address}/24 dev host0`, `addr add ${METADATA}/32 dev host0`, "link set host0 up"];
  execFileSync("ip", ["-n", netns, "-batch", "-"], { input: inside.join("\n") });
  return netns;
}
