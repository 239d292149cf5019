"""Images that machines fetch before anybody asks for them (pitfall 15), one after the other.

A start never waits for it: it takes none of the places that starts pull in. What could not be
fetched is told as a problem of the machine and tried again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from aigc.clock import Clock
from aigc.errors import AigcError
from node_agent import limits
from node_agent.config import AgentConfig
from node_agent.engines.driver import DriverError, EngineDriver, Problem, Progress
from node_agent.instance_jobs import instance_spec
from protos.aigc.v1 import node_pb2

log = logging.getLogger(__name__)

AGAIN_AFTER = 300.0


class Prepuller:
    """See the module.

    Attributes:
        problems: what could not be fetched, and why.
    """

    def __init__(
        self,
        driver: EngineDriver,
        config: AgentConfig,
        machine: Callable[[], limits.Machine],
        clock: Clock,
    ) -> None:
        self._driver = driver
        self._config = config
        self._machine = machine
        self._clock = clock
        self._wanted: dict[tuple[str, str], node_pb2.EngineSpec] = {}
        self._here: set[tuple[str, str]] = set()
        self._why: dict[tuple[str, str], str] = {}
        self._news = asyncio.Event()

    @property
    def problems(self) -> list[Problem]:
        return [
            Problem(
                f"The image {name} could not be fetched beforehand: {why}",
                f"无法预先拉取镜像 {name}：{why}",
            )
            for (name, _), why in self._why.items()
        ]

    def want(self, specs: Sequence[node_pb2.EngineSpec]) -> None:
        """These images shall be here; what is not named any more is left alone."""
        if self._driver.name == "process":
            return  # processes have no images
        self._wanted = {(s.image, s.image_digest): s for s in specs}
        self._here &= self._wanted.keys()
        self._why = {key: why for key, why in self._why.items() if key in self._wanted}
        self._news.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._news.wait()
            self._news.clear()
            for key, spec in list(self._wanted.items()):
                if key in self._wanted and key not in self._here:
                    await self._fetch(key, spec)
            if self._why:
                again = asyncio.ensure_future(self._clock.sleep(AGAIN_AFTER))
                news = asyncio.ensure_future(self._news.wait())
                try:
                    await asyncio.wait({again, news}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    again.cancel()
                    news.cancel()
                    await asyncio.gather(again, news, return_exceptions=True)
                self._news.set()

    async def _fetch(self, key: tuple[str, str], spec: node_pb2.EngineSpec) -> None:
        log.info("image is fetched beforehand", extra={"image": spec.image})
        try:
            limits.check_image(spec, self._config)
            asked = node_pb2.DesiredInstance(spec=spec)
            await self._driver.prepare(
                instance_spec(asked, self._config, self._machine()), _tell_nobody
            )
        except (DriverError, AigcError, limits.LimitError) as error:
            log.warning("image not fetched", extra={"image": spec.image, "why": error.message})
            self._why[key] = error.message
        else:
            self._here.add(key)
            self._why.pop(key, None)
            log.info("image is here", extra={"image": spec.image})


def _tell_nobody(_: Progress) -> None:
    """Nobody waits for it."""
