/** Ctrl-C and TERM as an AbortSignal: the command brings to an end what is under way. @param consequence for people, told once */
export function interruption(consequence: string): AbortSignal {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (!controller.signal.aborted) process.stderr.write(`Interrupted: ${consequence}.\n`);
      controller.abort();
    });
  }
  return controller.signal;
}
