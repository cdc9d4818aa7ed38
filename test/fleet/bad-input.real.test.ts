/** Each bad input ends in one clear message with the mend, and leaves the machines as they were. */
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Hosts, type Login } from "../support/hosts.ts";
import { until } from "../support/poll.ts";
import { evidence, Project, type Run } from "../support/project.ts";
import { UserStack } from "../support/stack.ts";

/** Short, so that a dead machine is given up soon. */
const CONNECT_TIMEOUT_MS = 3_000;
/** Time enough for a second command to meet the first one's switch. */
const SLOW_BOOT_MS = 10_000;

const nodeApp = (says: string, bootMs = 0): string => `
import { createServer } from "node:http";
await new Promise((resolve) => setTimeout(resolve, ${bootMs}));
const server = createServer((_request, response) => response.end("${says}"));
export default server;
`;

describe("bad input", () => {
  const hosts = new Hosts("bad-input");
  const project = new Project();
  let stack: UserStack;
  /** Serves the app since the first good run. */
  let web1: Login;
  /** Has never been deployed to. */
  let fresh: Login;

  before(async () => {
    [web1, fresh] = await Promise.all([hosts.make("web-1"), hosts.make("fresh")]);
    stack = await UserStack.init(project, "prod");
    app({ "server.mjs": nodeApp("first") });
  });
  after(async () => {
    await Promise.allSettled([project.remove()]);
    hosts.close();
  });

  function app(files: Record<string, string>): void {
    for (const [name, text] of Object.entries(files)) {
      const path = join(project.folder, "apps", name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
  }

  interface Wish {
    app?: Record<string, unknown>;
    hosts?: Record<string, unknown>[];
    rollout?: Record<string, unknown>;
  }
  const onlyWeb1 = (): Record<string, unknown>[] => [{ name: "web-1", ...web1 }];
  const withFresh = (changed: Record<string, unknown> = {}): Record<string, unknown>[] => [
    ...onlyWeb1(),
    { name: "fresh", ...fresh, ...changed },
  ];

  function configure(wish: Wish = {}): void {
    stack.configure({
      name: "shop",
      app: { dir: "apps", ...wish.app },
      machines: { provider: "hosts", hosts: wish.hosts ?? onlyWeb1() },
      rollout: { connectTimeoutMs: CONNECT_TIMEOUT_MS, ...wish.rollout },
    });
  }

  /** What runs on a machine and what there is of ours; the same text as long as nothing has changed. */
  const state = (machine: string): Promise<string> =>
    hosts.sh(
      machine,
      `cd /; ls -d opt/fleetwright/* opt/fleetwright/runtime/* srv/*/*/* etc/systemd/system/* 2>/dev/null; readlink /opt/fleetwright/current
      getent passwd | grep '^fw-'; systemctl list-units --no-legend --plain 'shop*' 'fleetwright*'; systemctl show -p MainPID 'shop@*'
      ls var/lib/fleetwright/shop var/lib/fleetwright/incoming 2>/dev/null; true`,
    );

  /** The error that Pulumi shows: once, with the mend, without a stack trace. */
  function messageOf(run: Run): string {
    assert.notEqual(run.code, 0, evidence(run));
    const diagnostics = run.stdout.slice(run.stdout.indexOf("Diagnostics:"));
    assert.match(diagnostics, /What to do: /, evidence(run));
    assert.match(diagnostics, /Left as it is: /, evidence(run));
    assert.doesNotMatch(run.stdout + run.stderr, /^\s+at .*:\d+:\d+|unhandled|error serializing/im);
    return diagnostics;
  }

  /** Runs `up`, which must fail with all of these words, and leave both machines as they were. */
  async function refused(...words: RegExp[]): Promise<void> {
    const before = [await state("web-1"), await state("fresh")];
    const run = await stack.up();
    const message = messageOf(run);
    for (const word of words) assert.match(message, word, evidence(run));
    assert.deepEqual([await state("web-1"), await state("fresh")], before);
  }

  async function up(): Promise<void> {
    const run = await stack.up();
    assert.equal(run.code, 0, evidence(run));
  }

  test("an unknown key and a wrong type are both reported, by key path, and nothing is created", async () => {
    configure({ app: { healt: { path: "/" } }, rollout: { batch: "many" } });
    await refused(
      /has 2 problems/,
      /app\.healt: unknown key; did you mean "health"\?/,
      /rollout\.batch: given "many"; allowed: a number of machines, or a part of the fleet/,
    );
    const exported = await stack.pulumi(["stack", "export"]);
    assert.doesNotMatch(exported.stdout, /fleetwright:index:Fleet|command:/);
  });

  test("an entry module that doesn't exist is found before anything is created", async () => {
    configure({ app: { node: "nothing.mjs" } });
    await refused(/entry "nothing\.mjs" is missing/, /there: server\.mjs/);
    const exported = await stack.pulumi(["stack", "export"]);
    assert.doesNotMatch(exported.stdout, /fleetwright:index:Fleet|command:/);
    configure();
    await up();
  });

  test("an ordinary user is told that local machines need root, and the command to run", async () => {
    chmodSync(project.folder, 0o755);
    const asNobody = ["--reuid=65534", "--regid=65534", "--clear-groups", process.execPath, "infra/cli/start.mjs", "local"];
    const run = await project.run("setpriv", asNobody);
    assert.equal(run.code, 2, evidence(run));
    assert.match(run.stderr, /local machines need root[\s\S]*Left as it is: everything; nothing was changed[\s\S]*sudo npm run local/);
    assert.doesNotMatch(run.stderr, /^\s+at /m);
  });

  test("an address that doesn't answer is named, with how long was waited", async () => {
    configure({ hosts: withFresh({ address: fresh.address.replace(/\d+$/, "250") }) });
    await refused(/fresh: no answer for [3-9]\.\d s/, /everything; nothing was switched/);
  });

  test("another host key than the pinned one is refused", async () => {
    configure({ hosts: withFresh({ hostKey: web1.hostKey }) });
    await refused(/fresh: .* has another host key/, /ssh-keyscan/);
  });

  test("a refused login is told with user and address", async () => {
    configure({ hosts: withFresh({ user: "nobody" }) });
    await refused(/fresh: the SSH login as nobody@.*:22 was refused/, /authorized_keys/);
  });

  test("a user who may not sudo is told how to allow it", async () => {
    await hosts.sh(
      "fresh",
      "useradd -m -s /bin/bash plain; install -d -m 700 -o plain /home/plain/.ssh; " +
        "install -m 600 -o plain /root/.ssh/authorized_keys /home/plain/.ssh/",
    );
    configure({ hosts: withFresh({ user: "plain" }) });
    await refused(/fresh: user "plain" is not root and "sudo -n" was refused/, /plain ALL=\(ALL\) NOPASSWD: ALL/);
  });

  test("an unsupported system is named", async () => {
    await hosts.sh("fresh", `rm /etc/os-release; printf 'ID=ubuntu\\nVERSION_ID="24.04"\\n' > /etc/os-release`);
    configure({ hosts: withFresh() });
    await refused(/fresh: it runs ubuntu 24\.04; Fleetwright needs Debian 12 or 13/);
    await hosts.sh("fresh", "ln -sf ../usr/lib/os-release /etc/os-release");
  });

  test("a dependency without a wheel for the machine is named before anything is sent", async () => {
    app({
      "../python/main.py": "app = None\n",
      "../python/requirements.txt": "docopt==0.6.2\nuvicorn==0.54.0\nclick==8.5.1\nh11==0.16.0\n",
    });
    configure({ app: { dir: "python" }, hosts: withFresh() });
    await refused(/docopt==0\.6\.2 has no wheel for Python 3\.13/);
  });

  test("a disk that is full while the archives come leaves no half-sent file", async () => {
    configure({ hosts: withFresh() });
    await hosts.sh("fresh", "mkdir -p /var/lib/fleetwright/incoming && mount -t tmpfs -o size=8m none /var/lib/fleetwright/incoming");
    await refused(/fresh: the disk is full/, /df -h/);
    await hosts.sh("fresh", "umount /var/lib/fleetwright/incoming");
  });

  test("a port that is taken on the machine is named with its holder, and web-1 isn't touched", async () => {
    configure({ hosts: withFresh() });
    await hosts.sh("fresh", "systemd-run --quiet --unit=squatter python3 -m http.server 443");
    await until("the squatter listens", async () => (await hosts.sh("fresh", "grep -c ':01BB ' /proc/net/tcp || true")) !== "0", 10_000);
    const before = await state("web-1");
    const run = await stack.up();
    assert.match(
      messageOf(run),
      /fresh: .*TCP port 443 is taken by python3 \(process \d+, squatter\.service\)[\s\S]*systemctl disable --now squatter\.service/,
      evidence(run),
    );
    assert.equal(await state("web-1"), before);
    assert.doesNotMatch(await state("fresh"), /srv\/|fw-|shop/);
    assert.equal((await stack.status()).machines[0]?.health, "healthy", "a failed run leaves the stack's outputs");
    await hosts.sh("fresh", "systemctl stop squatter");
  });

  test("a disk that is full while a release is unpacked leaves nothing of it", async () => {
    configure({ hosts: withFresh() });
    await hosts.sh("fresh", "mount -t tmpfs -o size=4m none /srv");
    await refused(/fresh: .*unpacking needs \d+ MiB on the disk, \d MiB are free/, /Make room on the file system of \/srv/);
    await hosts.sh("fresh", "umount /srv");
    await up();
  });

  test("two at once: one wins, the other says who holds the machine, and nothing breaks", async () => {
    configure();
    app({ "server.mjs": nodeApp("second", SLOW_BOOT_MS) });
    const rival = await UserStack.init(project, "rival");
    rival.configure({ name: "shop", app: { dir: "rival" }, machines: { provider: "hosts", hosts: onlyWeb1() } });
    app({ "../rival/server.mjs": nodeApp("rival") });
    const first = stack.up();
    await until(
      "the first switch is under way",
      async () => (await hosts.sh("web-1", "cat /run/fleetwright/agent.lock || true")).includes("switch"),
      30_000,
    );
    const second = await rival.up();
    assert.match(
      messageOf(second),
      /web-1: .*a rollout of \S+@\S+ holds this machine since \d{4}-[\s\S]*its hold ends by itself in \d+ s\. To take over/,
      evidence(second),
    );
    const won = await first;
    assert.equal(won.code, 0, evidence(won));
    const { machines } = await stack.status();
    assert.equal(machines[0]?.health, "healthy");
    assert.equal(machines[0]?.release, (await stack.outputs()).release);
  });

  test("up was killed half-way: the machine goes back, and up says how to unlock the state", async () => {
    const before = await stack.status();
    app({ "server.mjs": nodeApp("third", 3_000) });
    const killed = await stack.pulumi(["up", "--yes", "--skip-preview"], {
      onStdout: (text, kill) => {
        if (/ start +generation/.test(text)) kill("SIGKILL");
      },
    });
    assert.equal(killed.code, null, evidence(killed));
    const pending = "test ! -e /var/lib/fleetwright/shop/pending.json && echo gone || true";
    await until("web-1 has gone back", async () => (await hosts.sh("web-1", pending)) === "gone", 60_000);
    assert.deepEqual((await stack.status()).machines[0]?.generation, before.machines[0]?.generation);
    const locked = await stack.up();
    assert.match(locked.stderr + locked.stdout, /currently locked by 1 lock[\s\S]*pulumi cancel/, evidence(locked));
    assert.equal((await stack.pulumi(["cancel", "--yes"])).code, 0);
    app({ "server.mjs": nodeApp("fourth") });
    await up();
    assert.notEqual((await stack.status()).release, before.release);
  });
});
