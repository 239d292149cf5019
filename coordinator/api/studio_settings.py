"""How this coordinator is set up, in words: each key of coordinator.toml with what it means.

What is secret stands in files of its own; their paths are told, their contents never.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from coordinator.api.conversion import sentence
from coordinator.config import CoordinatorConfig
from coordinator.domain.engine import Text
from protos.aigc.v1 import admin_pb2

MEANINGS: dict[tuple[str, str], Text] = {
    ("", "name"): Text("The studio's name, shown to everybody", "工作室名称，所有人可见"),
    ("", "state_dir"): Text(
        "Ledger, authority and keys: back this folder up",
        "账本、证书颁发机构和密钥所在文件夹，请备份",
    ),
    ("", "catalogue_dir"): Text(
        "Templates of the engines; reloaded when they change", "引擎模板文件夹，更改后自动重新加载"
    ),
    ("", "log_level"): Text("How much the log says", "日志的详细程度"),
    ("listen", "creators"): Text(
        "Where tray, command line and joining machines connect",
        "托盘应用、命令行和新机器的连接地址",
    ),
    ("listen", "nodes"): Text(
        "Where agents connect, with their certificates", "代理程序凭证书连接的地址"
    ),
    ("listen", "web"): Text("Where the web pages are served", "网页服务的监听地址"),
    ("listen", "web_tls"): Text(
        "Whether the web pages use TLS; off only on this machine itself",
        "网页是否使用 TLS；仅在本机监听时可以关闭",
    ),
    ("public", "host"): Text("How others reach this machine", "其他机器访问本机所用的主机名"),
    ("public", "web_url"): Text(
        "The address of the web pages; empty: from host and port",
        "网页的公开地址；留空则由主机名和端口得出",
    ),
    ("gateway", "spawn"): Text(
        "Whether the coordinator starts the gateway; off: it is a unit of its own",
        "是否由协调器启动网关；关闭则网关作为独立服务运行",
    ),
    ("gateway", "zone"): Text(
        "The DNS zone in which each engine has a name of its own", "每个引擎在此 DNS 区域中各有域名"
    ),
    ("gateway", "listen"): Text("Where browsers reach the engines", "浏览器访问引擎的监听地址"),
    ("gateway", "tls"): Text(
        "Whether the engines' door uses TLS; off only on this machine itself",
        "引擎入口是否使用 TLS；仅在本机监听时可以关闭",
    ),
    ("gateway", "tunnel_listen"): Text(
        "Where agents connect their tunnels", "代理程序建立隧道的监听地址"
    ),
    ("gateway", "public_url"): Text(
        "An engine's address, with {host} in it; empty: from zone and port",
        "引擎的公开地址，包含 {host}；留空则由区域和端口得出",
    ),
    ("gateway", "certificate"): Text(
        "The zone's wildcard certificate; without it one of our own authority",
        "区域的通配符证书；未设置则由自有证书颁发机构签发",
    ),
    ("gateway", "key"): Text("The file of that certificate's key", "该证书的密钥文件"),
    ("gateway.limits", "connections"): Text(
        "Connections to the engines' door, in all", "引擎入口的连接总数上限"
    ),
    ("gateway.limits", "unknown_connections"): Text(
        "Of them, those on which nobody has signed in yet", "其中尚未登录的连接数上限"
    ),
    ("gateway.limits", "unknown_connections_per_address"): Text(
        "Of those, from one address", "其中来自同一地址的连接数上限"
    ),
    ("gateway.limits", "unknown_requests_per_second"): Text(
        "Requests without a session from one address, each second",
        "同一地址每秒未登录请求数上限",
    ),
    ("gateway.limits", "connections_per_person"): Text(
        "Connections of one person", "每人的连接数上限"
    ),
    ("gateway.limits", "requests_per_person"): Text(
        "Requests of one person open at once", "每人同时进行的请求数上限"
    ),
    ("gateway.limits", "websockets_per_person"): Text(
        "WebSockets of one person", "每人的 WebSocket 数上限"
    ),
    ("gateway.limits", "requests_per_second"): Text(
        "Requests of one person each second; ten times as many at once",
        "每人每秒请求数上限；短时可达十倍",
    ),
    ("gateway.limits", "requests_per_instance"): Text(
        "Requests to one engine open at once", "每个引擎同时进行的请求数上限"
    ),
    ("gateway.limits", "websockets_per_instance"): Text(
        "WebSockets to one engine", "每个引擎的 WebSocket 数上限"
    ),
    ("gateway.limits", "head_seconds"): Text(
        "Seconds for a request's head to arrive", "请求头到达的时限（秒）"
    ),
    ("gateway.limits", "body_seconds"): Text(
        "Seconds for which a request's body may stand still", "请求正文停顿的时限（秒）"
    ),
    ("gateway.limits", "idle_seconds"): Text(
        "Seconds between two requests of a connection", "同一连接两次请求之间的时限（秒）"
    ),
    ("oidc", "issuer"): Text(
        "The studio's OpenID provider; empty: local accounts here",
        "工作室的 OpenID 提供方；留空则使用本地账户",
    ),
    ("oidc", "client_id"): Text(
        "Client of the web pages at the provider; of tray and command line too, unless they have "
        "their own",
        "网页在提供方的客户端标识；托盘应用和命令行没有自己的标识时也用它",
    ),
    ("oidc", "native_client_id"): Text(
        "Client of tray and command line; empty: the same",
        "托盘应用和命令行的客户端标识；留空则相同",
    ),
    ("oidc", "client_secret_file"): Text(
        "The file with the web client's secret", "网页客户端密钥所在的文件"
    ),
    ("oidc", "native_client_secret_file"): Text(
        "The file with the secret that some providers give to programs (Google)",
        "部分提供方（Google）发给桌面程序的密钥所在的文件",
    ),
    ("oidc", "token_auth"): Text(
        "How the web pages prove who they are at the token endpoint",
        "网页在令牌端点证明身份的方式",
    ),
    ("oidc", "scopes"): Text("What is asked of the provider", "向提供方请求的范围"),
    ("oidc", "extra_parameters"): Text(
        "Further parameters of the sign-in, as the provider wants them",
        "提供方要求的其他登录参数",
    ),
    ("oidc", "loopback_host"): Text(
        "The host name to which the browser returns after a sign-in", "登录后浏览器返回的回环主机名"
    ),
    ("oidc", "ca_file"): Text(
        "The authority of the provider's certificate", "提供方证书的颁发机构文件"
    ),
    ("oidc", "claims_from"): Text(
        "Where names, roles and teams are read: ID token, userinfo, or both",
        "从哪里读取姓名、角色和团队：ID 令牌、userinfo 或两者",
    ),
    ("oidc", "name_claim"): Text("The claim that gives names", "表示姓名的声明"),
    ("oidc", "role_claim"): Text("The claim that gives roles", "表示角色的声明"),
    ("oidc", "teams_claim"): Text("The claim that gives teams", "表示团队的声明"),
    ("oidc", "admin_values"): Text(
        "Values of the role claim that make an admin", "使人成为管理员的角色声明值"
    ),
    ("oidc", "auditor_values"): Text(
        "Values of the role claim that make an auditor", "使人成为审计员的角色声明值"
    ),
    ("oidc", "team_lead_values"): Text(
        "Values of the role claim that make a team lead", "使人成为团队负责人的角色声明值"
    ),
    ("oidc", "sign_out"): Text(
        "Whether signing out of the web pages signs out at the provider, too",
        "退出网页时是否同时在提供方退出",
    ),
    ("oidc", "grace_hours"): Text(
        "Hours that sign-ins go on while the provider is away; admins have none",
        "提供方不可用时登录状态延续的小时数；管理员除外",
    ),
    ("identity", "second_factor"): Text(
        "Which local accounts must have a second factor: off, admins or everybody",
        "哪些本地账户必须启用第二验证方式：off（无）、admins（管理员）或 everybody（所有人）",
    ),
    ("policy", "instances_per_person"): Text(
        "How many instances each person may have", "每人最多可拥有的实例数"
    ),
    ("policy", "instances_per_engine"): Text(
        "How many instances of one engine each person may have", "每人每种引擎最多可拥有的实例数"
    ),
    ("policy", "trash_days"): Text(
        "Days for which deleted data can be brought back", "已删除数据可恢复的天数"
    ),
    ("policy", "unreachable_grace_seconds"): Text(
        "Seconds of a machine's silence before its instances count as lost",
        "机器无响应多少秒后，其实例视为丢失",
    ),
    ("policy", "node_silent_seconds"): Text(
        "Seconds without a report after which a machine counts as offline",
        "多少秒未收到报告后，机器视为离线",
    ),
    ("registries", "username"): Text(
        "The user with whom images are fetched there", "在该镜像仓库拉取镜像所用的用户名"
    ),
    ("registries", "password_file"): Text(
        "The file with that user's password", "该用户的密码所在的文件"
    ),
    ("secrets", ""): Text(
        "The file with this secret, which templates name", "模板中引用的密钥所在的文件"
    ),
}


def settings_of(config: CoordinatorConfig) -> list[admin_pb2.StudioSetting]:
    """Every setting, in the order of docs/configuration.md."""
    told = [
        *_section("", "", config, skip=("registries", "secrets")),
    ]
    for name in ("listen", "public", "gateway", "oidc", "identity", "policy"):
        told += _section(name, name, getattr(config, name))
        if name == "gateway":
            told += _section("gateway.limits", "gateway.limits", config.gateway.limits)
    for server, registry in sorted(config.registries.items()):
        told += _section("registries", f"registries.{json.dumps(server)}", registry)
    for name, file in sorted(config.secrets.items()):
        told.append(_told("secrets", name, file, False, MEANINGS["secrets", ""]))
    return told


def _section(
    kind: str, shown: str, values: BaseModel, skip: tuple[str, ...] = ()
) -> Iterator[admin_pb2.StudioSetting]:
    for key, field in type(values).model_fields.items():
        value = getattr(values, key)
        if key in skip or isinstance(value, BaseModel):
            continue
        usual = not field.is_required() and value == field.get_default(call_default_factory=True)
        yield _told(shown, key, value, usual, MEANINGS[kind, key])


def _told(
    section: str, key: str, value: object, usual: bool, meaning: Text
) -> admin_pb2.StudioSetting:
    return admin_pb2.StudioSetting(
        section=section, key=key, value=_toml(value), is_default=usual, meaning=sentence(meaning)
    )


def _toml(value: Any) -> str:
    """As coordinator.toml would have it; "" for what is not written there."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case dict():
            return "{" + ", ".join(f"{json.dumps(k)} = {_toml(v)}" for k, v in value.items()) + "}"
        case tuple():
            return "[" + ", ".join(_toml(v) for v in value) + "]"
        case Path() | str():
            return json.dumps(str(value), ensure_ascii=False)
    raise TypeError(f"{type(value).__name__} has no form in TOML here")
