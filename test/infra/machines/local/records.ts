/** A record as `create` leaves it, for tests. */
import type { MachineRecord } from "../../../../infra/machines/local/registry.ts";

export const whole: MachineRecord = {
  schema: 1,
  name: "web-1",
  spec: { image: "trixie", cores: 1 },
  createId: "a",
  address: "10.213.7.11",
  host: 11,
  netns: "fw00000000-web-1",
  link: "fw00000000-11",
  cgroups: ["/sys/fs/cgroup/fleetwright-00000000/web-1"],
  cpus: [0],
  disk: { id: "d", hostKey: "ssh-ed25519 AAAA", image: "/images/trixie-1" },
  process: null,
};
