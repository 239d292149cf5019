"""The proxies that we compare with, one process each, and the engine behind all."""

from __future__ import annotations

import shutil
import socket
from dataclasses import dataclass
from pathlib import Path

from benchmarks.gateway.rounds import BULK_BYTES
from tests.gateway.certificates import Issued

_PATH = "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/bin"
# Where `npm install --prefix build/npm configurable-http-proxy` puts it.
_NPM = Path("build/npm/node_modules/.bin")
_PORTS = ("engine", "echo", "nginx", "nginx-auth", "authority", "haproxy", "front", "back", "chp")


@dataclass(frozen=True, slots=True)
class Keys:
    """PEM files: what servers show, what the inner hop of the pair shows, and who signed both."""

    own: Issued
    node: Issued
    ca: Path


def find_program(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path=_PATH) or shutil.which(name, path=_NPM)


def free_ports() -> dict[str, int]:
    """Ports that were free a moment ago (these programs cannot tell which one they took)."""
    sockets = {name: socket.socket() for name in _PORTS}
    try:
        for sock in sockets.values():
            sock.bind(("127.0.0.1", 0))
        return {name: sock.getsockname()[1] for name, sock in sockets.items()}
    finally:
        for sock in sockets.values():
            sock.close()


def write_commands(
    folder: Path, ports: dict[str, int], keys: Keys, cookie: str
) -> dict[str, list[str]]:
    """The command of each program, its configuration written; chp only if it is installed.

    Raises:
        SystemExit: nginx or haproxy is missing.
    """
    commands = _nginx(folder, ports, keys, cookie)
    haproxy = find_program("haproxy")
    if haproxy is None:
        raise SystemExit("This benchmark needs haproxy: scripts/system-packages test")
    for name, port, checked in (("haproxy", "haproxy", False), ("back", "back", True)):
        path = folder / f"{name}.cfg"
        path.write_text(_haproxy(folder, ports[port], ports, keys, checked))
        commands[name] = [haproxy, "-db", "-q", "-f", str(path)]
    chp = find_program("configurable-http-proxy")
    if chp is not None:
        commands["chp"] = [
            chp, "--ip", "127.0.0.1", "--port", str(ports["chp"]), "--api-ip", "127.0.0.1",
            "--api-port", "0", "--ssl-key", str(keys.own.key),
            "--ssl-cert", str(keys.own.certificate), "--log-level", "error",
            "--default-target", f"http://127.0.0.1:{ports['engine']}",
        ]  # fmt: skip
    return commands


def _nginx(folder: Path, ports: dict[str, int], keys: Keys, cookie: str) -> dict[str, list[str]]:
    nginx = find_program("nginx")
    if nginx is None:
        raise SystemExit("This benchmark compares with nginx: scripts/system-packages test")
    www = folder / "www"
    www.mkdir()
    (www / "small").write_bytes(b"x" * 1024)
    (www / "bulk").write_bytes(b"x" * BULK_BYTES)
    tls = f"ssl_certificate {keys.own.certificate}; ssl_certificate_key {keys.own.key};"
    mutual = (
        f"proxy_ssl_certificate {keys.node.certificate}; "
        f"proxy_ssl_certificate_key {keys.node.key}; proxy_ssl_trusted_certificate {keys.ca}; "
        "proxy_ssl_verify on; proxy_ssl_name gateway.aigc.internal; proxy_ssl_session_reuse on;"
    )

    def proxy(to: str, more: str = "", path: str = "/") -> str:
        common = f"{more} proxy_http_version 1.1; proxy_set_header Host $host; proxy_pass {to};"
        return (
            f"location {path} {{ {common} proxy_set_header Connection ''; }} "
            f"location /ws {{ {common} proxy_set_header Connection upgrade; "
            "proxy_set_header Upgrade websocket; }"
        )

    asked = (
        "location = /asked { internal; proxy_pass http://authority; proxy_http_version 1.1; "
        "proxy_set_header Connection ''; proxy_pass_request_body off; "
        "proxy_set_header Content-Length ''; proxy_set_header X-Original-URI $request_uri; }"
    )
    known = f'map $http_cookie $known {{ default 0; "~{cookie}" 1; }}'
    echo = f"http://127.0.0.1:{ports['echo']}"
    servers = {
        "engine": (f"root {www}; {proxy(echo, path='/none')}", ""),
        "nginx": (f"{tls} {proxy('http://engine')}", ""),
        "authority": ("location / { if ($known) { return 204; } return 401; }", known),
        "nginx-auth": (f"{tls} auth_request /asked; {asked} {proxy('http://engine')}", ""),
        "front": (f"{tls} {proxy('https://back', mutual)}", ""),
    }
    commands: dict[str, list[str]] = {}
    for name, (server, more) in servers.items():
        own = folder / name
        own.mkdir()
        word = "" if name in ("engine", "authority") else " ssl"
        keep = "keepalive 64; keepalive_requests 10000000;"
        temporary = " ".join(
            f"{kind}_temp_path {own}/{kind};"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        path = own / "nginx.conf"
        path.write_text(f"""
daemon off; master_process off; pid {own}/pid; error_log {own}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 10000000; sendfile on; {temporary}
  proxy_buffering off; proxy_buffer_size 32k; proxy_buffers 8 32k;
  {more}
  upstream engine {{ server 127.0.0.1:{ports["engine"]}; {keep} }}
  upstream back {{ server 127.0.0.1:{ports["back"]}; {keep} }}
  upstream authority {{ server 127.0.0.1:{ports["authority"]}; {keep} }}
  server {{ listen 127.0.0.1:{ports[name]}{word}; {server} }}
}}
""")
        commands[name] = [nginx, "-c", str(path), "-e", str(own / "error.log")]
    return commands


def _haproxy(folder: Path, port: int, ports: dict[str, int], keys: Keys, checked: bool) -> str:
    pem = folder / "own.pem"  # certificate and key in one file, as haproxy wants them
    pem.write_bytes(keys.own.certificate.read_bytes() + keys.own.key.read_bytes())
    verify = f" ca-file {keys.ca} verify required" if checked else ""
    return f"""
global
  nbthread 1
  maxconn 2048
  tune.ssl.default-dh-param 2048
defaults
  mode http
  timeout connect 5s
  timeout client 120s
  timeout server 120s
  timeout tunnel 120s
frontend in
  bind 127.0.0.1:{port} ssl crt {pem}{verify}
  use_backend echo if {{ path_beg /ws }}
  default_backend engine
backend engine
  http-reuse always
  server one 127.0.0.1:{ports["engine"]}
backend echo
  server one 127.0.0.1:{ports["echo"]}
"""
