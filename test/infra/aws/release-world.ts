/**
 * Real machines that fetch releases from moto's S3, and get commands by a fake of Run Command that executes the fleet's document on
 * them.
 */
import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { type BootArgs, bootScript, RECORD_KEY } from "../../../infra/aws/boot-script.ts";
import { inPlaceDocument, type InPlaceArgs } from "../../../infra/aws/in-place-script.ts";
import type { InPlacePlan } from "../../../infra/in-place/plan.ts";
import { Hosts } from "../../support/hosts.ts";
import { writeNodeApp } from "../../support/node-app.ts";
import { FakeAws } from "./fakes/aws-process.ts";

const MAIN = join(import.meta.dirname, "../../../infra/cli/main.ts");
export const SECRET = "correct horse battery staple";
const PLACE = { bucket: "artifacts", region: "eu-central-1" };

/** Of a release to machines one by one, all of which must take it. */
export const planBase = {
  schema: 1 as const,
  fleet: "web",
  ...PLACE,
  document: "web-release",
  batch: "1",
  maxErrors: 0,
  warmUpMs: 180_000,
};

export interface Ran {
  code: number | null;
  stdout: string;
  stderr: string;
}

export class ReleaseWorld {
  readonly hosts: Hosts;
  readonly folder: string;
  /** Instance ids by the machines' names. */
  readonly ids: Readonly<Record<string, string>>;
  private fakes: { s3: FakeAws; ssm: FakeAws } | undefined;
  /** Where the app's secret is. */
  stored = { arn: "", versionId: "" };

  constructor(name: string, ids: Readonly<Record<string, string>>) {
    this.hosts = new Hosts(name);
    this.folder = mkdtempSync(join(tmpdir(), `fleetwright-${name}-`));
    this.ids = ids;
  }

  /** @param state of Run Command: how machines are found */
  async start(state: object): Promise<void> {
    const names = Object.keys(this.ids);
    for (const name of names) await this.hosts.make(name);
    const here = this.hosts.login(names[0] ?? "").address.replace(/\.\d+$/, ".1");
    const [s3, ssm] = await Promise.all([FakeAws.start("boot.py", here), FakeAws.start("ssm.py", "127.0.0.1")]);
    this.fakes = { s3, ssm };
    await s3.tell("/bucket", { name: PLACE.bucket });
    this.stored = (await s3.tell("/secret", { DB_PASSWORD: SECRET })) as typeof this.stored;
    const instances = Object.fromEntries(names.map((name) => [this.hosts.login(name).address, this.ids[name]]));
    await s3.tell("", { instances, public: `/${PLACE.bucket}/ssm/` });
    await ssm.tell("", { machines: names.map((name) => ({ id: this.ids[name], login: this.loginWords(name) })), ...state });
  }

  async close(): Promise<void> {
    await Promise.all([this.fakes?.s3.close(), this.fakes?.ssm.close()]);
    this.hosts.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  get s3(): FakeAws {
    if (this.fakes === undefined) throw new Error("not started");
    return this.fakes.s3;
  }

  get ssm(): FakeAws {
    if (this.fakes === undefined) throw new Error("not started");
    return this.fakes.ssm;
  }

  get endpoints() {
    const { url } = this.s3;
    return { metadata: url, archives: `${url}/${PLACE.bucket}`, secrets: url, parameters: url, ssmAgent: `${url}/${PLACE.bucket}/ssm` };
  }

  /** The fleet's document, as the fake of Run Command takes it. */
  documents(more: Partial<InPlaceArgs> = {}) {
    const args = { ...PLACE, app: "shop", endpoints: this.endpoints, ...more };
    return { documents: { "web-release": inPlaceDocument(args) } };
  }

  /** Runs a script given on standard input, as the agent of Systems Manager does: out of a file, as root. */
  private loginWords(name: string): string[] {
    const { address, privateKeyFile } = this.hosts.login(name);
    const trusting = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null"];
    const options = ["BatchMode=yes", "LogLevel=ERROR", `IdentityFile=${privateKeyFile}`, ...trusting];
    const script = 'f=$(mktemp); cat >"$f"; sh "$f"; code=$?; rm "$f"; exit $code';
    return ["ssh", "-F", "none", ...options.flatMap((option) => ["-o", option]), `root@${address}`, script];
  }

  put(key: string, path: string): Promise<unknown> {
    return this.s3.tell("/put", { bucket: PLACE.bucket, key, path });
  }

  async putText(key: string, content: string): Promise<void> {
    const path = join(this.folder, "text");
    writeFileSync(path, content);
    await this.put(key, path);
  }

  /** The folder of an app that says `answer`. @param more what else it does when it starts */
  writeApp(answer: string, more = ""): string {
    const dir = join(this.folder, answer);
    writeNodeApp(
      dir,
      `import { hostname } from "node:os";
      ${more}
      export default (request, response) => response.end(JSON.stringify({ answer: ${JSON.stringify(answer)} }));`,
    );
    return dir;
  }

  /** Where the app's secret is, for a manifest. */
  get secrets() {
    return { stored: this.stored, references: {}, as: { DB_PASSWORD: "environment" as const } };
  }

  /** A release that is whole in the bucket. @returns its manifest's sha256 */
  async publish(manifest: string, archives: readonly { path: string; sha256: string }[]): Promise<string> {
    for (const { path, sha256 } of archives) await this.put(`archives/${sha256}`, path);
    const sha256 = createHash("sha256").update(manifest).digest("hex");
    await this.putText(`manifests/${sha256}`, manifest);
    return sha256;
  }

  /** What machines are born with. */
  async born(): Promise<string> {
    return ((await this.s3.tell("/object", { bucket: PLACE.bucket, key: RECORD_KEY })) as { text: string }).text.trim();
  }

  /** A package with a unit of the agent's name, in place of AWS's. */
  async publishAgent(): Promise<void> {
    const dir = join(this.folder, "agent");
    mkdirSync(join(dir, "DEBIAN"), { recursive: true });
    mkdirSync(join(dir, "lib/systemd/system"), { recursive: true });
    const control = [
      "Package: amazon-ssm-agent",
      "Version: 1",
      "Architecture: all",
      "Maintainer: test <t@example.org>",
      "Description: test",
    ];
    writeFileSync(join(dir, "DEBIAN/control"), `${control.join("\n")}\n`);
    writeFileSync(join(dir, "lib/systemd/system/amazon-ssm-agent.service"), "[Service]\nExecStart=/bin/true\n");
    execFileSync("dpkg-deb", ["--build", "--root-owner-group", dir, join(this.folder, "agent.deb")]);
    for (const arch of ["amd64", "arm64"]) await this.put(`ssm/debian_${arch}/amazon-ssm-agent.deb`, join(this.folder, "agent.deb"));
  }

  /** As cloud-init does it. @returns what is on the console */
  async boot(machine: string, member?: BootArgs["member"]): Promise<string> {
    const encoded = Buffer.from(bootScript({ ...PLACE, manifest: undefined, member, endpoints: this.endpoints })).toString("base64");
    return this.hosts.sh(machine, `echo ${encoded} | base64 -d > /root/user-data; sh /root/user-data 2>&1 || echo "exit code $?"`);
  }

  /** What the app on a machine answers. */
  ask(machine: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const { address: host } = this.hosts.login(machine);
      const loosely = { rejectUnauthorized: false, servername: "", agent: false as const };
      const asked = request({ host, port: 443, path: "/", headers: { host: "app.example.org" }, ...loosely });
      asked.on("error", reject).on("response", async (response) => {
        const body = await text(response);
        if (response.statusCode === 200) resolve(JSON.parse(body).answer);
        else reject(new Error(`HTTP ${response.statusCode}: ${body}`));
      });
      asked.end();
    });
  }

  answers(): Promise<string[]> {
    return Promise.all(Object.keys(this.ids).map((name) => this.ask(name)));
  }

  async release(plan: InPlacePlan): Promise<Ran> {
    const env = {
      ...process.env,
      AWS_ACCESS_KEY_ID: "test",
      AWS_SECRET_ACCESS_KEY: "test",
      AWS_ENDPOINT_URL: this.ssm.url,
      AWS_ENDPOINT_URL_S3: this.s3.url,
      AWS_EC2_METADATA_DISABLED: "true",
      AWS_PROFILE: "",
    };
    const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", MAIN, "in-place", "--pace", "5"], { env });
    child.stdin.end(JSON.stringify(plan));
    const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
    return { code, stdout, stderr };
  }

  /** What to print when it isn't as it should be. */
  async evidence({ stdout, stderr }: Ran): Promise<string> {
    return `${stdout}\n${stderr}\n${JSON.stringify(await this.ssm.tell(""), undefined, 1)}`;
  }
}
