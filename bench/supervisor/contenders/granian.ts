/** granian: a server in Rust that calls the Python app. */
import { APPS } from "./contender.ts";
import { foreground } from "./foreground.ts";

export const granian = foreground({
  id: "granian",
  title: "granian",
  family: "asgi",
  note: "granian runs with --respawn-failed-workers: by default it stops as a whole when a worker dies.",
  isWorker: (commandLine) => !commandLine.includes("resource_tracker"),
  commandLine: ({ app, workers, listen }, { python, packages }) => ({
    file: python,
    args: [
      ...["-m", "granian", "--interface", "asgi", "--workers", String(workers), "--respawn-failed-workers", "--working-dir", APPS],
      ...("socketPath" in listen ? ["--uds", listen.socketPath] : ["--host", listen.host, "--port", String(listen.port)]),
      `${app}:app`,
    ],
    env: { PYTHONPATH: packages.uvloop },
  }),
});
