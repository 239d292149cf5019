"""What Docker's errors mean, in one sentence for people: what, where, and how to mend it."""

from __future__ import annotations

import re

import requests
from docker.errors import APIError, DockerException

from node_agent.engines.driver import Problem

# What can come out of the SDK when the daemon refuses, is gone, or does not answer.
ENGINE_ERRORS = (DockerException, requests.exceptions.RequestException, OSError)

_INSTALL = "install docker.io (or Docker Engine) and start it with: systemctl start docker"
_INSTALL_ZH = "请安装 docker.io（或 Docker Engine），并执行 systemctl start docker 启动它"


def text_of(error: BaseException) -> str:
    """The daemon's own words, on one line."""
    if isinstance(error, APIError) and error.explanation:
        text = error.explanation
        raw = text.decode(errors="replace") if isinstance(text, bytes) else str(text)
    else:
        raw = str(error) or type(error).__name__
    return " ".join(raw.split())[:600]


def status_of(error: BaseException) -> int | None:
    """The HTTP status with which the daemon refused; None if it did not answer at all."""
    if isinstance(error, APIError) and error.response is not None:
        return int(error.response.status_code)
    return None


def is_gone(error: BaseException) -> bool:
    """The daemon says that the thing is not there (any more)."""
    return status_of(error) == 404


def connection_problem(error: BaseException, socket_path: str) -> Problem:
    """Why the daemon cannot be spoken with."""
    chain = _chain(error)
    if any(isinstance(e, FileNotFoundError) for e in chain):
        return Problem(
            f"Docker is not running on this machine: there is no {socket_path}; {_INSTALL}.",
            f"本机没有运行 Docker：找不到 {socket_path}；{_INSTALL_ZH}。",
        )
    if any(isinstance(e, PermissionError) for e in chain):
        return Problem(
            f"The agent may not use Docker's socket {socket_path}: add its user to the group "
            "docker (which equals root) and restart the agent.",
            f"代理程序无权访问 Docker 套接字 {socket_path}：请将其用户加入 docker 组"
            "（等同于 root 权限），然后重启代理程序。",
        )
    if any(isinstance(e, ConnectionRefusedError) for e in chain):
        return Problem(
            f"Docker is installed but its daemon is not running: nobody listens on {socket_path}; "
            "start it with: systemctl start docker.",
            f"Docker 已安装，但守护进程没有运行：{socket_path} 上没有程序在监听；"
            "请执行 systemctl start docker。",
        )
    if _is_timeout(chain):
        return Problem(
            f"Docker does not answer on {socket_path}: look at journalctl -u docker and restart it "
            "with: systemctl restart docker.",
            f"Docker 在 {socket_path} 上没有响应：请查看 journalctl -u docker，"
            "并执行 systemctl restart docker 重启它。",
        )
    return Problem(
        f"Docker on {socket_path} failed: {text_of(error)}; look at journalctl -u docker.",
        f"{socket_path} 上的 Docker 出错：{text_of(error)}；请查看 journalctl -u docker。",
    )


def too_old(version: str, api: str) -> Problem:
    return Problem(
        f"Docker {version} is too old (API {api}): version 19.03 or newer is needed for GPUs by "
        "UUID; upgrade docker.io.",
        f"Docker {version} 版本过旧（API {api}）：按 UUID 分配 GPU 需要 19.03 或更新版本；"
        "请升级 docker.io。",
    )


def toolkit_missing() -> Problem:
    return Problem(
        "This machine has NVIDIA cards but Docker cannot give them to engines: install "
        "nvidia-container-toolkit and restart Docker with: systemctl restart docker.",
        "本机有 NVIDIA 显卡，但 Docker 无法把它们交给引擎：请安装 nvidia-container-toolkit，"
        "并执行 systemctl restart docker 重启 Docker。",
    )


_Rules = tuple[tuple[str, str], ...]

# Patterns over the daemon's words, first match wins; {image}, {registry}, {text} are filled in.
_PULL: _Rules = (
    (
        r"no space left on device",
        (
            "The disk is full: {image} does not fit into Docker's data folder on this "
            "machine; free "
            "space there (docker system df shows what takes it)."
        ),
    ),
    (
        r"toomanyrequests|rate limit",
        (
            "The registry {registry} refuses more pulls for now; try again later or give it "
            "credentials in the coordinator's configuration."
        ),
    ),
    (
        r"pull access denied|repository does not exist|access to the resource is denied",
        (
            "The registry {registry} has no image {image}, or wants a sign-in to show it: "
            "check the "
            "name in the engine's template and the registry's credentials."
        ),
    ),
    (
        (
            r"unauthorized|authentication required|no basic auth credentials|"
            r"incorrect username or password|access denied|\b401\b|\b403\b"
        ),
        (
            "The registry {registry} refused the credentials for {image}: check its user name and "
            "password in the coordinator's configuration."
        ),
    ),
    (
        r"manifest unknown|manifest for .* not found|name unknown|not found: manifest|\b404\b",
        (
            "The registry {registry} has no image {image}: check the name and the tag in the "
            "engine's "
            "template."
        ),
    ),
    (
        r"gave HTTP response to HTTPS client",
        (
            "The registry {registry} speaks plain HTTP: give it a certificate, or name it under "
            "insecure-registries in this machine's /etc/docker/daemon.json."
        ),
    ),
    (
        r"x509|certificate",
        (
            "This machine does not trust the certificate of the registry {registry}: put its "
            "CA into "
            "/etc/docker/certs.d/{registry}/ca.crt ({text})."
        ),
    ),
    (
        (
            r"connection refused|no such host|i/o timeout|client\.timeout|deadline exceeded"
            r"|unreachable"
            r"|no route to host|connection reset|server misbehaving|\beof\b|bad gateway"
            r"|\b50[0234]\b"
            r"|proxyconnect|request canceled"
        ),
        (
            "The registry {registry} does not answer this machine, so {image} cannot be "
            "pulled: check "
            "that it runs and that the network reaches it ({text})."
        ),
    ),
    (r"invalid reference format|invalid tag", "{image} is not a valid image name: {text}."),
    (
        r"no matching manifest",
        "The image {image} was not built for this machine's processor: {text}.",
    ),
)

_START: _Rules = (
    (
        r"no space left on device",
        (
            "The disk is full: this machine has no room for a new container; free space in "
            "Docker's "
            "data folder."
        ),
    ),
    (
        r"driver/library version mismatch",
        "The NVIDIA driver was upgraded underneath: this machine needs a reboot.",
    ),
    (
        r"could not select device driver|unknown runtime.*nvidia|failed to discover gpu",
        (
            "Docker on this machine cannot give GPUs to engines: install "
            "nvidia-container-toolkit and "
            "restart Docker."
        ),
    ),
    (
        r"available.*address pool|fully subnetted|could not find an available|overlaps with other",
        (
            "This machine has no network addresses left for another engine: set "
            "default-address-pools "
            "with a small size (28) in /etc/docker/daemon.json and restart Docker."
        ),
    ),
    (
        r"bind source path does not exist|bind mount source",
        "A folder that the engine needs is not on this machine: {text}.",
    ),
    (
        (
            r"executable file not found|no such file or directory: unknown|exec format error|"
            r"starting container process caused.*permission denied"
        ),
        (
            "The engine's command cannot be run in {image}: check the command in its template "
            "({text})."
        ),
    ),
    (
        r"unable to find user|no matching entries in passwd",
        "The user that the engine's template names does not exist in {image}: {text}.",
    ),
    (r"no such image", "The image {image} is not on this machine any more; it is pulled again."),
)

_GPU_LOST = re.compile(
    r"unknown device|unresolvable CDI devices|device error|no nvidia devices|nvidia.*not found",
    re.IGNORECASE,
)


def registry_of(image: str) -> str:
    """Host (and port) of an image's registry, as Docker reads the name."""
    first, slash, _ = image.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return first
    return "docker.io"


def pull_sentence(text: str, image: str) -> str:
    """Why an image could not be pulled."""
    return _sentence(
        _PULL, text, image, "The image {image} could not be pulled from {registry}: {text}."
    )


def start_sentence(text: str, image: str) -> str:
    """Why a container could not be made or started."""
    return _sentence(_START, text, image, "Docker could not start the engine: {text}.")


def is_gpu_lost(text: str) -> bool:
    """The device path refused a GPU that it does not know (any more)."""
    return _GPU_LOST.search(text) is not None


def gpu_sentence(uuids: tuple[str, ...], text: str) -> str:
    named = ", ".join(uuids)
    return (
        f"This machine cannot give the GPU {named} to an engine: it is not there any more, or its "
        f"driver does not know it; look at nvidia-smi -L ({text})."
    )


def _sentence(rules: _Rules, text: str, image: str, otherwise: str) -> str:
    short = text.rstrip(". ")[:300]
    for pattern, sentence in rules:
        if re.search(pattern, text, re.IGNORECASE):
            return sentence.format(image=image, registry=registry_of(image), text=short)
    return otherwise.format(image=image, registry=registry_of(image), text=short)


def _chain(error: BaseException) -> list[BaseException]:
    """An error and all that caused it, also those that requests keeps in its arguments."""
    found: list[BaseException] = []
    todo: list[object] = [error]
    while todo:
        item = todo.pop()
        if not isinstance(item, BaseException) or item in found:
            continue
        found.append(item)
        todo += [item.__cause__, item.__context__, getattr(item, "reason", None), *item.args]
    return found


def _is_timeout(chain: list[BaseException]) -> bool:
    return any(isinstance(e, TimeoutError | requests.exceptions.Timeout) for e in chain) or any(
        "timed out" in str(e).lower() for e in chain
    )
