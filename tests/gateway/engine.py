"""A small real engine: Starlette on uvicorn, HTTP, WebSocket and server-sent events."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

PAGE = "<!doctype html><title>the engine</title><h1 id=engine>the engine</h1>"


class Engine:
    """What it saw, for tests; ``port`` once it runs."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, list[tuple[str, str]]]] = []
        self.port = 0
        self.open_websockets = 0
        self.open_streams = 0
        self.received_bytes = 0
        self.release = asyncio.Event()
        self.app = Starlette(
            routes=[
                Route("/", self.page),
                Route("/seen", self.seen, methods=["GET", "POST", "PUT", "DELETE", "OPTIONS"]),
                Route("/echo", self.echo, methods=["POST", "PUT"]),
                Route("/count", self.count, methods=["POST"]),
                Route("/download", self.download),
                Route("/file", self.file),
                Route("/events", self.events),
                Route("/held", self.held),
                Route("/status/{code:int}", self.status, methods=["GET", "POST"]),
                Route("/cookies", self.cookies),
                Route("/refuse", self.refuse, methods=["POST"]),
                WebSocketRoute("/ws", self.websocket),
            ]
        )

    def headers_of_last(self) -> dict[str, str]:
        return dict(self.requests[-1][2])

    def _note(self, request: Request) -> None:
        headers = [(k.decode("latin-1"), v.decode("latin-1")) for k, v in request.headers.raw]
        self.requests.append((request.method, str(request.url), headers))

    async def page(self, request: Request) -> Response:
        self._note(request)
        return HTMLResponse(PAGE)

    async def seen(self, request: Request) -> Response:
        self._note(request)
        headers = [[k.decode("latin-1"), v.decode("latin-1")] for k, v in request.headers.raw]
        target = request.scope["raw_path"].decode()
        if request.scope["query_string"]:
            target += "?" + request.scope["query_string"].decode()
        return JSONResponse({"method": request.method, "target": target, "headers": headers})

    async def echo(self, request: Request) -> Response:
        self._note(request)
        return Response(await request.body(), media_type="application/octet-stream")

    async def count(self, request: Request) -> Response:
        self._note(request)
        size = 0
        try:
            async for piece in request.stream():
                size += len(piece)
                self.received_bytes = size
        except ClientDisconnect:
            return PlainTextResponse("gone")
        return PlainTextResponse(str(size))

    async def download(self, request: Request) -> Response:
        size = int(request.query_params["bytes"])
        chunked = "chunked" in request.query_params

        async def body() -> AsyncIterator[bytes]:
            left = size
            piece = b"x" * 65536
            while left:
                yield piece[: min(left, len(piece))]
                left -= min(left, len(piece))

        headers = {} if chunked else {"content-length": str(size)}
        return StreamingResponse(body(), headers=headers, media_type="application/octet-stream")

    async def file(self, request: Request) -> Response:
        data = bytes(range(256)) * 16
        wanted = request.headers.get("range")
        if wanted is None:
            return Response(data, headers={"accept-ranges": "bytes"})
        first, last = (int(n) for n in wanted.removeprefix("bytes=").split("-"))
        headers = {"content-range": f"bytes {first}-{last}/{len(data)}"}
        return Response(data[first : last + 1], 206, headers=headers)

    async def events(self, request: Request) -> Response:
        async def body() -> AsyncIterator[str]:
            self.open_streams += 1
            try:
                number = 0
                while True:
                    yield f"data: {number}\n\n"
                    number += 1
                    await asyncio.sleep(0.05)
            finally:
                self.open_streams -= 1

        return StreamingResponse(body(), media_type="text/event-stream")

    async def held(self, request: Request) -> Response:
        await self.release.wait()
        return PlainTextResponse("released")

    async def status(self, request: Request) -> Response:
        self._note(request)
        return Response(status_code=request.path_params["code"])

    async def cookies(self, request: Request) -> Response:
        response = PlainTextResponse("cookies")
        response.raw_headers += [
            (b"set-cookie", b"__Host-aigc=stolen; Path=/; Secure"),
            (b"set-cookie", b"__host-AIGC-nonce=fixed; Path=/; Secure"),
            (b"set-cookie", b"=__Host-aigc=nameless; Path=/; Secure"),
            (b"set-cookie", b"wide=1; Domain=localhost; Path=/"),
            (b"set-cookie", b"own=1; Path=/; HttpOnly"),
            (b"clear-site-data", b'"*"'),
            (b"service-worker-allowed", b"/"),
            (b"alt-svc", b'h3=":1"'),
            (b"connection", b"x-secret"),
            (b"x-secret", b"1"),
        ]
        return response

    async def refuse(self, request: Request) -> Response:
        return PlainTextResponse("too large", 413)

    async def websocket(self, socket: WebSocket) -> None:
        headers = [(k.decode("latin-1"), v.decode("latin-1")) for k, v in socket.headers.raw]
        self.requests.append(("WEBSOCKET", str(socket.url), headers))
        await socket.accept()
        self.open_websockets += 1
        try:
            while True:
                message: Any = await socket.receive()
                if message["type"] == "websocket.disconnect":
                    return
                if message.get("text") is not None:
                    await socket.send_text("echo: " + message["text"])
                else:
                    await socket.send_bytes(message["bytes"])
        except WebSocketDisconnect:
            return
        finally:
            self.open_websockets -= 1


@asynccontextmanager
async def running_engine() -> AsyncIterator[Engine]:
    """An engine on a free port of loopback."""
    engine = Engine()
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    engine.port = listener.getsockname()[1]
    config = uvicorn.Config(
        engine.app,
        log_level="warning",
        lifespan="off",
        ws="websockets-sansio",
        ws_ping_interval=None,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        while not server.started:  # noqa: ASYNC110
            await asyncio.sleep(0.01)  # uvicorn has no event for it
        yield engine
    finally:
        engine.release.set()
        server.should_exit = True
        await task
        listener.close()
