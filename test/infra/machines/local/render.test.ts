import assert from "node:assert/strict";
import { test } from "node:test";
import { overlayOptions } from "../../../../infra/machines/local/disk.ts";
import { imageRecipe } from "../../../../infra/machines/local/image.ts";
import { bridgeCommands, cableCommands } from "../../../../infra/machines/local/network.ts";
import { nspawnCommand } from "../../../../infra/machines/local/nspawn.ts";
import { machinePlace, placeOf } from "../../../../infra/machines/local/place.ts";
import { whole } from "./records.ts";

const place = placeOf("w", "/root");
const machine = machinePlace(place, "web-1");

test("nspawn gets the machine's folder, names, namespace and CPUs", () => {
  const command = nspawnCommand(machine, whole);
  assert.equal(command[0], "systemd-nspawn");
  assert.equal(command.at(-1), "--boot");
  for (const argument of [
    "--directory=/root/w/machines/web-1/root",
    "--hostname=web-1",
    `--machine=${place.prefix}web-1`,
    "--network-namespace-path=/run/netns/fw00000000-web-1",
    "--cpu-affinity=0",
    "--resolv-conf=off",
  ]) {
    assert.ok(command.includes(argument), `${argument} is missing from ${command.join(" ")}`);
  }
});

test("a machine with all cores has no CPU affinity", () => {
  assert.ok(!nspawnCommand(machine, { ...whole, cpus: null }).some((argument) => argument.startsWith("--cpu-affinity")));
  assert.ok(nspawnCommand(machine, { ...whole, cpus: [0, 2] }).includes("--cpu-affinity=0,2"));
});

test("the bridge is in the root namespace with the subnet's first address", () => {
  assert.deepEqual(bridgeCommands("0a0b0c0d", { bridge: "fw0a0b0c0d", subnet: 7 }), [
    "link add fw0a0b0c0d address 02:0a:0b:0c:0d:01 type bridge",
    "addr add 10.213.7.1/24 dev fw0a0b0c0d",
    "link set fw0a0b0c0d up",
  ]);
});

test("a cable leads from the bridge into the machine's namespace", () => {
  assert.deepEqual(
    cableCommands({ key: "0a0b0c0d", bridge: "fw0a0b0c0d" }, { link: "fw0a0b0c0d-11", netns: "n", address: "10.213.7.11", host: 11 }),
    {
      root: [
        "link add fw0a0b0c0d-11 type veth peer name host0 address 02:0a:0b:0c:0d:0b netns n",
        "link set fw0a0b0c0d-11 master fw0a0b0c0d up",
      ],
      inside: ["link set lo up", "addr add 10.213.7.11/24 dev host0", "link set host0 up"],
    },
  );
});

test("colons and commas in a path don't end an overlay's option", () => {
  const options = overlayOptions("/cache:1/image", { upper: "/a,b/upper", work: "/a,b/work" });
  assert.equal(options, "lowerdir=/cache\\:1/image,upperdir=/a\\,b/upper,workdir=/a\\,b/work");
});

test("the recipe of an image differs by suite, so that its name does", () => {
  assert.equal(imageRecipe("bookworm").at(-1), "bookworm");
  assert.notDeepEqual(imageRecipe("bookworm"), imageRecipe("trixie"));
});
