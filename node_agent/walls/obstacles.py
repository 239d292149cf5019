"""Why walls cannot close the door on this machine, in one sentence, in both languages."""

from __future__ import annotations

import os
import socket
import struct
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from node_agent.engines.driver import Problem
from node_agent.walls.nftables import NftError

NOT_YET = Problem(
    "The walls around engines were not verified yet.",
    "引擎的防护墙尚未经过验证。",
)
SWITCHED_OFF = Problem(
    'No walls are put around engines here: agent.toml says walls = "off".',
    '本机未设置引擎防护墙：agent.toml 中 walls = "off"。',
)
PROCESSES = Problem(
    "Engines are plain processes here, which listen on this machine itself: use Docker to close "
    "the door.",
    "此处引擎以普通进程运行，直接在本机监听：请使用 Docker 以关闭入口。",
)
PUBLISHED = Problem(
    "Docker Desktop runs engines in a virtual machine, so their ports are published on this "
    "machine's loopback address, where other users of it reach them: use Docker Engine on Linux.",
    "Docker Desktop 在虚拟机中运行引擎，其端口发布在本机回环地址上，本机其他用户可以访问："
    "请在 Linux 上使用 Docker Engine。",
)
ROOTLESS = Problem(
    "Docker runs rootless here, with its networks in a place that no rules of this machine reach: "
    "use Docker Engine as a system service.",
    "此处的 Docker 以 rootless 方式运行，其网络不受本机规则约束："
    "请以系统服务方式运行 Docker Engine。",
)
ELSEWHERE = Problem(
    "Docker's networks are not in the agent's own network namespace, so that the agent cannot put "
    "walls around them: run the agent beside Docker, not in a container.",
    "Docker 的网络不在代理程序所在的网络命名空间中，无法设置防护墙："
    "请让代理程序与 Docker 并列运行，不要放在容器里。",
)
NOT_LINUX = Problem(
    "Walls around engines exist on Linux only.",
    "引擎防护墙仅支持 Linux。",
)


def of_docker(info: Mapping[str, Any], socket_path: str, publishes: bool) -> Problem | None:
    """What about this Docker keeps walls from working; None if nothing does."""
    if publishes:
        return PUBLISHED
    if sys.platform != "linux":
        return NOT_LINUX
    if any("name=rootless" in str(option) for option in info.get("SecurityOptions") or ()):
        return ROOTLESS
    if _daemon_is_elsewhere(socket_path):
        return ELSEWHERE
    return None


def of_nft(error: NftError) -> Problem:
    """Why nft did not do it, and how to mend that."""
    said = str(error)
    if error.missing:
        return Problem(
            "The program nft is not installed, so there are no walls around engines: install the "
            "package nftables.",
            "未安装 nft 程序，因此没有引擎防护墙：请安装 nftables 软件包。",
        )
    if "Operation not permitted" in said or "Permission denied" in said:
        return Problem(
            "The agent may not set firewall rules, so there are no walls around engines: run it as "
            "root, or give its unit AmbientCapabilities=CAP_NET_ADMIN.",
            "代理程序无权设置防火墙规则，因此没有引擎防护墙："
            "请以 root 运行，或为其单元添加 AmbientCapabilities=CAP_NET_ADMIN。",
        )
    return Problem(
        f"The walls around engines cannot be set: nft says: {said}.",
        f"无法设置引擎防护墙：nft 返回：{said}。",
    )


def of_old_network(instance_id: str) -> Problem:
    return Problem(
        f"{instance_id} still runs on a network from before there were walls: restart it.",
        f"{instance_id} 仍在设置防护墙之前的网络上运行：请重启该引擎。",
    )


def of_knock(how: str) -> Problem:
    return Problem(
        f"A connection to an engine as another user of this machine was not refused ({how}), "
        "although the rules are in force: look for what accepts or bypasses it (nft list ruleset).",
        f"规则已生效，但以本机其他用户身份连接引擎未被拒绝（{how}）："
        "请用 nft list ruleset 检查是谁放行或绕过了它。",
    )


def _daemon_is_elsewhere(socket_path: str) -> bool:
    """Whether who listens on Docker's socket has another network namespace; False if unknown."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
            asking.settimeout(5)
            asking.connect(socket_path)
            told = asking.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        pid, _, _ = struct.unpack("3i", told)
        if pid <= 0:
            return False  # of another process namespace
        return os.stat(Path(f"/proc/{pid}/ns/net")).st_ino != os.stat("/proc/self/ns/net").st_ino
    except OSError:
        return False  # nothing is known: the bridges themselves are looked for, see keeper
