/** gunicorn with uvicorn's worker class. */
import { APPS } from "./contender.ts";
import { foreground } from "./foreground.ts";

export const gunicorn = foreground({
  id: "gunicorn",
  title: "gunicorn + uvicorn-worker",
  family: "asgi",
  commandLine: ({ app, workers, listen }, { python, packages }) => ({
    file: python,
    args: [
      ...["-m", "gunicorn", `${app}:app`, "--chdir", APPS, "--worker-class", "uvicorn_worker.UvicornWorker"],
      // Its control socket lies in the home folder, one for all that run.
      ...["--workers", String(workers), "--no-control-socket"],
      ...["--bind", "socketPath" in listen ? `unix:${listen.socketPath}` : `${listen.host}:${listen.port}`],
    ],
    env: { PYTHONPATH: packages.uvloop },
  }),
});
