"""coordinator.toml: what is read, and one sentence for each mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from aigc.door_limits import DoorLimits, read_door_limits, write_door_limits
from aigc.errors import AigcError
from coordinator.config import GatewayLimits, load_config
from coordinator.identity.oidc import oidc_settings
from tests.standins.session_server import make_authority

GOOD = """
name = "Studio North"
state_dir = "state"
[listen]
creators = "127.0.0.1:0"
web = "127.0.0.1:0"
web_tls = false
[gateway]
zone = "GW.studio.lan"
certificate = "tls/wildcard.pem"
key = "/etc/ssl/key.pem"
[registries."registry.studio.lan:5000"]
username = "puller"
password_file = "registry.password"
[secrets]
hf = "hf.token"
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "coordinator.toml"
    path.write_text(text)
    return path


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, GOOD))
    assert config.state_dir == tmp_path / "state"
    assert config.gateway.zone == "gw.studio.lan"
    assert config.gateway.certificate == tmp_path / "tls/wildcard.pem"
    assert config.gateway.key == Path("/etc/ssl/key.pem")
    assert config.registries["registry.studio.lan:5000"].password_file == (
        tmp_path / "registry.password"
    )
    assert config.secrets == {"hf": tmp_path / "hf.token"}
    assert config.policy.instances_per_engine == 1


def test_an_empty_file_is_the_defaults(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, ""))
    assert config.listen.nodes == "0.0.0.0:7444"
    assert config.public.host


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ('nmae = "x"', ['"nmae" is unknown', 'did you mean "name"?']),
        ('[listen]\ncreator = "a:1"', ['"listen.creator"', "[listen]", '"creators"']),
        ("[policy]\nqqq = 1", ["instances_per_person", "trash_days"]),
        ('[registries."r:5000"]\nusername="a"\npassword="b"', ["password_file"]),
        ('[listen]\nnodes = "7444"', ["listen.nodes", "host:port"]),
        ("[policy]\ntrash_days = 0", ["policy.trash_days", "greater than or equal to 1"]),
        ('[policy]\ntrash_days = "many"', ["policy.trash_days", "integer"]),
        ("[gateway]\ntls = false", ["gateway", "127.0.0.1"]),
        ("[listen]\nweb_tls = false", ["listen", "127.0.0.1"]),
        ('[gateway]\nzone = "*.gw.lan"', ["gateway.zone", "gw.studio.lan"]),
        ('[gateway]\ncertificate = "a.pem"', ["both or neither"]),
        ('[gateway]\npublic_url = "https://x"', ["{host}"]),
        ("\nname = 1x", ["not valid TOML", "line 2"]),
        ('[oidc]\nissuer = "id.lan"', ["oidc.issuer", "https://id.studio.lan"]),
        ('[oidc]\nissuer = "http://id.lan"', ["oidc.issuer", "https"]),
        (
            '[oidc]\nissuer = "https://id.lan/.well-known/openid-configuration"',
            ["oidc.issuer", "without /.well-known"],
        ),
        ('[oidc]\nweb_client_id = "x"', ['"oidc.web_client_id" is unknown', "client_id"]),
        ('[oidc]\nscopes = "openid"', ["oidc.scopes", "a list such as"]),
        ('[oidc]\nscopes = ["profile"]', ["oidc", '"openid"']),
        ('[oidc]\nextra_parameters = {state = "x"}', ["extra_parameters", "state is set by"]),
        ("[oidc]\nextra_parameters = {max_age = 1}", ["extra_parameters.max_age", "string"]),
        ('[oidc]\nloopback_host = "id.lan"', ["loopback_host", '"localhost"']),
        ('[oidc]\ntoken_auth = "jwt"', ["token_auth", "client_secret_post"]),
        ('[oidc]\ntoken_auth = "client_secret_basic"', ["needs client_secret_file"]),
        ('[oidc]\nclaims_from = "both"', ["claims_from", "userinfo"]),
        ('[oidc]\nadmin_values = ["a"]\nauditor_values = ["a"]', ['"a" stands for two roles']),
        ("[oidc]\ngrace_hours = 100", ["grace_hours", "72"]),
        ('[oidc]\nissuer = "https://id.lan"\nclient_id = ""', ["client_id is empty"]),
    ],
)
def test_a_mistake_is_one_sentence(tmp_path: Path, text: str, parts: list[str]) -> None:
    path = write(tmp_path, text)
    with pytest.raises(AigcError) as caught:
        load_config(path)
    assert caught.value.key == "config-invalid"
    assert str(path) in caught.value.message
    assert "\n" not in caught.value.message
    for part in parts:
        assert part in caught.value.message


def test_an_issuer_is_kept_as_it_is_written(tmp_path: Path) -> None:
    """A slash at its end belongs to it."""
    text = '[oidc]\nissuer = "https://id.lan/application/o/aigc/"\nclient_secret_file = "s"\n'
    config = load_config(write(tmp_path, text + 'ca_file = "ca.pem"\ngrace_hours = 0'))
    assert config.oidc.issuer == "https://id.lan/application/o/aigc/"
    with pytest.raises(AigcError, match=r"oidc\.client_secret_file"):
        oidc_settings(config)
    (tmp_path / "s").write_text("secret of ours \n")
    (tmp_path / "ca.pem").write_text("not a certificate")
    with pytest.raises(AigcError, match=r"oidc\.ca_file\) holds no certificate"):
        oidc_settings(config)
    (tmp_path / "ca.pem").write_bytes(make_authority()[0])
    told = oidc_settings(config)
    assert (told.client_secret, told.native_client_id) == ("secret of ours", "aigc")
    assert not told.grace
    assert "secret of ours" not in repr(told)


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(AigcError, match="--config"):
        load_config(tmp_path / "no.toml")


def test_the_doors_limits_reach_the_gateway_as_they_are_written(tmp_path: Path) -> None:
    file = tmp_path / "coordinator.toml"
    file.write_text("[gateway.limits]\nrequests_per_second = 0\nbody_seconds = 600\n")
    limits = load_config(file).gateway.limits.as_door_limits()
    assert limits == DoorLimits(requests_per_second=0, body_seconds=600)
    assert read_door_limits(write_door_limits(limits)) == limits
    assert GatewayLimits().as_door_limits() == DoorLimits()
    file.write_text("[gateway.limits]\nrequest_per_second = 9\n")
    with pytest.raises(AigcError, match='did you mean "requests_per_second"'):
        load_config(file)


def test_the_documented_limits_are_the_defaults(tmp_path: Path) -> None:
    docs = Path(__file__).parents[2] / "docs" / "configuration.md"
    section = docs.read_text(encoding="utf-8").partition("[gateway.limits]")[2].partition("\n\n")[0]
    file = tmp_path / "coordinator.toml"
    file.write_text("[gateway.limits]" + section, encoding="utf-8")
    assert load_config(file).gateway.limits.model_fields_set == set(GatewayLimits.model_fields)
    assert load_config(file).gateway.limits.as_door_limits() == DoorLimits()
