/** Unix sockets that their process left behind when it was killed. */
import { rmSync } from "node:fs";
import net from "node:net";

/**
 * Removes a socket that nobody listens on.
 * @returns false when somebody does, or it can't be told
 */
export async function removeStaleSocket(path: string): Promise<boolean> {
  if (!(await refuses(path))) return false;
  rmSync(path, { force: true });
  return true;
}

function refuses(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const client = net.connect(path);
    client.once("connect", () => {
      client.destroy();
      resolve(false);
    });
    client.once("error", (error: NodeJS.ErrnoException) => resolve(error.code === "ECONNREFUSED" || error.code === "ENOENT"));
  });
}
