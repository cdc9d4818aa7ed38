/** Takes a machine out of service without losing a request that is under way, and back again. */
import type { Agent } from "../context.ts";
import { unitNames } from "../paths.ts";
import { enabledGenerations, observe, systemctl } from "../systemd.ts";

/**
 * Caddy first: it takes no more, and answers what it has while the app is there; then the socket with the app, which a request would
 * wake again.
 */
export async function drain(agent: Agent, app: string): Promise<void> {
  agent.report.step("reboot", "Caddy answers what it has, then ends");
  await systemctl(agent, "stop", unitNames.caddy);
  const { active } = await observe(agent, app);
  agent.report.step("reboot", `${app} answers what it has, then ends`);
  await systemctl(agent, "stop", unitNames.socket(app), ...active.map((generation) => unitNames.generation(app, generation)));
}

/** What a boot would start. */
export async function serveAgain(agent: Agent, app: string): Promise<void> {
  const generations = await enabledGenerations(agent, app);
  const units = [unitNames.socket(app), ...generations.map((generation) => unitNames.generation(app, generation)), unitNames.caddy];
  for (const unit of units) await systemctl(agent, "start", unit);
}
