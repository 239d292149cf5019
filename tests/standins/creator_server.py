"""A coordinator's creators' port whose engines do what a test says, for a tray that is a real
program: bytes on their way, readings, a release that is near. No machine is behind it."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import grpc

from aigc.tls import spki_pin
from desktop_client.config import ClientConfig, save_client_config
from desktop_client.settings import Settings, save_settings
from desktop_client.tokens import FileStore, Stored
from protos.aigc.v1 import common_pb2, creator_pb2, creator_pb2_grpc
from tests.standins.session_server import SessionServer

_ISSUER = "https://127.0.0.1:1/oidc"


class CreatorServer(creator_pb2_grpc.CreatorServiceServicer, SessionServer):
    """Use as ``async with CreatorServer() as studio``.

    Attributes:
        engines, instances: what is told; ``tell`` after changing them.
        asked: the requests that came, by name.
        readings: how many points GetInstanceReadings answers with.
    """

    def __init__(self) -> None:
        super().__init__(_ISSUER)
        self.engines = [_engine("comfyui", "ComfyUI"), _engine("jupyter", "JupyterLab")]
        self.instances: dict[str, creator_pb2.Instance] = {}
        self.asked: list[str] = []
        self.readings = 20
        self._revision = 0
        self._told = asyncio.Condition()

    async def __aenter__(self) -> Self:
        server = grpc.aio.server()
        creator_pb2_grpc.add_SessionServiceServicer_to_server(self, server)
        creator_pb2_grpc.add_CreatorServiceServicer_to_server(self, server)
        credentials = grpc.ssl_server_credentials([(self._key, self._chain)])
        port = server.add_secure_port("127.0.0.1:0", credentials)
        await server.start()
        self._server = server
        self.address = f"127.0.0.1:{port}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()

    def sign_in(self, config_dir: Path) -> None:
        """Leave a desktop as it is after signing in: its next start is silent."""
        config_dir.mkdir(parents=True, exist_ok=True)
        token = secrets.token_urlsafe(32)
        self.sessions.add(token)
        save_settings(config_dir, Settings(welcomed=True))
        save_client_config(
            config_dir, ClientConfig(self.address, spki_pin(self.ca_pem), self.ca_pem)
        )
        FileStore(config_dir / "tokens.json").save(
            Stored(self.address, _ISSUER, "refresh", token, time.time() + 3600, "Lin Xia")
        )

    async def tell(self, *instances: creator_pb2.Instance) -> None:
        """These are so from now on."""
        async with self._told:
            for instance in instances:
                self.instances[instance.id] = instance
            self._revision += 1
            self._told.notify_all()

    async def until_asked(self, name: str, timeout: float = 40) -> None:
        """Wait for a request."""
        async with asyncio.timeout(timeout), self._told:
            await self._told.wait_for(lambda: name in self.asked)

    async def _note(self, name: str) -> None:
        async with self._told:
            self.asked.append(name)
            self._told.notify_all()

    # -- the wire -------------------------------------------------------------------------------

    async def ListEngines(self, request: Any, context: Any) -> creator_pb2.ListEnginesResponse:  # noqa: N802
        await self._check(context)
        return creator_pb2.ListEnginesResponse(engines=self.engines)

    async def WatchInstances(  # noqa: N802
        self, request: Any, context: Any
    ) -> AsyncIterator[creator_pb2.WatchInstancesResponse]:
        await self._check(context)
        while True:
            revision = self._revision
            yield creator_pb2.WatchInstancesResponse(
                revision=revision,
                instances=list(self.instances.values()),
                server_time_ms=self._now_ms(),
            )
            async with self._told:
                await self._told.wait_for(lambda: self._revision != revision)  # noqa: B023

    async def StartInstance(  # noqa: N802
        self, request: creator_pb2.StartInstanceRequest, context: Any
    ) -> creator_pb2.StartInstanceResponse:
        await self._check(context)
        engine = request.engine_id or self.instances[request.instance_id].engine_id
        made = self.instance(engine, common_pb2.INSTANCE_STATE_PREPARING)
        await self.tell(made)
        await self._note("start")
        return creator_pb2.StartInstanceResponse(instance=made)

    async def StopInstance(  # noqa: N802
        self, request: creator_pb2.StopInstanceRequest, context: Any
    ) -> creator_pb2.StopInstanceResponse:
        await self._check(context)
        stopped = self.instances[request.instance_id]
        stopped.state = common_pb2.INSTANCE_STATE_STOPPED
        await self.tell(stopped)
        await self._note("stop")
        return creator_pb2.StopInstanceResponse(instance=stopped)

    async def GetInstanceReadings(  # noqa: N802
        self, request: creator_pb2.GetInstanceReadingsRequest, context: Any
    ) -> creator_pb2.GetInstanceReadingsResponse:
        await self._check(context)
        await self._note("readings")
        now = self._now_ms()
        points = [
            common_pb2.ReadingPoint(
                at_ms=now - 10_000 * (self.readings - n),
                utilisation_percent=80.0 if n % 8 < 5 else 5.0,
                memory_used_bytes=(8 + n % 8) * 10**9,
            )
            for n in range(self.readings)
        ]
        series = common_pb2.GpuSeries(uuid="GPU-1", name="RTX 4090", points=points, step_seconds=10)
        return creator_pb2.GetInstanceReadingsResponse(series=[series])

    def instance(self, engine: str, state: int, **more: Any) -> creator_pb2.Instance:
        """An instance of an engine; what runs holds a card of render-04."""
        runs = state == common_pb2.INSTANCE_STATE_READY
        card = creator_pb2.InstanceGpu(
            uuid="GPU-1", name="RTX 4090", utilisation_percent=61.0,
            memory_used_bytes=11_200_000_000, memory_total_bytes=24_000_000_000,
        )  # fmt: skip
        name = next(e.name for e in self.engines if e.id == engine)
        values: dict[str, Any] = {
            "id": f"i-{engine}",
            "name": name.en,
            "engine_id": engine,
            "engine_name": name,
            "version": "1.0",
            "state": state,
            "state_since_ms": self._now_ms() - 600_000,
            "node_name": "render-04",
            "gpus": [card] if runs else [],
            "url": f"http://{engine}.localhost:1/" if runs else "",
            "last_activity_ms": self._now_ms() - 60_000 if runs else 0,
        }
        return creator_pb2.Instance(**(values | more))


def _engine(key: str, name: str) -> creator_pb2.Engine:
    return creator_pb2.Engine(
        id=key,
        name=common_pb2.Sentence(en=name, zh=name),
        versions=[creator_pb2.EngineVersion(version="1.0", available=True)],
        default_version="1.0",
    )
