/** A machine of a group before its first boot, and the piece of AWS that it fetches, asks and tells. */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type * as pulumi from "@pulumi/pulumi";
import { bootScript } from "../../../infra/aws/boot-script.ts";
import { checkApp } from "../../../infra/build/app.ts";
import { parseFleet } from "../../../infra/config/parse.ts";
import { groupTarget, groupText } from "../../../infra/group-fleet.ts";
import { groupSecrets } from "../../../infra/group-secrets.ts";
import { artifactBuilder } from "../../../infra/rollout/artifacts.ts";
import type { Cloudwatch } from "../../../runtime/cloudwatch.ts";
import { askAsBalancer } from "../../support/as-balancer.ts";
import { Hosts } from "../../support/hosts.ts";
import { writeNodeApp } from "../../support/node-app.ts";
import { FakeAws } from "./fakes/aws-process.ts";
import { groupMachines } from "./samples.ts";

export const SECRET = "correct horse battery staple";
export const API_KEY = "staple battery horse correct";
export const TOKEN = { name: "/prod/token", value: "a first token's value" };
export const DIMENSIONS = { Fleet: "web", Stack: "shop/prod" };
export const LOG_GROUP = "/fleetwright/shop/prod/web";
const MACHINE = "m-1";
const PLACE = { bucket: "artifacts", region: "eu-central-1" };
const SHOWN = ["DB_PASSWORD", "API_KEY", "DB_PORT", "TOKEN"];

/** Says what it is asked to say, and answers its secrets. */
const appThatAnswers = (answer: string): string => `export default (request, response) => {
  if (request.url.startsWith("/say/")) console.log(decodeURIComponent(request.url.slice(5)));
  response.end(JSON.stringify({ answer: ${JSON.stringify(answer)}, secrets: ${JSON.stringify(SHOWN)}.map((name) => process.env[name]),
    host: request.headers.host }));
};`;

const known = <T>(output: pulumi.Output<T>) => new Promise<T>((resolve) => void output.apply((value) => resolve(value as T)));

interface StoredAt {
  arn: string;
  versionId: string;
}

export interface Published {
  /** Its manifest's sha256. */
  manifest: string;
  /** The sha256 of the release's archive. */
  archive: string;
}

export interface PublishOptions {
  /** Where one of its secrets is kept. @default where it is */
  token?: string;
  /** What its machines tell. @default all there is */
  cloudwatch?: Cloudwatch | null;
}

interface Started {
  aws: FakeAws;
  address: string;
  /** The secret that the fleet keeps. */
  own: StoredAt;
  /** One that was there before the fleet. */
  kept: StoredAt;
}

export class BootWorld {
  readonly #hosts = new Hosts("boot");
  readonly #folder = mkdtempSync(join(tmpdir(), "fleetwright-boot-"));
  #started: Started | undefined;
  #boots = 0;

  async start(): Promise<void> {
    const { address } = await this.#hosts.make(MACHINE);
    const aws = await FakeAws.start("boot.py", address.replace(/\.\d+$/, ".1"));
    this.#started = { aws, address, own: { arn: "", versionId: "" }, kept: { arn: "", versionId: "" } };
    await aws.tell("/bucket", { name: PLACE.bucket });
    this.#started.own = (await aws.tell("/secret", { DB_PASSWORD: SECRET })) as StoredAt;
    this.#started.kept = (await aws.tell("/secret", { user: "shop", key: API_KEY, port: 5432 })) as StoredAt;
    await aws.tell("/parameter", TOKEN);
    await aws.tell("/log-group", { name: LOG_GROUP });
  }

  async close(): Promise<void> {
    await this.#started?.aws.close();
    this.#hosts.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get aws(): FakeAws {
    return this.#up.aws;
  }

  get address(): string {
    return this.#up.address;
  }

  get #up(): Started {
    if (this.#started === undefined) throw new Error("not started");
    return this.#started;
  }

  /** Runs a script on the machine. */
  sh(script: string): Promise<string> {
    return this.#hosts.sh(MACHINE, script);
  }

  /** All that the machine has written to its console. */
  console(): string {
    return this.#hosts.console(MACHINE);
  }

  ask(host: string, path?: string): Promise<{ status: number | undefined; body: string }> {
    return askAsBalancer(this.address, host, path);
  }

  /** A release that is whole in the bucket; its app tells its secrets. */
  async publish(answer: string, { token = TOKEN.name, cloudwatch = this.#telling() }: PublishOptions = {}): Promise<Published> {
    const dir = join(this.#folder, answer);
    writeNodeApp(dir, appThatAnswers(answer));
    const config = parseFleet("web", this.#configuration(dir, token));
    const app = checkApp("shop", config.app);
    if (config.machines.provider !== "autoscaling") throw new Error("not a group");
    const target = groupTarget(config.machines);
    const built = await artifactBuilder(app, () => undefined, "whole")([target]);
    const secrets = await known(groupSecrets(config, this.#up.own));
    const parts = { fleet: "web", config, app, target, built, environment: {}, secrets };
    const manifest = groupText({ ...parts, cloudwatch: cloudwatch ?? undefined });
    const release = built.release(target).archive;
    for (const { path, sha256 } of [built.runtime(target.arch).archive, release]) await this.#put(`archives/${sha256}`, path);
    return { manifest: await this.putManifest(manifest), archive: release.sha256 };
  }

  /** @param sha256 what its name says. @returns that */
  async putManifest(text: string, sha256 = createHash("sha256").update(text).digest("hex")): Promise<string> {
    const path = join(this.#folder, "manifest");
    writeFileSync(path, text);
    await this.#put(`manifests/${sha256}`, path);
    return sha256;
  }

  async removeArchive(sha256: string): Promise<void> {
    await this.aws.tell("/remove", { bucket: PLACE.bucket, key: `archives/${sha256}` });
  }

  /** Runs the script as cloud-init does: once, its output on the console. */
  async boot(manifest: string): Promise<{ failed: boolean; said: string }> {
    const { url } = this.aws;
    const archives = `${url}/${PLACE.bucket}`;
    const endpoints = { metadata: url, archives, secrets: url, parameters: url, ssmAgent: `${archives}/ssm` };
    const encoded = Buffer.from(bootScript({ ...PLACE, manifest, endpoints })).toString("base64");
    this.#boots += 1;
    const unit = `user-data-${this.#boots}`;
    const where = `/root/${unit}`;
    const output = ["StandardOutput", "StandardError"].map((stream) => `-p ${stream}=journal+console`).join(" ");
    await this.sh(`echo ${encoded} | base64 -d > ${where}; chmod 700 ${where}`);
    const result = await this.sh(`systemd-run --quiet --wait --unit=${unit} ${output} ${where} && echo ok || echo failed`);
    const said = await this.sh(`journalctl --sync; journalctl -u ${unit} -o cat --no-pager`);
    return { failed: result !== "ok", said };
  }

  /** What its machines are asked to tell. */
  #telling(): Cloudwatch {
    const { url } = this.aws;
    return {
      region: PLACE.region,
      metadataUrl: url,
      metrics: { url, dimensions: DIMENSIONS, certificates: true },
      logs: { url, group: LOG_GROUP },
    };
  }

  #configuration(dir: string, token: string) {
    const { arn } = this.#up.kept;
    const secrets = {
      DB_PASSWORD: SECRET,
      API_KEY: { secretsManager: arn, key: "key" },
      DB_PORT: { secretsManager: arn, key: "port" },
      TOKEN: { ssmParameter: token },
    };
    const machines = { ...groupMachines(), types: [process.arch === "arm64" ? "m7g.large" : "m7i.large"] };
    return { app: { dir, name: "shop", secrets }, machines, https: { domains: ["app.example.org"] } };
  }

  #put(key: string, path: string): Promise<unknown> {
    return this.aws.tell("/put", { bucket: PLACE.bucket, key, path });
  }
}
