/** Whether a machine's ports can be reached from this computer. */
import { connect, type Socket } from "node:net";

const PATIENCE_MS = 5_000;

/** A connection from here; undefined when none comes about. */
export function dial(host: string, port: number): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (connected: boolean): void => {
      clearTimeout(timer);
      if (!connected) socket.destroy();
      resolve(connected ? socket : undefined);
    };
    const timer = setTimeout(() => end(false), PATIENCE_MS);
    socket.on("connect", () => end(true)).on("error", () => end(false));
  });
}

export async function reachesPort(host: string, port: number): Promise<boolean> {
  const socket = await dial(host, port);
  socket?.destroy();
  return socket !== undefined;
}

/** Whether so many connections to a port can be open at once, and one more can't. */
export async function takesJust(count: number, host: string, port: number): Promise<boolean> {
  const held = await Promise.all(Array.from({ length: count }, () => dial(host, port)));
  const oneMore = await reachesPort(host, port);
  for (const socket of held) socket?.destroy();
  return !held.includes(undefined) && !oneMore;
}
