"""The engine's web server: a page, a WebSocket for work, and files with ranges."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, StreamingResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket, WebSocketDisconnect

from .picture import make_picture
from .store import Store, safe_name

PAGE = Path(__file__).with_name("page")
MAX_PROMPT = 500


class Engine:
    """One queue for all tabs, as engines with one card have it: a job at a time.

    Attributes:
        busy_file: touched while a job runs and removed after it, if it was asked for. A
            simulated card reads it as work.
    """

    def __init__(self, store: Store, busy_file: Path | None = None, seconds: float = 1.0) -> None:
        self.store = store
        self.closing = asyncio.Event()
        self._busy_file = busy_file
        self._seconds = seconds
        self._card = asyncio.Lock()
        self._waiting = 0

    async def work(self, socket: WebSocket, prompt: str) -> None:
        """Make one picture and tell its progress."""
        self._waiting += 1
        try:
            if self._card.locked():
                await socket.send_json({"type": "queued", "before": self._waiting - 1})
            async with self._card:
                await self._make(socket, prompt)
        finally:
            self._waiting -= 1

    async def _make(self, socket: WebSocket, prompt: str) -> None:
        await asyncio.to_thread(self._mark_busy, True)
        try:
            loop = asyncio.get_running_loop()
            steps: asyncio.Queue[float] = asyncio.Queue()

            def report(share: float) -> None:
                time.sleep(self._seconds / 32)  # a model takes its time too; this is a thread
                loop.call_soon_threadsafe(steps.put_nowait, share)

            job = asyncio.ensure_future(asyncio.to_thread(make_picture, prompt, report))
            job.add_done_callback(lambda _: steps.put_nowait(1.0))
            share = 0.0
            while not job.done() or not steps.empty():
                share = max(share, await steps.get())
                with contextlib.suppress(WebSocketDisconnect, RuntimeError):
                    # A closed tab does not stop its job.
                    await socket.send_json({"type": "progress", "share": round(share, 3)})
            picture = await asyncio.to_thread(self.store.keep, await job, prompt, time.time())
        finally:
            await asyncio.to_thread(self._mark_busy, False)
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            await socket.send_json(
                {
                    "type": "done",
                    "name": picture.name,
                    "prompt": prompt,
                    "url": f"/pictures/{picture.name}",
                }
            )

    def _mark_busy(self, busy: bool) -> None:
        if self._busy_file is None:
            return
        if busy:
            self._busy_file.touch()
        else:
            self._busy_file.unlink(missing_ok=True)


async def _socket(socket: WebSocket) -> None:
    engine: Engine = socket.app.state.engine
    await socket.accept()
    await socket.send_json({"type": "hello", "engine": "demo", "version": "1.0"})
    with contextlib.suppress(WebSocketDisconnect):
        while True:
            text = await socket.receive_text()
            if text == "alive":
                continue  # the page's own keep-alive; no answer, nobody is there
            prompt = _prompt(text)
            if prompt is None:
                words = f'send {{"prompt": "..."}} of at most {MAX_PROMPT} characters'
                await socket.send_json({"type": "refused", "why": words})
            else:
                await engine.work(socket, prompt)


def _prompt(text: str) -> str | None:
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        return None
    prompt = value.get("prompt") if isinstance(value, dict) else None
    if not isinstance(prompt, str) or not 0 < len(prompt.strip()) <= MAX_PROMPT:
        return None
    return prompt.strip()


async def _gallery(request: Request) -> JSONResponse:
    engine: Engine = request.app.state.engine
    pictures = await asyncio.to_thread(engine.store.gallery)
    return JSONResponse(
        [
            {"name": p.name, "prompt": p.prompt, "made_at": p.made_at, "url": f"/pictures/{p.name}"}
            for p in pictures
        ]
    )


async def _picture(request: Request) -> FileResponse:
    engine: Engine = request.app.state.engine
    return _file(engine.store.pictures, request.path_params["name"], "inline")


async def _download(request: Request) -> FileResponse:
    engine: Engine = request.app.state.engine
    return _file(engine.store.files, request.path_params["name"], "attachment")


def _file(folder: Path, name: str, disposition: str) -> FileResponse:
    path = folder / name
    if safe_name(name) != name or not path.is_file():
        raise HTTPException(404, "there is no such file")
    return FileResponse(path, filename=name, content_disposition_type=disposition)


async def _files(request: Request) -> JSONResponse:
    engine: Engine = request.app.state.engine
    return JSONResponse(await asyncio.to_thread(engine.store.listing))


async def _upload(request: Request) -> JSONResponse:
    """The body as it comes, to a file, in constant memory: PUT /files/NAME."""
    engine: Engine = request.app.state.engine
    name = safe_name(request.path_params["name"])
    if not name:
        raise HTTPException(400, "the file needs a name")
    part = engine.store.files / f"{name}.{time.monotonic_ns()}.part"
    size = 0
    file = await asyncio.to_thread(part.open, "wb")
    try:
        async for block in request.stream():
            size += len(block)
            await asyncio.to_thread(file.write, block)
        await asyncio.to_thread(file.close)
        await asyncio.to_thread(part.replace, engine.store.files / name)
    finally:
        file.close()
        part.unlink(missing_ok=True)
    return JSONResponse({"name": name, "bytes": size}, status_code=201)


async def _heartbeat(request: Request) -> StreamingResponse:
    """Server-sent events without end, as many engines' pages keep them open."""
    engine: Engine = request.app.state.engine
    try:
        every = min(60.0, max(0.1, float(request.query_params.get("every", "15"))))
    except ValueError as error:
        raise HTTPException(400, "every must be a number of seconds") from error

    async def beat() -> AsyncIterator[str]:
        count = 0
        while not engine.closing.is_set():
            yield f"event: heartbeat\ndata: {count}\n\n"
            count += 1
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(engine.closing.wait(), every)

    return StreamingResponse(beat(), media_type="text/event-stream")


async def _healthz(_: Request) -> PlainTextResponse:
    return PlainTextResponse("ok")


async def _page(_: Request) -> FileResponse:
    return FileResponse(PAGE / "index.html", headers={"Cache-Control": "no-cache"})


def create_app(engine: Engine) -> Starlette:
    app = Starlette(
        routes=[
            Route("/", _page),
            Route("/healthz", _healthz),
            Route("/heartbeat", _heartbeat),
            Route("/gallery", _gallery),
            Route("/pictures/{name}", _picture),
            Route("/files", _files),
            Route("/files/{name}", _download, methods=["GET"]),
            Route("/files/{name}", _upload, methods=["PUT"]),
            WebSocketRoute("/ws", _socket),
            Mount("/page", StaticFiles(directory=PAGE)),
        ]
    )
    app.state.engine = engine
    return app


class _Server(uvicorn.Server):
    """Ends its endless streams when it is told to stop, and leaves with exit code 0."""

    def __init__(self, config: uvicorn.Config, engine: Engine) -> None:
        super().__init__(config)
        self._engine = engine

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._end)
        yield

    def _end(self) -> None:
        self._engine.closing.set()
        self.should_exit = True


async def _serve(options: argparse.Namespace) -> None:
    store = Store(Path(options.data))
    engine = Engine(store, Path(options.busy_file) if options.busy_file else None, options.seconds)
    config = uvicorn.Config(
        create_app(engine),
        host=options.host,
        port=options.port,
        ws="websockets-sansio",
        ws_max_size=64 * 1024,
        ws_ping_interval=None,
        access_log=False,
        timeout_graceful_shutdown=3,
        lifespan="off",
    )
    await _Server(config, engine).serve()


def main() -> None:
    parser = argparse.ArgumentParser(prog="demo_engine", description=__doc__)
    environment = os.environ.get
    parser.add_argument("--host", default=environment("HOST", "0.0.0.0"))
    parser.add_argument("--port", type=int, default=int(environment("PORT", "8188")))
    parser.add_argument("--data", default=environment("DEMO_DATA", "/data"))
    parser.add_argument("--busy-file", default=environment("DEMO_BUSY_FILE", ""))
    parser.add_argument("--seconds", type=float, default=float(environment("DEMO_SECONDS", "1")))
    asyncio.run(_serve(parser.parse_args()))
