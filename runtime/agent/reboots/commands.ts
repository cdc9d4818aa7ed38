/** The agent's command for its timer: `reboot-if-due`. */
import type { Action } from "../command-words.ts";
import { rebootIfDue } from "./reboot.ts";

export const rebootAction: Action = async (agent, { app }) => {
  const outcome = await rebootIfDue(agent, app);
  agent.report.step("reboot", outcome);
  return { outcome };
};
