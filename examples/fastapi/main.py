"""A small API to put on a fleet."""

import asyncio
import os
from typing import Annotated, Any

from fastapi import Body, FastAPI, Query

app = FastAPI(title="Fleetwright example")


@app.get("/")
async def index() -> dict[str, Any]:
    return {
        "message": "Hello from FastAPI",
        "worker": os.getpid(),
        "release": os.environ.get("FLEETWRIGHT_RELEASE"),
    }


@app.get("/healthz")
async def healthz() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/slow")
async def slow(seconds: Annotated[float, Query(ge=0, le=30)] = 1) -> dict[str, float]:
    await asyncio.sleep(seconds)
    return {"slept": seconds}


@app.post("/echo")
async def echo(body: Annotated[Any, Body()]) -> Any:
    return body
