/** Controls whose outcomes the test decides on: what a control socket is served for. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { lstatSync } from "node:fs";
import { promisify } from "node:util";
import type { Outcome, SupervisorStatus } from "../../../runtime/supervisor-report.ts";
import type { Controls } from "../../../runtime/supervisor/controls.ts";
import { sampleStatus } from "./sample-status.ts";

export class AskedControls implements Controls {
  readonly scaledTo: number[] = [];
  readonly reloads: PromiseWithResolvers<Outcome>[] = [];
  status(): SupervisorStatus {
    return sampleStatus();
  }
  reload(): Promise<Outcome> {
    const outcome = Promise.withResolvers<Outcome>();
    this.reloads.push(outcome);
    return outcome.promise;
  }
  async scale(workers: number): Promise<Outcome> {
    this.scaledTo.push(workers);
    return workers <= 8 ? { ok: true, text: `${workers} workers are ready` } : { ok: false, text: "At most 8 as configured" };
  }
  async untilAsked(): Promise<void> {
    const deadlineMs = performance.now() + 5_000;
    while (this.reloads.length === 0) {
      assert.ok(performance.now() < deadlineMs, "nobody asked for a reload");
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

/** As a killed process leaves it: the file is there, nobody listens. */
export async function leaveStaleSocket(path: string): Promise<void> {
  const program = `require("net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`;
  await promisify(execFile)(process.execPath, ["-e", program]).catch(() => {});
  assert.ok(lstatSync(path).isSocket());
}
