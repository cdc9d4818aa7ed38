/** Upgrades and restarts by themselves: what apt is told, and a machine that restarts in its time without losing what is under way. */
import assert from "node:assert/strict";
import { get } from "node:https";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { after, before, describe, test } from "node:test";
import { installPackage, ownSuite } from "../support/debs.ts";
import { Hosts, type Login } from "../support/hosts.ts";
import { writeNodeApp } from "../support/node-app.ts";
import { until } from "../support/poll.ts";
import { evidence, Project, type Run } from "../support/project.ts";
import { UserStack } from "../support/stack.ts";

/** Says at once that it has begun, and ends three seconds later. */
const APP = `
export default (request, response) => {
  if (request.url !== "/slow") return void response.end("fine");
  response.write("begun ");
  setTimeout(() => response.end("ended"), 3_000);
};
`;

/** As the clock will show it so many minutes from now, in UTC. */
const clock = (minutes: number): string => new Date(Date.now() + minutes * 60_000).toISOString().slice(11, 16);
const names = ["web-1", "web-2"];
const suite = ownSuite();

describe("upgrades and restarts by themselves", () => {
  const hosts = new Hosts("upgrades");
  const project = new Project();
  const logins = new Map<string, Login>();
  let stack: UserStack;

  before(async () => {
    for (const name of names) logins.set(name, await hosts.make(name, name === "web-1" ? suite : undefined));
    writeNodeApp(join(project.folder, "app"), APP);
    stack = await UserStack.init(project, "prod");
    configure({ reboots: { from: clock(6 * 60), to: clock(8 * 60) } });
    await up();
  });
  after(async () => {
    await Promise.allSettled([project.remove()]);
    hosts.close();
  });

  function configure(hardening: Record<string, unknown>): void {
    stack.configure({
      name: "shop",
      app: { dir: "app" },
      machines: { provider: "hosts", hosts: [...logins].map(([name, login]) => ({ name, ...login })) },
      hardening,
    });
  }

  async function up(...args: string[]): Promise<Run> {
    const run = await stack.up(...args);
    assert.equal(run.code, 0, evidence(run));
    return run;
  }

  const bootOf = (name: string): Promise<string> => hosts.sh(name, "cat /proc/sys/kernel/random/boot_id");
  const boots = (): Promise<string[]> => Promise.all(names.map(bootOf));
  const said = (name: string): Promise<string> => hosts.sh(name, "journalctl -u fleetwright-reboot -o cat --no-pager | tail -40");

  test("where upgrades must be and the package isn't, up is refused before anything is switched, with the mend", async () => {
    configure({ upgrades: true });
    const run = await stack.up();
    assert.notEqual(run.code, 0, evidence(run));
    assert.match(run.stdout, /unattended-upgrades isn't here/, evidence(run));
    assert.match(run.stdout, /apt-get install unattended-upgrades, or set hardening\.upgrades/, evidence(run));
  });

  test("with it, unattended-upgrades itself takes Debian's security updates and nothing else", { skip: suite === undefined }, async () => {
    await installPackage(hosts, "web-1", "unattended-upgrades");
    const tried = await hosts.sh("web-1", "unattended-upgrade --dry-run --debug 2>&1 | grep -i 'allowed origins'");
    const origins = [...tried.matchAll(/origin=[^,]*,codename=[^,]*,label=[^,'\s]*/g)].map(([origin]) => origin);
    assert.ok(origins.length >= 2, tried);
    const security = new RegExp(`^origin=Debian,codename=${suite}(-security)?,label=Debian-Security$`);
    for (const origin of origins) assert.match(origin, security, tried);
  });

  test("outside of its window a machine that should restart doesn't, says so, and status names it", async () => {
    const before = await boots();
    for (const name of names) await hosts.sh(name, "touch /run/reboot-required; systemctl start fleetwright-reboot.service");
    for (const name of names) await until(`${name} has looked`, async () => /isn't this machine's time/.test(await said(name)), 60_000);
    assert.deepEqual(await boots(), before);
    assert.match((await stack.fleet(["status"])).stdout, /web-1: a reboot is due/);
  });

  test("in its part of the window it restarts, what is under way is answered, it serves again; the other waits for its turn", async () => {
    const before = await boots();
    const traffic = slowRequests(`https://${logins.get("web-1")?.address}/slow`);
    configure({ reboots: { from: clock(-2), to: clock(118) } });
    await up();
    await until("web-1 has restarted", async () => (await bootOf("web-1")) !== before[0], 120_000).catch(async (error: Error) => {
      throw new Error(`${error.message}\n${await said("web-1")}`, { cause: error.cause });
    });
    const { begun, ended, refused } = await traffic.stop();
    const journal = await said("web-1");
    assert.equal(ended, begun, `${begun} begun, ${ended} ended, ${refused} refused\n${journal}`);
    assert.ok(begun > 10 && refused > 0, `${begun} begun, ${refused} refused`);
    await until("it is healthy again", async () => (await stack.status()).machines[0]?.health === "healthy", 120_000);
    const recorded = (): Promise<string> => hosts.sh("web-1", "cat /var/lib/fleetwright/reboot.json");
    await until("it has looked how it came back", async () => /"healthy"/.test(await recorded()), 120_000);
    assert.equal(await bootOf("web-2"), before[1], "web-2's turn is later");
    await until("web-2 has looked", async () => (await said("web-2")).split("isn't this machine's time").length > 2, 60_000);
    await up("--expect-no-changes");
  });

  test("turned off, all of it is taken away", async () => {
    configure({ upgrades: false, reboots: false });
    await up();
    const folders = "/etc/apt/apt.conf.d /etc/systemd/system /etc/systemd/system/timers.target.wants";
    const left = `ls ${folders} 2>/dev/null | grep -E 'fleetwright-(upgrades|reboot)' || echo none`;
    for (const name of names) assert.equal(await hosts.sh(name, left), "none");
    assert.match(await hosts.sh("web-1", "systemctl is-active fleetwright-reboot.timer || true"), /^inactive$/);
    await up("--expect-no-changes");
  });
});

interface Traffic {
  begun: number;
  ended: number;
  /** Not under way: the connection wasn't taken, or nothing was begun on it. */
  refused: number;
}

/** One request each 100 ms; the machine's certificate is of its own authority, which is no matter here. */
function slowRequests(url: string): { stop(): Promise<Traffic> } {
  const traffic: Traffic = { begun: 0, ended: 0, refused: 0 };
  const pending = new Set<Promise<void>>();
  let stopped = false;
  const pacing = (async () => {
    while (!stopped) {
      const one = ask(url, traffic);
      pending.add(one);
      void one.finally(() => pending.delete(one));
      await sleep(100);
    }
  })();
  return {
    stop: async () => {
      stopped = true;
      await pacing;
      await Promise.all(pending);
      return traffic;
    },
  };
}

function ask(url: string, traffic: Traffic): Promise<void> {
  return new Promise((resolve) => {
    let body = "";
    let answered = false;
    const end = (): void => {
      if (body.startsWith("begun")) traffic.begun += 1;
      else traffic.refused += 1;
      if (body === "begun ended") traffic.ended += 1;
      resolve();
    };
    const request = get(url, { rejectUnauthorized: false, agent: false, timeout: 30_000 }, (response) => {
      answered = true;
      response.on("data", (chunk: Buffer) => (body += chunk.toString()));
      response.on("close", end);
      response.on("error", () => undefined);
    });
    request.on("timeout", () => request.destroy());
    request.on("error", () => answered || end());
  });
}
