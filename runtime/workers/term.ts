/** SIGTERM means drain first. What the app does at SIGTERM would end it at once, requests and all: it gets its turn after that. */

/** A callback-style clean-up (`server.close(() => process.exit())`) can't be awaited: it gets this long. */
const CLEAN_UP_MS = 5_000;

/**
 * Takes SIGTERM over. To be called before the app's module is loaded.
 *
 * @returns begins to listen to it; until then, and if the app doesn't, it ends the process as ever, also a loop that is blocked
 * @param drain called once; its end is what the app's own listeners wait for
 * @param finish called after them, when they have left the process running
 */
export function onTerm(drain: () => Promise<void>, finish: () => Promise<void>): () => void {
  const emit = process.emit as (event: string, ...args: unknown[]) => boolean;
  let running: Promise<void> | undefined;
  const ours = (): void => {
    running ??= drain().then(async () => {
      const theirs = process.listeners("SIGTERM").filter((listener) => listener !== ours);
      await Promise.all(theirs.map(callTheirs));
      if (theirs.length > 0) await new Promise((resolve) => setTimeout(resolve, CLEAN_UP_MS).unref());
      await finish();
    });
  };
  // Node takes hold of `emit` when the first one listens to a signal, the app's module perhaps.
  (process as { emit: unknown }).emit = (event: string, ...args: unknown[]) => {
    if (event !== "SIGTERM") return emit.call(process, event, ...args);
    ours();
    return true;
  };
  return () => void process.on("SIGTERM", ours);
}

async function callTheirs(listener: NodeJS.SignalsListener): Promise<void> {
  try {
    await (listener as (signal: string, number: number) => unknown).call(process, "SIGTERM", 15);
  } catch (error) {
    console.error(error);
  }
}
