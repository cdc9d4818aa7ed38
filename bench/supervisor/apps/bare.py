"""The same app without a framework, so that what is measured is the server."""

import json
import os

PID = os.getpid()
HEADERS = [(b"content-type", b"application/json")]


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        return await lifespan(receive, send)
    answer = {"pid": PID, "ok": True}
    if scope["method"] == "POST":
        answer = {"pid": PID, "id": json.loads(await read(receive)).get("id")}
    body = json.dumps(answer, separators=(",", ":")).encode()
    length = (b"content-length", b"%d" % len(body))
    await send({"type": "http.response.start", "status": 200, "headers": [*HEADERS, length]})
    await send({"type": "http.response.body", "body": body})


async def read(receive):
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body


async def lifespan(receive, send):
    while True:
        message = await receive()
        await send({"type": message["type"] + ".complete"})
        if message["type"] == "lifespan.shutdown":
            return
