"""The agent's end of the tunnel as a process of its own, as ``aigc agent run`` has it."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

from aigc.clock import SystemClock
from aigc.loops import loop_factory, prepare_loop
from node_agent.tunnel import TunnelClient, TunnelFiles


async def serve(gateway: str, certificate: str, key: str, ca: str, engine: str) -> None:
    """Until SIGTERM."""
    prepare_loop()
    client = TunnelClient(
        gateway,
        TunnelFiles(Path(certificate), Path(key), Path(ca)),
        lambda instance_id, epoch: ("127.0.0.1", int(engine)),
        SystemClock(),
    )
    task = asyncio.ensure_future(client.run())
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    await asyncio.gather(task, return_exceptions=True)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(serve(*sys.argv[1:]))
