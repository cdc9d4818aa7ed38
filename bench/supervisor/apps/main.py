"""The app of all ASGI contenders, on FastAPI."""

import asyncio
import os
import time

from fastapi import Body, FastAPI

app = FastAPI()
PID = os.getpid()


@app.get("/")
async def read():
    return {"pid": PID, "ok": True}


@app.post("/echo")
async def echo(body: dict = Body()):
    return {"pid": PID, "id": body.get("id")}


@app.get("/sleep")
async def sleep(ms: int):
    await asyncio.sleep(ms / 1000)
    return {"pid": PID, "ok": True}


@app.get("/block")
async def block(ms: int):
    time.sleep(ms / 1000)
    return {"pid": PID, "ok": True}
