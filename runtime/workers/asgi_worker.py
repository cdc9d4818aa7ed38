"""Runs inside an ASGI worker: uvicorn on inherited sockets, ended without losing a request.

    asgi_worker.py --slot=N --beat-ms=N --drain-ms=N [--max-requests=N] [--access-log] [--wsgi] [--direct] MODULE:ATTRIBUTE

Listening sockets are on descriptors 3 and (with --direct) 4, the supervisor is on 5. The working directory is the app's
folder, and the app's own uvicorn is what serves. Python 3.11 and newer.

The supervisor hears `ready`, `beat` (with counts), `spent` (that many requests were answered; it serves on) and `draining`.
A failed start, whatever way the app took to fail, is exit code 3. TERM drains:

- Nothing is accepted any more. What was accepted is answered, with `Connection: close`.
- After 2 s, idle connections are closed and WebSockets get the close code 1012 (service restart). `should_exit` turns true.
- Streams and requests that are left at --drain-ms are cancelled. Then comes the app's own shutdown (lifespan). A thread
  can't be cancelled: one that is still busy then keeps the process, which is for the supervisor to kill.
"""

import argparse
import asyncio
import contextlib
import importlib
import json
import os
import signal
import socket
import sys
import time
import traceback

import uvicorn
from uvicorn.importer import import_from_string

# The same numbers as `workerFd` and `BACKLOG` (the last listen() counts for all workers) in supervisor/launch.ts.
LISTEN_FD, DIRECT_FD, CHANNEL_FD = 3, 4, 5
BACKLOG = 4096
# What uvicorn exits with when a start fails.
BOOT_FAILED = 3
# A client whose connection is idle for this long has missed its chance to be told `Connection: close`.
IDLE_GRACE_S = 2.0
# For cancelled requests to clean up.
CANCEL_S = 0.5
# Longer than a proxy in front keeps an idle connection, as in node-app.ts: the proxy should be the one that closes it.
KEEP_ALIVE_S = 75
# No connection for this long: nothing that was accepted is on its way to uvicorn, either.
QUIET_S = 0.2


class OneAtATime(socket.socket):
    """Gives one connection for each wake-up of the loop.

    asyncio (3.11 to 3.14) accepts up to `backlog` connections in one go: one busy worker would swallow the queue that all
    share, and a smaller backlog would shrink it. So each second call says that there is nothing more; the loop comes back
    if there is. uvloop accepts on its own, one at a time anyway. Before its first request runs, and blocks, asyncio has
    taken three more, uvloop one.
    """

    _gave_one = False

    def accept(self):
        if self._gave_one:
            self._gave_one = False
            raise BlockingIOError
        connection = super().accept()
        self._gave_one = True
        return connection


class Channel:
    """This end of the line to the supervisor: one JSON object a line."""

    def __init__(self, fd):
        self._socket = socket.socket(fileno=fd)
        self._socket.setblocking(False)
        self._socket.set_inheritable(False)

    def send(self, message_type, **counts):
        # Blocked: a supervisor that reads nothing for so long has missed many beats already. Broken: `_read` hears of it.
        with contextlib.suppress(OSError):
            self._socket.send(json.dumps({"type": message_type, **counts}).encode() + b"\n")

    def watch(self, loop):
        loop.add_reader(self._socket.fileno(), self._read)

    def _read(self):
        with contextlib.suppress(ConnectionError):
            if self._socket.recv(4096) != b"":
                return
        # Not supervised any more: nobody would stop this worker, and it would hold the socket.
        os._exit(1)


class Worker(uvicorn.Server):
    """uvicorn's server, hooked in its tick (ten a second, on the loop) and its signal handler."""

    def __init__(self, config, channel, args):
        super().__init__(config)
        self._channel = channel
        self._beat_s = args.beat_ms / 1000
        self._drain_s = args.drain_ms / 1000
        self._max_requests = args.max_requests
        self._next_beat = 0.0
        self._term = self._spent = False
        self.draining = False
        self._draining_since = self._quiet_since = 0.0

    def handle_exit(self, sig, frame):
        # uvicorn would close idle connections at once, and die of the signal in the end.
        if sig == signal.SIGTERM:
            self._term = True

    async def startup(self, sockets=None):
        self._channel.watch(asyncio.get_running_loop())
        await super().startup(sockets=sockets)
        self._end_lifespan, self.lifespan.shutdown = self.lifespan.shutdown, self._shutdown_app
        self._channel.send("ready")

    async def _shutdown_app(self):
        # uvicorn has told tasks to cancel, but not waited: they would find the app's database closed.
        if self.server_state.tasks:
            await asyncio.wait(self.server_state.tasks, timeout=CANCEL_S)
        await self._end_lifespan()

    async def on_tick(self, counter):
        now = time.monotonic()
        self._report(now)
        if self._term and not self.draining:
            self._begin_drain(now)
        if self.draining and self._drained(now):
            self.should_exit = True
        return await super().on_tick(counter)

    def _report(self, now):
        state = self.server_state
        if now >= self._next_beat:
            self._next_beat = now + self._beat_s
            # Tasks: of requests, also while they work on after their answer, and of WebSockets.
            self._channel.send("beat", requests=state.total_requests, active=len(state.tasks), connections=len(state.connections))
        if self._max_requests is not None and not self._spent and state.total_requests >= self._max_requests:
            self._spent = True
            self._channel.send("spent")

    def _begin_drain(self, now):
        self.draining = True
        self._draining_since = self._quiet_since = now
        for server in self.servers:
            server.close()
        self._channel.send("draining")

    def _drained(self, now):
        """True when uvicorn's own shutdown can do no harm any more: it closes what is idle, and waits for the rest."""
        if self.server_state.connections:
            self._quiet_since = now
        waited = now - self._draining_since
        self.config.timeout_graceful_shutdown = max(0.1, self._drain_s - waited)
        return now - self._quiet_since >= QUIET_S or waited >= min(IDLE_GRACE_S, self._drain_s)


def closing_when_draining(app, worker):
    """The app, with `Connection: close` on every response of a worker that drains.

    No coroutines of our own, as those of the app and uvicorn can be handed on: every request pays for this.
    """

    def wrapped(scope, receive, send):
        if scope["type"] != "http" or scope["http_version"].startswith("2"):
            return app(scope, receive, send)

        def send_closing(message):
            if worker.draining and message["type"] == "http.response.start":
                headers = [pair for pair in message.get("headers", ()) if bytes(pair[0]).lower() != b"connection"]
                message = {**message, "headers": [*headers, (b"connection", b"close")]}
            return send(message)

        return app(scope, receive, send_closing)

    return wrapped


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--slot", type=int)
    parser.add_argument("--beat-ms", type=float, default=5000)
    parser.add_argument("--drain-ms", type=float, default=30000)
    parser.add_argument("--max-requests", type=int)
    parser.add_argument("--access-log", action="store_true")
    parser.add_argument("--wsgi", action="store_true")
    parser.add_argument("--direct", action="store_true")
    parser.add_argument("app")
    return parser.parse_args()


def inherited(fd):
    sock = OneAtATime(fileno=fd)
    sock.set_inheritable(False)
    if sock.family != socket.AF_UNIX:
        # What is accepted inherits it. Whoever bound the socket may not have known.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def wsgi(name):
    """The WSGI app of that name as an ASGI app. Prefers a2wsgi, which streams; uvicorn's own adapter keeps whole bodies."""
    app = import_from_string(name)
    for module in ("a2wsgi", "uvicorn.middleware.wsgi"):
        with contextlib.suppress(ImportError):
            return importlib.import_module(module).WSGIMiddleware(app)
    sys.exit(f"{name} is a WSGI app, and uvicorn {uvicorn.__version__} has no adapter for it: add a2wsgi to requirements.txt")


def configuration(args, sockets):
    # Without a lifespan and WebSockets, of which WSGI knows nothing.
    app = {"app": wsgi(args.app), "interface": "asgi3", "lifespan": "off", "ws": "none"} if args.wsgi else {"app": args.app}
    behind_proxy = sockets[0].family == socket.AF_UNIX
    return uvicorn.Config(
        **app,
        access_log=args.access_log,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_S,
        # Given, so that WEB_CONCURRENCY is not even read: how many there are is the supervisor's business.
        workers=1,
        # The proxy is the only one that can reach a unix socket; on TCP, uvicorn's own default (this computer) holds.
        forwarded_allow_ips="*" if behind_proxy else None,
        use_colors=False,
    )


def main():
    args = arguments()
    channel = Channel(CHANNEL_FD)
    sockets = [inherited(fd) for fd in ([LISTEN_FD, DIRECT_FD] if args.direct else [LISTEN_FD])]
    worker = None
    try:
        config = configuration(args, sockets)
        worker = Worker(config, channel, args)
        config.load()
        config.loaded_app = closing_when_draining(config.loaded_app, worker)
        worker.run(sockets=sockets)
    except BaseException as error:
        if worker is not None and worker.started:
            raise
        if not isinstance(error, SystemExit):
            traceback.print_exc()
        # uvicorn has said why before it exits with this code; an app that exits has often not.
        elif error.code != BOOT_FAILED:
            print(f"{args.app}: not started, because of sys.exit({error.code!r})", file=sys.stderr)
        sys.exit(BOOT_FAILED)


if __name__ == "__main__":
    main()
