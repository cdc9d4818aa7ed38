/** What one key of a manifest's `hardening`, or of its `cloudwatch`, is on a machine. */
import type { Manifest } from "../../manifest.ts";
import type { Agent } from "../context.ts";
import type { Paths } from "../paths.ts";

/** What only the machine knows. */
export interface Sight {
  /** The ports that its sshd listens on. */
  sshPorts: number[];
}

export interface BaselineFile {
  path: string;
  mode: number;
  /** Pure. Called only where the manifest asks for the part. */
  text(manifest: Manifest, sight: Sight): string;
}

/** `boot`: before the sockets and apps, when no job of systemd's can be waited for. */
export type Moment = "now" | "boot";

export interface BaselinePart {
  /** Its key in the manifest. */
  name: string;
  /** Whether a mistake in it could keep the operator out: then it is on trial until a new login has come through. */
  mayLockOut: boolean;
  /** Whether the manifest asks for it. Pure. */
  asked(manifest: Manifest): boolean;
  /** All of its files; they are removed where the manifest doesn't ask for it. Pure. */
  files(paths: Paths): BaselineFile[];
  /**
   * Makes what is on disk effective, also that there is nothing. Idempotent.
   * @throws AgentFailure in the tool's words; the files are then put back and this is called again
   */
  activate(agent: Agent, on: boolean, moment: Moment): Promise<void>;
  /** What isn't in effect although its files are there, for people. Reads only. */
  lacks(agent: Pick<Agent, "run" | "paths">): Promise<string[]>;
}
