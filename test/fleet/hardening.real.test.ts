/** What an app, a neighbour and the network can't do to a machine, tried on Debian 12 and 13. The steps build on each other. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { others, own } from "./hardening/attempts.ts";
import { reachesPort, takesJust } from "./hardening/reach.ts";
import { Hosts, type Login } from "../support/hosts.ts";
import { writeNodeApp } from "../support/node-app.ts";
import { until } from "../support/poll.ts";
import { evidence, Project, type Run } from "../support/project.ts";
import { UserStack } from "../support/stack.ts";

const APP = readFileSync(new URL("hardening/app.js", import.meta.url), "utf8");
const NEIGHBOUR = readFileSync(new URL("hardening/neighbour.py", import.meta.url), "utf8");
const PORTS = readFileSync(new URL("hardening/ports.py", import.meta.url), "utf8");
const asUser = (user: string, program: string): string => `runuser -u ${user} -- python3 - <<'END'\n${program}\nEND`;
const MACHINES = ["deb-12", "deb-13"] as const;
const PATIENCE_MS = 120_000;
const SECRET = "a value for the worker alone";
/** By which the operator reaches sshd on 2222, where nobody on the machine would look for it. */
const FORWARDED_PORT = 2200;

describe("a hardened fleet", () => {
  const hosts = new Hosts("hard");
  const project = new Project();
  const logins: Record<string, Login> = {};
  let stack: UserStack;

  function configure({ hardening = {}, app = {}, port }: { hardening?: object; app?: object; port?: number } = {}): void {
    const login = (name: string) => ({ name, ...logins[name], ...(name === "deb-13" && port !== undefined ? { port } : {}) });
    stack.configure({
      name: "shop",
      app: { dir: "app", secrets: { DB_PASSWORD: SECRET }, ...app },
      machines: { provider: "hosts", hosts: MACHINES.map(login) },
      hardening,
    });
  }

  before(async () => {
    const made = await Promise.all([hosts.make("deb-12", "bookworm"), hosts.make("deb-13", "trixie")]);
    MACHINES.forEach((name, index) => (logins[name] = made[index] as Login));
    writeNodeApp(join(project.folder, "app"), APP);
    for (const machine of MACHINES) {
      await hosts.sh(machine, "useradd --create-home neighbour && echo hers > /home/neighbour/notes && chmod -R a+rX /home/neighbour");
    }
    stack = await UserStack.init(project, "prod");
  });
  after(async () => {
    await Promise.allSettled([project.remove()]);
    hosts.close();
  });

  async function up(): Promise<Run> {
    const run = await stack.up();
    assert.equal(run.code, 0, evidence(run));
    return run;
  }

  const everywhere = async (check: (machine: string) => unknown): Promise<void> => {
    for (const machine of MACHINES) await check(machine);
  };
  const address = (machine: string): string => logins[machine]?.address ?? assert.fail(machine);
  const processes = (): Promise<string[]> =>
    Promise.all(MACHINES.map((machine) => hosts.sh(machine, "systemctl show -P MainPID fleetwright-caddy 'shop@*'")));

  /** Asks a worker to try something. */
  const tries = (machine: string, what: string, on = ""): string =>
    execFileSync("curl", ["-sSk", "--max-time", "30", `https://${address(machine)}/?${new URLSearchParams({ what, on })}`], {
      encoding: "utf8",
    });

  const reaches = (machine: string, port: number): Promise<boolean> => reachesPort(address(machine), port);

  /** A program of somebody else's that listens everywhere. */
  const listenOn = (machine: string, port: number): Promise<string> =>
    hosts.sh(
      machine,
      `systemd-run -q -u other-${port} python3 -m http.server ${port}
      until python3 -c 'import socket; socket.create_connection(("127.0.0.1", ${port}))' 2>/dev/null; do sleep 0.2; done`,
    );

  const rules = (machine: string): Promise<string> => hosts.sh(machine, "nft list table inet fleetwright 2>/dev/null || echo none");

  test("it comes up with nothing said, once a new login came through, and a second run finds nothing to do", async () => {
    configure();
    const run = await up();
    assert.match(run.stdout + run.stderr, /deb-12 +hardening +a new login came through/);
    assert.match((await up()).stdout, /unchanged/);
    const drift = await stack.fleet(["drift"]);
    assert.equal(drift.code, 0, evidence(drift));
  });

  test("no unit of ours is worse than its limit in systemd's own judgement", async () => {
    const limits = { "shop@": 1.5, "fleetwright-caddy": 2.5, "shop-lease": 2.5, "fleetwright-converge": 2.5, "fleetwright-firewall": 2.5 };
    await everywhere(async (machine) => {
      const units = (await hosts.sh(machine, "cd /etc/systemd/system; ls -d shop*.service fleetwright-*.service")).split("\n");
      assert.equal(units.length, Object.keys(limits).length, units.join(" "));
      for (const unit of units) {
        const said = await hosts.sh(machine, `systemd-analyze security --no-pager ${unit} | tail -n 1`);
        const limit = Object.entries(limits).find(([name]) => unit.startsWith(name))?.[1] ?? assert.fail(unit);
        const score = Number(/: ([\d.]+)/.exec(said)?.[1] ?? assert.fail(said));
        assert.ok(score <= limit, `${machine}: ${said}`);
      }
    });
  });

  test("an app reads nothing of others, of Caddy or of the agent, and writes to its state folder alone", async () => {
    await everywhere(async (machine) => {
      for (const [what, on] of own) assert.match(tries(machine, what, on), /^could:/, `${machine}: ${what} ${on}`);
      assert.equal(tries(machine, "secret"), `could: ${SECRET}`);
      for (const [what, targets] of Object.entries(others)) {
        for (const on of targets) assert.match(tries(machine, what, on), /^could not:/, `${machine}: ${what} ${on}`);
      }
    });
  });

  test("a port that an app opens is there on its machine, and nowhere else", async () => {
    await everywhere(async (machine) => {
      assert.match(tries(machine, "listen", "7777"), /^could:/);
      await hosts.sh(machine, `python3 -c 'import socket; socket.create_connection(("127.0.0.1", 7777), 5)'`);
      assert.equal(await reaches(machine, 7777), false, machine);
      assert.equal(await reaches(machine, 443), true, machine);
    });
  });

  test("a neighbour on the machine reaches no socket of ours and reads nothing that is secret", async () => {
    await everywhere(async (machine) => {
      const ask = (user: string): Promise<string> => hosts.sh(machine, asUser(user, NEIGHBOUR));
      assert.deepEqual(JSON.parse(await ask("neighbour")), { reached: [], read: [] }, machine);
      // That there is something to find, and the way of looking is right.
      const root = JSON.parse(await ask("root")) as Record<string, string[]>;
      assert.ok((root.reached?.length ?? 0) >= 5 && (root.read?.length ?? 0) >= 4, JSON.stringify(root));
    });
  });

  test("more ways in are let in, and an address has so many connections; no process of the app restarts", async () => {
    const before = await processes();
    await everywhere((machine) => listenOn(machine, 9100));
    await everywhere(async (machine) => assert.equal(await reaches(machine, 9100), false));
    configure({ hardening: { firewall: { connectionsPerAddress: 8, allow: [{ port: 9100, from: ["10.0.0.0/8"] }] } } });
    const run = await up();
    assert.match(run.stdout + run.stderr, /another baseline of the machine/);
    assert.deepEqual(await processes(), before);
    await everywhere(async (machine) => {
      assert.equal(await reaches(machine, 9100), true, machine);
      // Connections of the steps before may still be counted for a moment, and Caddy doesn't keep silent ones for ever.
      await until("eight come through and a ninth doesn't", () => takesJust(8, address(machine), 443), PATIENCE_MS);
      await until("there is room again", () => reaches(machine, 443), PATIENCE_MS);
    });
  });

  test("what somebody changed of it is drift, and the next up puts it back", async () => {
    await hosts.sh("deb-12", "nft add rule inet fleetwright input tcp dport 5432 accept");
    await hosts.sh("deb-13", "echo PasswordAuthentication yes > /etc/ssh/sshd_config.d/00-fleetwright.conf; systemctl reload ssh");
    const drift = await stack.fleet(["drift"]);
    assert.equal(drift.code, 2, evidence(drift));
    assert.match(drift.stdout, /the firewall's rules were changed[\s\S]*00-fleetwright\.conf was changed/);
    await up();
    const after = await stack.fleet(["drift"]);
    assert.equal(after.code, 0, evidence(after));
    assert.match(await hosts.sh("deb-13", "sshd -T"), /^passwordauthentication no$/m);
  });

  test("turned off, nothing of it is left", async () => {
    const before = await processes();
    configure({ hardening: { firewall: false, sshKeysOnly: false } });
    await up();
    await everywhere(async (machine) => {
      assert.equal(await rules(machine), "none");
      assert.equal(await reaches(machine, 9100), true, machine);
      const left = await hosts.sh(machine, "find /etc -name 00-fleetwright.conf -o -name '*firewall*' | grep -v ufw; true");
      assert.equal(left, "", machine);
    });
    assert.deepEqual(await processes(), before);
    const drift = await stack.fleet(["drift"]);
    assert.equal(drift.code, 0, evidence(drift));
  });

  test("rules that lock the operator out are gone again, and every machine is as before", async () => {
    // As behind a router that forwards a port: what sshd says of itself, and where SSH comes in, is neither of the two.
    await hosts.sh(
      "deb-13",
      `/usr/sbin/sshd -p 2222
      nft 'table ip other { chain pre { type nat hook prerouting priority dstnat; tcp dport ${FORWARDED_PORT} redirect to :2222; }; }'`,
    );
    configure({ port: FORWARDED_PORT });
    const run = await stack.up();
    assert.notEqual(run.code, 0, evidence(run));
    assert.match(run.stdout + run.stderr, /deb-13: .*no new SSH login came through the machine's new .*firewall/, evidence(run));
    await everywhere((machine) => until(`${machine} is as before`, async () => (await rules(machine)) === "none", PATIENCE_MS));
    const status = await stack.status();
    assert.deepEqual(
      status.machines.map(({ health }) => health),
      ["healthy", "healthy"],
    );
  });

  test("with that way in allowed it is kept; a worker's port is the app's and Caddy's own", async () => {
    const app = { command: ["node", "command.cjs"], listen: "port" };
    execFileSync("sh", ["-c", `cat > command.cjs`], {
      cwd: join(project.folder, "app"),
      input: `require("node:http").createServer((_, response) => response.end("here")).listen(process.env.PORT);`,
    });
    configure({ port: FORWARDED_PORT, app, hardening: { firewall: { allow: [{ port: 2222 }] } } });
    await up();
    await everywhere(async (machine) => {
      assert.equal(tries(machine, "anything"), "here");
      const ask = (user: string) => hosts.sh(machine, asUser(user, PORTS));
      assert.deepEqual([await ask("neighbour"), await ask("root")], ["False", "True"], machine);
    });
  });

  test("a trial that nobody ends goes back by itself, also over a reboot", async () => {
    const harden = (ms: number) => `python3 - <<'END' | /opt/fleetwright/current/bin/fleethost harden --trial-ms ${ms}
import json
manifest = json.load(open("/var/lib/fleetwright/shop/state.json"))["manifest"]
manifest["hardening"]["firewall"]["connectionsPerAddress"] = 77
print(json.dumps(manifest))
END`;
    assert.match(await hosts.sh("deb-12", `${harden(20_000)}\nnft list table inet fleetwright`), /over 77/);
    await until("the timer has put it back", async () => /over 2048/.test(await rules("deb-12")), PATIENCE_MS);
    await hosts.sh("deb-13", harden(3_600_000));
    assert.match(await rules("deb-13"), /over 77/);
    await hosts.kill("deb-13");
    await hosts.boot("deb-13");
    assert.match(await rules("deb-13"), /over 2048/);
    assert.equal(await hosts.sh("deb-13", "systemctl is-active fleetwright-firewall"), "active");
    assert.equal(await reaches("deb-13", 7777), false);
    await until("it serves again", () => reaches("deb-13", 443), PATIENCE_MS);
  });
});
