"""Runs inside an ASGI worker: uvicorn on inherited sockets, ended without losing a request.

    asgi_worker.py --slot=N --beat-ms=N --drain-ms=N [--direct] MODULE:ATTRIBUTE

Listening sockets are on descriptors 3 and (with --direct) 4, the supervisor is on 5. The working directory is the app's
folder, and the app's own uvicorn is what serves. Python 3.11 and newer.
"""

import argparse
import asyncio
import contextlib
import os
import signal
import socket
import sys
import time

import uvicorn

# The same numbers as `workerFd` in supervisor/launch.ts.
LISTEN_FD, DIRECT_FD, CHANNEL_FD = 3, 4, 5
# Length of the accept queue: the last listen() counts for all workers.
BACKLOG = 4096
# What uvicorn exits with when a start fails.
BOOT_FAILED = 3
# A client whose connection is idle for this long has missed its chance to be told `Connection: close`.
IDLE_GRACE_S = 2.0
# No connection for this long: nothing that was accepted is on its way to uvicorn, either.
QUIET_S = 0.2


class OneAtATime(socket.socket):
    """A listening socket that gives one connection for each wake-up of the loop.

    asyncio accepts up to `backlog` connections in one go: one busy worker would swallow the queue that all share. A smaller
    backlog would do, but it shrinks that queue as well. So each second call says that there is nothing more; the loop
    comes back if there is. uvloop accepts on its own, and takes one at a time anyway.
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

    def send(self, message_type):
        # A supervisor that reads nothing for so long that the buffer is full has missed many beats already.
        with contextlib.suppress(BlockingIOError):
            self._socket.send(b'{"type":"%s"}\n' % message_type)

    def watch(self, loop):
        loop.add_reader(self._socket.fileno(), self._read)

    def _read(self):
        try:
            alive = self._socket.recv(4096) != b""
        except BlockingIOError:
            return
        except OSError:
            alive = False
        if not alive:
            # Not supervised any more: nobody would stop this worker, and it would hold the socket.
            os._exit(1)


class Worker(uvicorn.Server):
    """uvicorn's server, hooked in its tick (ten a second, on the loop) and its signal handler."""

    def __init__(self, config, channel, beat_s, drain_s):
        super().__init__(config)
        self._channel = channel
        self._beat_s = beat_s
        self._drain_s = drain_s
        self._term = False
        self._beaten_at = 0.0
        self._draining_since = None
        self._quiet_since = None

    @property
    def draining(self):
        return self._draining_since is not None

    def handle_exit(self, sig, frame):
        # uvicorn would close idle connections at once, and die of the signal in the end.
        if sig == signal.SIGTERM:
            self._term = True

    async def serve(self, sockets=None):
        self._channel.watch(asyncio.get_running_loop())
        await super().serve(sockets=sockets)

    async def startup(self, sockets=None):
        await super().startup(sockets=sockets)
        if self.started:
            self._channel.send(b"ready")

    async def on_tick(self, counter):
        now = time.monotonic()
        if now - self._beaten_at >= self._beat_s:
            self._beaten_at = now
            self._channel.send(b"beat")
        if self._term and not self.draining:
            self._begin_drain(now)
        ended = await super().on_tick(counter)
        return ended or (self.draining and self._drained(now))

    def _begin_drain(self, now):
        self._draining_since = self._quiet_since = now
        self._channel.send(b"draining")
        for server in self.servers:
            server.close()

    def _drained(self, now):
        """True when uvicorn's own shutdown can do no harm any more: it closes what is idle, and waits for the rest."""
        if self.server_state.connections:
            self._quiet_since = now
        waited = now - self._draining_since
        self.config.timeout_graceful_shutdown = max(0.1, self._drain_s - waited)
        return now - self._quiet_since >= QUIET_S or waited >= min(IDLE_GRACE_S, self._drain_s)


def closing_when_draining(app, worker):
    """The app, with `Connection: close` on every response of a worker that drains."""

    async def wrapped(scope, receive, send):
        if scope["type"] != "http" or scope.get("http_version", "1.1").startswith("2"):
            return await app(scope, receive, send)

        async def send_closing(message):
            if message["type"] == "http.response.start" and worker.draining:
                headers = [pair for pair in message.get("headers", ()) if bytes(pair[0]).lower() != b"connection"]
                message = {**message, "headers": [*headers, (b"connection", b"close")]}
            await send(message)

        return await app(scope, receive, send_closing)

    return wrapped


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--slot", type=int)
    parser.add_argument("--beat-ms", type=float, default=5000)
    parser.add_argument("--drain-ms", type=float, default=30000)
    parser.add_argument("--direct", action="store_true")
    parser.add_argument("app")
    return parser.parse_args()


def inherited(fd):
    sock = OneAtATime(fileno=fd)
    sock.setblocking(False)
    sock.set_inheritable(False)
    return sock


def configuration(app, sockets):
    behind_proxy = sockets[0].family == socket.AF_UNIX
    return uvicorn.Config(
        app,
        access_log=False,
        backlog=BACKLOG,
        # The proxy is the only one that can reach a unix socket; on TCP, uvicorn's own default (this computer) holds.
        forwarded_allow_ips="*" if behind_proxy else None,
        use_colors=False,
    )


def main():
    args = arguments()
    channel = Channel(CHANNEL_FD)
    sockets = [inherited(fd) for fd in ([LISTEN_FD, DIRECT_FD] if args.direct else [LISTEN_FD])]
    config = configuration(args.app, sockets)
    worker = Worker(config, channel, args.beat_ms / 1000, args.drain_ms / 1000)
    config.load()
    config.loaded_app = closing_when_draining(config.loaded_app, worker)

    worker.run(sockets=sockets)
    sys.exit(0 if worker.started else BOOT_FAILED)


if __name__ == "__main__":
    main()
