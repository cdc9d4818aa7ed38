/** uvicorn's own `--workers`. */
import { APPS } from "./contender.ts";
import { foreground } from "./foreground.ts";

export const uvicorn = foreground({
  id: "uvicorn",
  title: "uvicorn",
  family: "asgi",
  // Another child is multiprocessing's resource tracker.
  isWorker: (commandLine) => commandLine.includes("spawn_main"),
  commandLine: ({ app, workers, listen, loop = "uvloop" }, { python, packages }) => ({
    file: python,
    args: [
      ...["-m", "uvicorn", `${app}:app`, "--app-dir", APPS, "--workers", String(workers), "--no-access-log"],
      ...("socketPath" in listen ? ["--uds", listen.socketPath] : ["--host", listen.host, "--port", String(listen.port)]),
    ],
    env: { PYTHONPATH: packages[loop] },
  }),
});
