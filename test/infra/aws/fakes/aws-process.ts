/** Runs one of the fakes of AWS beside this file: Python, with moto and botocore in their pinned versions. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pythonForTests } from "../../../support/venv.ts";

const REQUIREMENTS = ["moto==5.2.5", "boto3==1.44.8", "botocore==1.44.8", "flask==3.1.3", "flask-cors==6.0.5", "PyYAML==6.0.3"];

export interface FakeAwsOptions {
  /** The network namespace that it runs in. @default this process's */
  netns?: string;
  /** More arguments of the script. */
  args?: readonly string[];
}

export class FakeAws {
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #said: string[];

  private constructor(url: string, child: ChildProcess, said: string[]) {
    this.url = url;
    this.#child = child;
    this.#said = said;
  }

  /** @param address of this computer, or of the namespace, to listen on */
  static async start(script: string, address: string, { netns, args = [] }: FakeAwsOptions = {}): Promise<FakeAws> {
    const { python, packages } = await pythonForTests(REQUIREMENTS);
    // It ends with its standard input, and so with this process, however that ends.
    const [program, ...before] = netns === undefined ? [python] : ["ip", "netns", "exec", netns, python];
    const child = spawn(program ?? python, [...before, join(import.meta.dirname, script), address, ...args], {
      env: { ...process.env, PYTHONPATH: packages, AWS_EC2_METADATA_DISABLED: "true", PYTHONUNBUFFERED: "1" },
      stdio: ["pipe", "pipe", "pipe"],
    });
    const said: string[] = [];
    child.stderr.setEncoding("utf8").on("data", (text: string) => void said.push(text));
    const [port] = await Promise.race([once(createInterface({ input: child.stdout }), "line"), once(child, "exit").then(() => [""])]);
    if (port === "") throw new Error(`${script} ended:\n${said.join("")}`);
    return new FakeAws(`http://${address}:${port}`, child, said);
  }

  /** Tells it something. @returns what it answers, as JSON */
  async tell(path: string, what?: object): Promise<unknown> {
    const answer = await fetch(`${this.url}/_fake${path}`, what === undefined ? {} : { method: "POST", body: JSON.stringify(what) });
    if (!answer.ok) throw new Error(`${path}: HTTP ${answer.status}\n${this.log}`);
    return answer.json();
  }

  get log(): string {
    return this.#said.join("");
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await ended;
  }
}
