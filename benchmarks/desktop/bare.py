"""The least a tray with a stream can be: a PySide6 icon with a menu, and one gRPC stream.

``python -m benchmarks.desktop.bare CONFIG_DIR`` signs in with the session that is kept there. It
is the limit that ``python -m benchmarks.desktop`` measures the tray against.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import threading
from pathlib import Path

from PySide6.QtGui import QColor, QIcon, QPixmap
from PySide6.QtWidgets import QApplication, QMenu, QSystemTrayIcon


def _follow(folder: Path) -> None:
    import grpc.aio

    from protos.aigc.v1 import creator_pb2, creator_pb2_grpc

    known = json.loads((folder / "client.json").read_text("utf-8"))
    token = json.loads((folder / "tokens.json").read_text("utf-8"))["session_token"]

    async def follow() -> None:
        channel = grpc.aio.secure_channel(
            known["address"],
            grpc.ssl_channel_credentials(known["ca_pem"].encode("ascii")),
            options=[("grpc.ssl_target_name_override", "coordinator.aigc.internal")],
        )
        creators = creator_pb2_grpc.CreatorServiceStub(channel)
        heard = creators.WatchInstances(
            creator_pb2.WatchInstancesRequest(),
            metadata=(("authorization", f"Bearer {token}"),),
        )
        async for _ in heard:
            pass

    asyncio.run(follow())


def main() -> int:
    app = QApplication(["bare"])
    app.setQuitOnLastWindowClosed(False)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    pixmap = QPixmap(22, 22)
    pixmap.fill(QColor("teal"))
    menu = QMenu()
    menu.addAction("Quit", app.quit)
    icon = QSystemTrayIcon(QIcon(pixmap))
    icon.setContextMenu(menu)
    icon.show()
    threading.Thread(target=_follow, args=(Path(sys.argv[1]),), daemon=True).start()
    return app.exec()


if __name__ == "__main__":
    sys.exit(main())
