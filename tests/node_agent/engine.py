"""A small real engine for the process driver: answers HTTP on its port; behaviour by arguments."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class _Handler(BaseHTTPRequestHandler):
    ready_at = 0.0

    def do_GET(self) -> None:
        if self.path == "/die":
            os._exit(7)
        ready = time.monotonic() >= self.ready_at
        body = f"{os.getpid()} {os.environ.get('DATA', '')}".encode() if ready else b"wait"
        self.send_response(200 if ready else 503)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        return


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--ready-after", type=float, default=0)
    parser.add_argument("--ignore-term", action="store_true")
    parser.add_argument("--exit", type=int)
    parser.add_argument("--touch", type=Path)
    arguments = parser.parse_args()
    print("engine begins", flush=True)
    print("engine warns", file=sys.stderr, flush=True)
    if arguments.exit is not None:
        raise SystemExit(arguments.exit)
    if arguments.ignore_term:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    else:
        signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    if arguments.touch:
        arguments.touch.write_text("written by the engine")
    _Handler.ready_at = time.monotonic() + arguments.ready_after
    server = ThreadingHTTPServer(("127.0.0.1", arguments.port), _Handler)
    server.serve_forever(0.05)
    print("engine ends", flush=True)


if __name__ == "__main__":
    main()
