/** `npm run bench:deploy`: a one-line change and no change, ours and an Ansible playbook, on the same machines. See ../README.md. */
import { appendFileSync, readFileSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import { join } from "node:path";
import { startLoad } from "../../test/support/load.ts";
import { Project } from "../../test/support/project.ts";
import { median, text } from "../supervisor/numbers.ts";
import { render, type Row } from "../supervisor/table.ts";
import { ansibleFolder } from "./ansible.ts";
import { type Options, parse, USAGE } from "./options.ts";
import { type BenchMachine, deployOurs, machinesOf } from "./ours.ts";
import { deployTheirs, prepareTheirs } from "./theirs.ts";
import { difference, readTraffic } from "./traffic.ts";

const say = (line: string): void => void process.stderr.write(`${line}\n`);
const REQUESTS_PER_SECOND = 40;
const MAX_REQUESTS = 20_000;
const CHANGES = ["one line", "none"] as const;

interface Sample {
  side: string;
  change: string;
  wallMs: number;
  rolloutMs: number;
  bytes: number;
}

interface Side {
  name: string;
  app: string;
  port: number;
  ca(machine: BenchMachine): string;
  deploy(): Promise<{ wallMs: number; rolloutMs: number }>;
}

function readOptions(): Options {
  try {
    return parse(process.argv.slice(2));
  } catch (error) {
    say(`${(error as Error).message}\n\n${USAGE}`);
    process.exit(2);
  }
}

/** Of `playbook/roles/caddy/templates/Caddyfile.j2`. */
const THEIR_PORT = 8443;

/** Our firewall, which is on, knows nothing of the other side's port. */
function letIn(project: Project, port: number): void {
  appendFileSync(join(project.folder, "Pulumi.local.yaml"), `    hardening: { firewall: { allow: [{ port: ${port} }] } }\n`);
}

async function measure(size: number, rounds: number): Promise<Row[]> {
  const project = new Project();
  letIn(project, THEIR_PORT);
  try {
    const sides = await makeSides(project, size);
    const links = machinesOf(project).map(({ link }) => link);
    const samples: Sample[] = [];
    for (let round = 0; round < rounds; round++) {
      for (const side of round % 2 === 0 ? sides : [...sides].reverse()) {
        for (const change of CHANGES) {
          if (change === "one line") changeOneLine(side.app, round);
          const before = readTraffic(links);
          const run = await side.deploy();
          samples.push({ side: side.name, change, ...run, bytes: difference(before, readTraffic(links)).toMachines });
          say(`${size} machines, ${side.name}, change ${change}: ${text(run.wallMs)} ms`);
        }
      }
    }
    const lost: Record<string, string> = {};
    for (const side of sides) lost[side.name] = await underLoad(side, machinesOf(project), rounds);
    return sides.flatMap(({ name }) => CHANGES.map((change) => row(size, samples, name, change, lost[name] ?? "")));
  } finally {
    await project.remove();
  }
}

async function makeSides(project: Project, size: number): Promise<Side[]> {
  await deployOurs(project, size);
  const machines = machinesOf(project);
  const folder = join(project.folder, ".bench-ansible");
  const app = join(project.folder, "examples", "fastapi");
  await prepareTheirs(folder, app, machines, say);
  const ansible = await ansibleFolder(say);
  const deploy = async () => ({ wallMs: await deployTheirs(ansible, folder), rolloutMs: 0 });
  await deploy();
  const ourCa = readFileSync(join(project.folder, ".fleetwright", "local", "ca.pem"), "utf8");
  const theirCa = ({ root }: BenchMachine) => readFileSync(join(root, "var/lib/ans-caddy/caddy/pki/authorities/local/root.crt"), "utf8");
  return [
    { name: "fleetwright", app, port: 443, ca: () => ourCa, deploy: () => deployOurs(project, size) },
    { name: "ansible", app: join(folder, "app"), port: THEIR_PORT, ca: theirCa, deploy },
  ];
}

function changeOneLine(app: string, round: number): void {
  appendFileSync(join(app, "main.py"), `\nCHANGE = ${round}\n`);
}

/** Apart from what is timed, as the load's own bytes would count. */
async function underLoad(side: Side, machines: readonly BenchMachine[], round: number): Promise<string> {
  const loads = machines.map((machine) =>
    startLoad({
      origin: `https://${machine.address}:${side.port}`,
      caPem: side.ca(machine),
      requestsPerSecond: REQUESTS_PER_SECOND / machines.length,
      maxRequests: MAX_REQUESTS,
    }),
  );
  changeOneLine(side.app, round);
  try {
    await side.deploy();
  } finally {
    await Promise.all(loads.map((load) => load.stop()));
  }
  const results = await Promise.all(loads.map((load) => load.stop()));
  const failures = results.flatMap((result) => result.failures);
  for (const failure of failures.slice(0, 5)) say(`${side.name} lost: ${failure}`);
  return `${failures.length}/${results.reduce((sum, { sent }) => sum + sent, 0)}`;
}

function row(size: number, samples: readonly Sample[], side: string, change: string, lost: string): Row {
  const of = (name: string) => samples.filter((sample) => sample.side === name && sample.change === change);
  const wall = of(side).map(({ wallMs }) => wallMs / 1000);
  const pairs = of(side).map(({ wallMs }, round) => wallMs / (of("ansible")[round]?.wallMs ?? Number.NaN));
  return {
    machines: String(size),
    side,
    change,
    "wall s": `${text(median(wall))} (${text(Math.min(...wall))}..${text(Math.max(...wall))})`,
    "of which rollout s": side === "ansible" ? "" : text(median(of(side).map(({ rolloutMs }) => rolloutMs / 1000))),
    "time/ansible's": text(median(pairs)),
    "KiB to machines": text(median(of(side).map(({ bytes }) => bytes / 1024))),
    "lost/sent": change === "none" ? "" : lost,
  };
}

const { sizes, rounds } = readOptions();
process.stdout.write(`rerun: npm run bench:deploy -- --sizes ${sizes.join(",")} --rounds ${rounds}\n`);
process.stdout.write(`cores: ${availableParallelism()}; load average before: ${loadavg()[0]?.toFixed(1)}\n`);
const rows: Row[] = [];
for (const size of sizes) rows.push(...(await measure(size, rounds)));
const notes = [
  `lost: one more one-line change each, ${REQUESTS_PER_SECOND} requests a second over all machines, GET and POST, fresh and kept.`,
];
process.stdout.write(`${render(`Deploys, medians (min..max) of ${rounds} rounds`, rows, notes)}\n`);
process.stdout.write(`load average after: ${loadavg()[0]?.toFixed(1)}\n`);
