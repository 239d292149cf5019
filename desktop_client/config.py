"""What a desktop remembers about its coordinator: address, pin, CA. No secret is in here."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_config_path

from aigc.errors import AigcError
from aigc.join_link import JoinLink
from aigc.tls import fetch_authority, spki_pin, split_address
from desktop_client.tokens import write_private

_FILE = "client.json"


@dataclass(frozen=True, slots=True)
class ClientConfig:
    """The coordinator of this desktop. What a person chose for the desktop is in settings."""

    address: str  # host:port of the creators' port
    pin: str
    ca_pem: bytes


def default_config_dir() -> Path:
    """This user's folder for the client's settings."""
    return user_config_path("aigc-gateway")


def load_client_config(config_dir: Path) -> ClientConfig | None:
    """What was saved, or None when nothing was yet.

    Raises:
        AigcError: ``client-config-broken`` when the file cannot be understood.
    """
    path = config_dir / _FILE
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        config = ClientConfig(
            address=str(value["address"]),
            pin=str(value["pin"]),
            ca_pem=str(value["ca_pem"]).encode("ascii"),
        )
        if spki_pin(config.ca_pem) != config.pin:
            raise ValueError("the CA does not match the pin")
        split_address(config.address)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AigcError) as error:
        raise AigcError(
            "client-config-broken",
            f"{path} cannot be used ({error}); delete it and connect again.",
        ) from error
    return config


def save_client_config(config_dir: Path, config: ClientConfig) -> None:
    """Keep it; a crash in between leaves the old file whole."""
    value = {
        "address": config.address,
        "pin": config.pin,
        "ca_pem": config.ca_pem.decode("ascii"),
    }
    write_private(config_dir / _FILE, json.dumps(value, indent=2) + "\n")


async def find_coordinator(text: str, pin: str | None = None) -> ClientConfig:
    """From ``host:port`` or a join link to a coordinator whose CA is known.

    Without a pin the caller shows :attr:`ClientConfig.pin` to the person before it is trusted.

    Raises:
        AigcError: which of address, name, network, TLS or pin is wrong.
    """
    text = text.strip()
    if text.startswith("aigc:"):
        link = JoinLink.parse(text)
        address, pin = link.address, link.pin
    else:
        address = text if _has_port(text) else f"{text}:7443"
    host, port = split_address(address)
    ca_pem = await fetch_authority(host, port, pin)
    return ClientConfig(address, spki_pin(ca_pem), ca_pem)


def _has_port(text: str) -> bool:
    return text.rpartition("]")[2].count(":") == 1
