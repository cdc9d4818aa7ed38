/** Python apps for tests of the ASGI shim. */
import { type PythonForTests, pythonForTests } from "../../support/venv.ts";

/** FastAPI, with all that takes long: `/slow?ms=`, `/stream` (server-sent events for ever), `/ws` (echoes, and tells how it ended). */
export const longLived = `
import asyncio, os, socket
from contextlib import asynccontextmanager
from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from fastapi.responses import StreamingResponse

@asynccontextmanager
async def lifespan(app):
    yield
    print("lifespan ended")

app = FastAPI(lifespan=lifespan)

@app.get("/")
async def root():
    return {"pid": os.getpid()}

@app.get("/slow")
async def slow(ms: float):
    print("took /slow")
    await asyncio.sleep(ms / 1000)
    return {"pid": os.getpid()}

@app.get("/stream")
async def stream():
    async def events():
        try:
            while True:
                yield "data: tick\\n\\n"
                await asyncio.sleep(0.05)
        finally:
            print("the stream has ended")
    return StreamingResponse(events(), media_type="text/event-stream")

@app.websocket("/ws")
async def ws(websocket: WebSocket):
    await websocket.accept()
    try:
        while True:
            await websocket.send_text(await websocket.receive_text())
    except WebSocketDisconnect as ended:
        print(f"the app saw {ended.code}")

@app.get("/delays")
async def delays():
    found = []
    for fd in range(3, 64):
        try:
            with socket.socket(fileno=os.dup(fd)) as sock:
                if sock.family == socket.AF_INET:
                    found.append(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        except OSError:
            pass
    return {"noDelay": found}
`;

export const wsgi = `
def app(environ, start_response):
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"].read(length)
    start_response("200 OK", [("content-type", "text/plain")])
    return [b"wsgi " + environ["PATH_INFO"].encode() + b" " + str(len(body)).encode()]
`;

/** uvicorn as with `uvicorn[standard]`, and the adapter for WSGI. */
export const standardPython = (): Promise<PythonForTests> => pythonForTests(["websockets==17.4", "httptools==0.9.0", "a2wsgi==1.10.10"]);
