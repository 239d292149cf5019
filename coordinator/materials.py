"""What the coordinator reads from disk, or makes there, before anything runs."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from aigc.clock import Clock
from aigc.tls import COORDINATOR_NAME, GATEWAY_NAME
from coordinator import state_folder
from coordinator.catalogue import Loaded, load
from coordinator.config import CoordinatorConfig, read_secret
from coordinator.domain.policy import Policy
from coordinator.fleet.authority import Authority, Files
from coordinator.fleet.wire import Confidential, Credential
from coordinator.ledger import Ledger

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Materials:
    """What is read from disk before anything runs."""

    authority: Authority
    coordinator_tls: Files
    gateway_tls: Files
    wildcard: Files | None
    web_tls: Files | None
    confidential: Confidential
    catalogue: Loaded
    ledger: Ledger
    ports: dict[str, int]


def prepare(config: CoordinatorConfig, clock: Clock) -> Materials:
    authority = Authority.open(config.state_dir / "authority", config.name, clock)
    coordinator_tls, gateway_tls, wildcard, web_tls = make_certificates(config, authority)
    confidential = Confidential(
        secrets={
            name: read_secret(file, f"secret {name}") for name, file in config.secrets.items()
        },
        registries={
            name: Credential(
                registry.username, read_secret(registry.password_file, f"password of {name}")
            )
            for name, registry in config.registries.items()
        },
    )
    catalogue = load(
        config.catalogue_dir,
        Loaded(),
        registries=set(config.registries),
        secrets=set(config.secrets),
    )
    for problem in catalogue.problems:
        _log.warning("catalogue: %s", problem)
    ports = state_folder.read_ports(config.state_dir)
    ledger = Ledger.open(config.state_dir / "ledger.sqlite")
    return Materials(
        authority,
        coordinator_tls,
        gateway_tls,
        wildcard,
        web_tls,
        confidential,
        catalogue,
        ledger,
        ports,
    )


def make_certificates(
    config: CoordinatorConfig, authority: Authority
) -> tuple[Files, Files, Files | None, Files | None]:
    """Those of (coordinator, gateway's tunnel, zone, web pages), made anew where needed."""
    here = ("localhost", "127.0.0.1", "::1")
    host = config.public.host
    web_host = urlsplit(config.public.web_url).hostname or host
    coordinator_tls = authority.server_files("coordinator", (COORDINATOR_NAME, host, *here))
    gateway_tls = authority.server_files("gateway", (GATEWAY_NAME, host))
    gateway, wildcard = config.gateway, None
    if gateway.tls and gateway.certificate is not None and gateway.key is not None:
        wildcard = Files(gateway.certificate, gateway.key)
    elif gateway.tls:
        wildcard = authority.server_files("zone", (f"*.{gateway.zone}", gateway.zone))
    web_tls = (
        authority.server_files("web", (web_host, host, *here)) if config.listen.web_tls else None
    )
    return coordinator_tls, gateway_tls, wildcard, web_tls


def studio_policy(config: CoordinatorConfig) -> Policy:
    policy = config.policy
    return Policy(
        instances_per_person=policy.instances_per_person,
        instances_per_engine=policy.instances_per_engine,
        trash_days=policy.trash_days,
        unreachable_grace=timedelta(seconds=policy.unreachable_grace_seconds),
        node_silent=timedelta(seconds=policy.node_silent_seconds),
    )
