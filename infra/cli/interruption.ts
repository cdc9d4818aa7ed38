/** Ctrl-C and TERM as an AbortSignal: what is under way is put back, then the command ends. */
export function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (!controller.signal.aborted) process.stderr.write("Interrupted: what was switched is put back.\n");
      controller.abort();
    });
  }
  return controller.signal;
}
