/** Whether the system asks for a restart. Reads only. */
import { access } from "node:fs/promises";
import { join } from "node:path";
import { rebootReason } from "../drift-plan.ts";
import { namesIn, readIfThere } from "../files.ts";

/** Debian's packages write it after an update that needs one; a boot clears it. */
const REQUIRED = "/run/reboot-required";

/** @param running the kernel's version. `lasting`: a restart that didn't help leaves the reason there */
export async function rebootDue(running: string): Promise<{ why: string; lasting: boolean } | undefined> {
  const kernels = await installedKernels();
  const lasting = rebootReason(undefined, running, kernels);
  const why = lasting ?? rebootReason(await readIfThere(REQUIRED), running, kernels);
  return why === undefined ? undefined : { why, lasting: lasting !== undefined };
}

/** Kernels that /boot can start. */
async function installedKernels(): Promise<string[]> {
  const names = await namesIn("/boot").catch(() => []);
  const kernels = names.filter((name) => name.startsWith("vmlinuz-"));
  const readable = await Promise.all(
    kernels.map((name) =>
      access(join("/boot", name)).then(
        () => name,
        () => undefined,
      ),
    ),
  );
  return readable.filter((name) => name !== undefined).map((name) => name.slice("vmlinuz-".length));
}
