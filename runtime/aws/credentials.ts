/** The instance role's credentials, by version 2 of the metadata service. */
import * as z from "../zod.ts";

export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string;
}

/** New ones are there five minutes before the end of the old ones (EC2 guide, "Retrieve security credentials from instance metadata"). */
const GOOD_FOR_MS = 240_000;
const TOKEN_SECONDS = 60;
const TIMEOUT_MS = 20_000;

const documentSchema = z.object({ AccessKeyId: z.string(), SecretAccessKey: z.string(), Token: z.string() });

export class InstanceCredentials {
  readonly #url: string;
  readonly #nowMs: () => number;
  #known: { credentials: Credentials; untilMs: number } | undefined;

  /** @param nowMs a monotonic clock */
  constructor(url: string, nowMs: () => number = () => performance.now()) {
    this.#url = url;
    this.#nowMs = nowMs;
  }

  /** @throws Error when the metadata service doesn't answer, or the instance has no role (yet) */
  async get(): Promise<Credentials> {
    if (this.#known !== undefined && this.#nowMs() < this.#known.untilMs) return this.#known.credentials;
    const untilMs = this.#nowMs() + GOOD_FOR_MS;
    const credentials = await this.#ask();
    this.#known = { credentials, untilMs };
    return credentials;
  }

  /** AWS has refused them. */
  forget(): void {
    this.#known = undefined;
  }

  async #ask(): Promise<Credentials> {
    const ttl = { "x-aws-ec2-metadata-token-ttl-seconds": String(TOKEN_SECONDS) };
    const token = await this.#read("/latest/api/token", { method: "PUT", headers: ttl });
    const own = { headers: { "x-aws-ec2-metadata-token": token } };
    const folder = "/latest/meta-data/iam/security-credentials/";
    const role = (await this.#read(folder, own)).split("\n")[0]?.trim() ?? "";
    const { AccessKeyId, SecretAccessKey, Token } = documentSchema.parse(JSON.parse(await this.#read(folder + role, own)));
    return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: Token };
  }

  async #read(path: string, options: RequestInit): Promise<string> {
    const answer = await fetch(this.#url + path, { ...options, signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!answer.ok) throw new Error(`the metadata service answers HTTP ${answer.status} for ${path}`);
    return answer.text();
  }
}
