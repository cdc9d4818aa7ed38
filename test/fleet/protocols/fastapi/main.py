import asyncio
import os

from fastapi import FastAPI, Request, Response, WebSocket, WebSocketDisconnect
from fastapi.responses import PlainTextResponse, StreamingResponse

app = FastAPI()


@app.get("/who")
async def who(request: Request) -> list[str]:
    return [request.client.host, request.url.scheme]


@app.get("/events")
async def events() -> StreamingResponse:
    async def stream():
        while True:
            yield f"data: {os.getpid()}\n\n"
            await asyncio.sleep(0.1)

    return StreamingResponse(stream(), media_type="text/event-stream")


@app.post("/upload")
async def upload(request: Request) -> Response:
    count = 0
    async for chunk in request.stream():
        count += len(chunk)
    return PlainTextResponse(f"{os.getpid()} {count}")


@app.websocket("/ws")
async def ws(socket: WebSocket) -> None:
    await socket.accept()
    try:
        while True:
            await socket.send_text(f"{os.getpid()} {await socket.receive_text()}")
    except WebSocketDisconnect:
        pass


@app.get("/")
@app.post("/echo")
async def index(request: Request) -> Response:
    await request.body()
    return PlainTextResponse(f"fastapi {os.getpid()}")
