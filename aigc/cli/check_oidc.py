"""IT: what is misconfigured at the OpenID provider, in words."""

from __future__ import annotations

import asyncio
import json
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aigc.cli.output import json_option, print_json, say
from aigc.errors import EXIT_CODES, AigcError, ErrorKind

if TYPE_CHECKING:
    from coordinator.config import CoordinatorConfig
    from coordinator.identity.oidc import OidcSettings
    from coordinator.identity.oidc_findings import Finding
    from coordinator.identity.oidc_sign_in import SignInReport


@click.command("check-oidc")
@click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("/etc/aigc/coordinator.toml"),
    show_default=True,
)
@click.option(
    "--sign-in",
    is_flag=True,
    help="Also sign in, in the browser, and say which role and teams would come of it.",
)
@click.option("--timeout", default=300, show_default=True, help="Seconds to sign in.")
@json_option
def check_oidc_command(config: Path, sign_in: bool, timeout: int, as_json: bool) -> int:
    """Say in words what is misconfigured between the [oidc] section and the provider."""
    from coordinator.config import load_config
    from coordinator.identity.oidc import oidc_settings
    from coordinator.identity.oidc_findings import Level

    loaded = load_config(config)
    if not loaded.oidc.issuer:
        raise AigcError(
            "oidc-absent",
            f"{config} has no [oidc] section: people sign in here, with local accounts. "
            "docs/identity.md says how to connect a provider.",
        )
    settings = oidc_settings(loaded)
    findings = asyncio.run(_check(settings, _web_url(loaded)))
    failed = any(f.level is Level.FAIL for f in findings)
    if not as_json:
        for finding in findings:
            click.echo(f"{finding.level.value:<4}  {finding.name}: {finding.message}")
    report = None
    broken = any(f.level is Level.FAIL and f.name in ("discovery", "issuer") for f in findings)
    if sign_in and not broken:
        report = asyncio.run(_sign_in(settings, timeout))
        if not as_json:
            _show(report)
    if as_json:
        told: dict[str, Any] = {
            "findings": [
                {"name": f.name, "level": f.level.value.lower(), "message": f.message}
                for f in findings
            ]
        }
        if report is not None:
            told["sign_in"] = _as_json(report)
        print_json(told)
    return EXIT_CODES[ErrorKind.INVALID] if failed else 0


async def _check(settings: OidcSettings, web_url: str) -> list[Finding]:
    from aigc.clock import SystemClock
    from coordinator.identity.oidc_check import OidcCheck

    return await OidcCheck(settings, web_url, SystemClock()).run()


async def _sign_in(settings: OidcSettings, timeout: int) -> SignInReport:
    from aigc.clock import SystemClock
    from coordinator.identity.oidc_sign_in import report_sign_in
    from desktop_client.sign_in import SignInOptions
    from desktop_client.sign_in import sign_in as through_browser

    options = SignInOptions(
        issuer=settings.issuer,
        client_id=settings.native_client_id,
        scopes=settings.scopes,
        loopback_host=settings.loopback_host,
        ca_pem=settings.ca_pem,
        extra=settings.extra,
        client_secret=settings.native_client_secret,
    )

    def open_browser(address: str) -> None:
        say(f"Sign in on this page:\n  {address}")
        webbrowser.open(address)

    tokens = await through_browser(options, open_browser, timeout)
    if not tokens.refresh_token:
        say("No refresh token came: tray and command line would ask again every hour.")
    return await report_sign_in(
        settings, SystemClock(), tokens.id_token, tokens.access_token, tokens.nonce
    )


def _show(report: SignInReport) -> None:
    from coordinator.api.person_words import problem_text

    click.echo()
    click.echo(f"{report.name} <{report.email or 'no e-mail address'}>, subject {report.subject}")
    click.echo(f"  role   {report.role}: {report.why}")
    click.echo(f"  teams  {', '.join(report.teams) or 'none'}")
    for path, value in report.values.items():
        click.echo(f"  {path} = {json.dumps(value, ensure_ascii=False)}")
    click.echo(f"  ID token   {', '.join(report.id_token_claims)}")
    userinfo = ", ".join(report.userinfo_claims or ()) or report.userinfo_error or "not asked"
    click.echo(f"  userinfo   {userinfo}")
    if report.problem is not None:
        click.echo(f"note  {problem_text(report.problem).en}")


def _as_json(report: SignInReport) -> dict[str, Any]:
    from coordinator.api.person_words import problem_text

    return {
        "subject": report.subject,
        "name": report.name,
        "email": report.email,
        "role": report.role.value,
        "why": report.why,
        "teams": list(report.teams),
        "values": dict(report.values),
        "id_token_claims": list(report.id_token_claims),
        "userinfo_claims": list(report.userinfo_claims or ()),
        "userinfo_error": report.userinfo_error,
        "problem": problem_text(report.problem).en if report.problem is not None else "",
    }


def _web_url(config: CoordinatorConfig) -> str:
    """Where the running coordinator says its pages are, else what the configuration says."""
    if config.public.web_url:
        return config.public.web_url
    try:
        told = json.loads((config.state_dir / "ready.json").read_text("utf-8"))
        return str(told["web_url"])
    except (OSError, ValueError, KeyError):
        from aigc.tls import split_address

        scheme = "https" if config.listen.web_tls else "http"
        port = split_address(config.listen.web)[1]
        return f"{scheme}://{config.public.host}:{port}"
