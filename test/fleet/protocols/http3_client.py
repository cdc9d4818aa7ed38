"""An HTTP/3 client: asks on one connection until its standard input ends, then says what came of it, as JSON.

    http3_client.py HOST CA_FILE UPLOAD_BYTES
"""

import asyncio
import json
import sys

from aioquic.asyncio.client import connect
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import DataReceived, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration

ANSWER_S = 60


class Client(QuicConnectionProtocol):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._http = H3Connection(self._quic)
        self._waiting = {}

    def quic_event_received(self, event):
        for one in self._http.handle_event(event):
            status_body = self._waiting.get(getattr(one, "stream_id", None))
            if status_body is None:
                continue
            answer, done = status_body
            if isinstance(one, HeadersReceived):
                answer["status"] = int(dict(one.headers)[b":status"])
            if isinstance(one, DataReceived):
                answer["body"] += one.data.decode()
            if getattr(one, "stream_ended", False) and not done.done():
                done.set_result(answer)

    async def ask(self, method, host, path, body=b""):
        stream = self._quic.get_next_available_stream_id()
        done = asyncio.get_running_loop().create_future()
        self._waiting[stream] = ({"status": 0, "body": ""}, done)
        headers = [(b":method", method), (b":scheme", b"https"), (b":authority", host), (b":path", path)]
        if body:
            headers.append((b"content-type", b"application/octet-stream"))
        self._http.send_headers(stream, headers, end_stream=not body)
        if body:
            self._http.send_data(stream, body, end_stream=True)
        self.transmit()
        return await asyncio.wait_for(done, ANSWER_S)


async def main(host, ca_file, upload_bytes):
    configuration = QuicConfiguration(alpn_protocols=H3_ALPN, is_client=True, server_name=host)
    configuration.load_verify_locations(ca_file)
    over = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    async with connect(host, 443, configuration=configuration, create_protocol=Client) as client:
        authority = host.encode()
        upload = await client.ask(b"POST", authority, b"/upload", bytes(int(upload_bytes)))
        print("connected", flush=True)
        asked, failures, bodies = 0, [], []
        while not over.done():
            asked += 1
            try:
                answer = await client.ask(b"GET", authority, b"/")
                if answer["status"] != 200:
                    failures.append(answer)
                elif answer["body"] not in bodies:
                    bodies.append(answer["body"])
            except (OSError, TimeoutError, AssertionError) as error:
                failures.append(repr(error))
                break
            await asyncio.sleep(0.05)
        print(json.dumps({"upload": upload["body"], "asked": asked, "failures": failures, "bodies": bodies}), flush=True)


asyncio.run(main(*sys.argv[1:]))
