"""One person's conversation with the coordinator: channel, sign-in, renewal, errors in words.

Used by the tray and the command line alike. The session token lasts about an hour and is renewed
from the refresh token before it ends; one process at a time does that, the others take what it
saved. While the sign-in service is away the session goes on until it ends by itself.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, cast

import grpc
import grpc.aio

import aigc
from aigc.clock import Clock, SystemClock
from aigc.errors import AigcError, ErrorKind
from aigc.tls import COORDINATOR_NAME, fetch_authority, spki_pin, split_address
from desktop_client import device_sign_in
from desktop_client import sign_in as browser
from desktop_client.config import (
    ClientConfig,
    default_config_dir,
    find_coordinator,
    load_client_config,
    save_client_config,
)
from desktop_client.tokens import Stored, TokenStore, try_lock
from protos.aigc.v1 import admin_pb2_grpc, creator_pb2, creator_pb2_grpc

if TYPE_CHECKING:
    from protos.aigc.v1.admin_pb2_grpc import AdminServiceAsyncStub
    from protos.aigc.v1.creator_pb2_grpc import CreatorServiceAsyncStub, SessionServiceAsyncStub

__all__ = [
    "ClientConfig",
    "CoordinatorSession",
    "Endpoint",
    "Options",
    "default_config_dir",
    "find_coordinator",
    "load_client_config",
    "save_client_config",
]

log = logging.getLogger(__name__)

_CALL_SECONDS = 20.0  # a unary call without a deadline of its own
_RENEW_BEFORE_SECONDS = 600.0
_RENEW_AGAIN_SECONDS = 30.0  # after the sign-in service did not answer
_LOCK_SECONDS = 30.0  # how long another process may take to renew
_CLOCK_TOLERANCE_SECONDS = 120.0
_KINDS = {
    grpc.StatusCode.INVALID_ARGUMENT: ErrorKind.INVALID,
    grpc.StatusCode.OUT_OF_RANGE: ErrorKind.INVALID,
    grpc.StatusCode.UNAUTHENTICATED: ErrorKind.UNAUTHENTICATED,
    grpc.StatusCode.PERMISSION_DENIED: ErrorKind.FORBIDDEN,
    grpc.StatusCode.NOT_FOUND: ErrorKind.NOT_FOUND,
    grpc.StatusCode.ALREADY_EXISTS: ErrorKind.CONFLICT,
    grpc.StatusCode.FAILED_PRECONDITION: ErrorKind.CONFLICT,
    grpc.StatusCode.ABORTED: ErrorKind.CONFLICT,
    grpc.StatusCode.RESOURCE_EXHAUSTED: ErrorKind.LIMIT,
    grpc.StatusCode.UNAVAILABLE: ErrorKind.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED: ErrorKind.UNAVAILABLE,
}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the coordinator is and the CA it is known by."""

    address: str
    ca_pem: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Options:
    """What the coordinator says about itself before anybody is signed in."""

    sign_in: browser.SignInOptions
    studio: str
    web_url: str
    version: str
    ahead_seconds: float  # how far this machine's clock is ahead of the coordinator's


class CoordinatorSession:
    """See the module. All methods belong to one event loop.

    Attributes:
        sessions, creator, admin: typed stubs. ``creator`` and ``admin`` (and WhoAmI, SignOut)
            carry this person's session. Their errors are AigcError.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        store: TokenStore,
        api_token: str | None = None,
        *,
        config_dir: Path | None = None,
        clock: Clock | None = None,
        device: str = "",
    ) -> None:
        self._endpoint = endpoint
        self._store = store
        self._api_token = api_token
        self._config_dir = config_dir or default_config_dir()
        self._lock_path = self._config_dir / "refresh.lock"
        self._clock = clock or SystemClock()
        self._device = device or f"aigc on {socket.gethostname()}"
        self._channel: grpc.aio.Channel | None = None
        self._leaving: set[asyncio.Task[None]] = set()  # old connections that come to their end
        self._options: Options | None = None
        self._renew_again_at = 0.0  # by the monotonic clock
        self._stored: Stored | None = None
        self._renewing = asyncio.Lock()
        wrapped = cast("grpc.aio.Channel", _Calls(self))
        self.sessions = cast(
            "SessionServiceAsyncStub", creator_pb2_grpc.SessionServiceStub(wrapped)
        )
        self.creator = cast("CreatorServiceAsyncStub", creator_pb2_grpc.CreatorServiceStub(wrapped))
        self.admin = cast("AdminServiceAsyncStub", admin_pb2_grpc.AdminServiceStub(wrapped))

    @property
    def address(self) -> str:
        return self._endpoint.address

    @property
    def ca_pem(self) -> bytes:
        """The authorities that are trusted now."""
        return self._endpoint.ca_pem

    @property
    def store(self) -> TokenStore:
        return self._store

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Give the connection back. What is stored stays."""
        for leaving in self._leaving:
            leaving.cancel()
        if self._channel is not None:
            await self._channel.close(grace=None)
            self._channel = None

    def dial_anew(self) -> None:
        """The next call makes a new connection: this one may be dead without knowing it, after a
        sleep or on another network. Calls under way end on the old one."""
        old, self._channel = self._channel, None
        if old is not None:
            leaving = asyncio.create_task(old.close(grace=_CALL_SECONDS))
            self._leaving.add(leaving)
            leaving.add_done_callback(self._leaving.discard)

    def channel(self) -> grpc.aio.Channel:
        """The connection; made at first use, kept, and re-established by gRPC itself."""
        if self._channel is None:
            self._channel = grpc.aio.secure_channel(
                self._endpoint.address,
                grpc.ssl_channel_credentials(root_certificates=self._endpoint.ca_pem),
                options=[
                    ("grpc.ssl_target_name_override", COORDINATOR_NAME),
                    ("grpc.initial_reconnect_backoff_ms", 500),
                    ("grpc.max_reconnect_backoff_ms", 15_000),
                    ("grpc.keepalive_time_ms", 60_000),
                    ("grpc.keepalive_timeout_ms", 10_000),
                    ("grpc.enable_http_proxy", 0),
                    # All instances of a big studio, in one list, are more than the usual 4 MiB.
                    ("grpc.max_receive_message_length", 64 << 20),
                ],
            )
        return self._channel

    # -- signing in and out ---------------------------------------------------------------------

    async def options(self) -> Options:
        """How to sign in here, asked anew.

        Raises:
            AigcError: the coordinator cannot be reached, or is of another generation.
        """
        said = await self.sessions.GetSignInOptions(creator_pb2.GetSignInOptionsRequest())
        ahead = self._clock.now().timestamp() - said.server_time_ms / 1000
        if _generation(said.version) != _generation(aigc.__version__):
            raise AigcError(
                "version-skew",
                f"The coordinator is version {said.version}, this program {aigc.__version__}: "
                "they do not understand each other. Install the version that IT offers.",
            )
        await self._follow_authorities(said.ca_pem)
        self._options = Options(
            sign_in=browser.SignInOptions(
                issuer=said.issuer,
                client_id=said.client_id,
                scopes=tuple(said.scopes),
                loopback_host=said.loopback_host or "127.0.0.1",
                ca_pem=self._endpoint.ca_pem + said.issuer_ca_pem,
                extra=dict(said.extra_parameters),
                client_secret=said.client_secret,
            ),
            studio=said.coordinator_name,
            web_url=said.web_url,
            version=said.version,
            ahead_seconds=ahead if said.server_time_ms else 0.0,
        )
        return self._options

    async def _follow_authorities(self, ca_pem: bytes) -> None:
        """While the studio's authority is rotated, the present one tells of its successor: this
        connection is verified, so what comes over it is trusted from now on."""
        if not ca_pem or ca_pem == self._endpoint.ca_pem:
            return
        before, self._endpoint = self._endpoint, replace(self._endpoint, ca_pem=ca_pem)
        self.dial_anew()  # a connection goes on trusting what it was made with

        def keep() -> None:
            saved = load_client_config(self._config_dir)
            # What somebody else made of the file meanwhile is not ours to change.
            if saved is not None and (saved.address, saved.ca_pem) == (
                before.address,
                before.ca_pem,
            ):
                fresh = ClientConfig(saved.address, spki_pin(ca_pem), ca_pem)
                save_client_config(self._config_dir, fresh)

        try:
            await asyncio.to_thread(keep)
        except (AigcError, OSError) as error:
            log.warning("the studio's new authority was not kept", extra={"why": str(error)})

    async def sign_in(
        self, open_browser: Callable[[str], None], timeout: float = 300
    ) -> creator_pb2.Person:
        """Through the system browser; what comes of it is stored.

        Raises:
            AigcError: ``clock-off`` before anything is opened, or why it failed.
        """
        options = await self.options()
        check_clock(options)
        tokens = await browser.sign_in(options.sign_in, open_browser, timeout)
        stored, person = await self._exchange(options, tokens)
        await self._save(stored)
        return person

    async def sign_in_elsewhere(
        self, show: Callable[[device_sign_in.DevicePrompt], None], timeout: float = 600
    ) -> creator_pb2.Person:
        """By a code that somebody enters in a browser elsewhere; what comes of it is stored.

        Raises:
            AigcError: ``clock-off`` before anything is shown, or why it failed.
        """
        options = await self.options()
        check_clock(options)
        tokens = await device_sign_in.sign_in(
            options.sign_in, show, self._clock, timeout, self._device
        )
        stored, person = await self._exchange(options, tokens)
        await self._save(stored)
        return person

    async def sign_out(self, open_browser: Callable[[str], None] | None = None) -> None:
        """End the session here and, when they can be reached, at the coordinator and the issuer.

        Args:
            open_browser: called in a thread with the page where a person signs out of the sign-in
                service itself, if it has one; without it they stay signed in there.
        """
        stored = await self._load()
        if stored is not None:
            try:
                await self.sessions.SignOut(creator_pb2.SignOutRequest())
            except AigcError as error:
                log.info("the session could not be ended at the coordinator: %s", error.key)
        self._stored = None
        await asyncio.to_thread(self._store.clear)
        if stored is None and open_browser is None:
            return
        try:
            options = (await self.options()).sign_in
            if stored is not None and stored.refresh_token and stored.issuer == options.issuer:
                await browser.revoke(options, stored.refresh_token)
            page = await browser.end_session_url(options) if open_browser is not None else None
        except AigcError as error:
            log.info("the sign-in service could not be told of the end: %s", error.key)
            return
        if open_browser is not None and page is not None:
            await asyncio.to_thread(open_browser, page)

    async def stored(self) -> Stored | None:
        """What is remembered of this coordinator's sign-in, or None when nobody is signed in."""
        return await self._load()

    # -- the session token ----------------------------------------------------------------------

    async def bearer(self, refused: str = "") -> str:
        """A token for the next call.

        Args:
            refused: a token that the coordinator just refused; another one is found.

        Raises:
            AigcError: ``signed-out``, ``sign-in-expired``, or why it cannot be renewed now.
        """
        if self._api_token is not None:
            sendable = self._api_token.isascii() and self._api_token.isprintable()
            if refused or not sendable:
                raise AigcError(
                    "token-refused",
                    "The API token in AIGC_TOKEN is refused: it expired, was revoked, or belongs "
                    "to another coordinator. Make a new one with 'aigc token create'.",
                    ErrorKind.UNAUTHENTICATED,
                )
            return self._api_token
        async with self._renewing:
            stored = await self._load()
            if stored is None:
                raise _signed_out()
            good = stored.session_token and stored.session_token != refused
            left = self._seconds_left(stored)
            waiting = left > 0 and self._clock.monotonic() < self._renew_again_at
            if good and (left > _RENEW_BEFORE_SECONDS or waiting):
                return stored.session_token
            return await self._renew(stored, refused)

    def _seconds_left(self, stored: Stored) -> float:
        return stored.session_expires - self._clock.now().timestamp()

    async def _renew(self, seen: Stored, refused: str) -> str:
        try:
            fresh = await self._renew_alone(seen, refused)
        except AigcError as error:
            still_good = (
                seen.session_token
                and seen.session_token != refused
                and self._seconds_left(seen) > 0
            )
            if error.kind is ErrorKind.UNAVAILABLE and still_good:
                log.info("the session could not be renewed yet: %s", error.key)
                # Every call would wait for the answer that does not come.
                self._renew_again_at = self._clock.monotonic() + _RENEW_AGAIN_SECONDS
                if error.key == "issuer-unreachable":
                    await self._extend(seen)
                return seen.session_token
            raise
        return fresh.session_token

    async def _extend(self, seen: Stored) -> None:
        """Ask the coordinator to let the session go on while the sign-in service is away."""
        stub = cast("SessionServiceAsyncStub", creator_pb2_grpc.SessionServiceStub(self.channel()))
        try:
            said = await stub.Extend(
                creator_pb2.ExtendRequest(),
                timeout=_CALL_SECONDS,
                metadata=_bearer_metadata(seen.session_token),
            )
        except grpc.aio.AioRpcError as error:
            log.info("the session is not extended: %s", error.details())
            return
        ahead = self._options.ahead_seconds if self._options is not None else 0.0
        await self._save(replace(seen, session_expires=said.expires_at_ms / 1000 + ahead))

    async def _renew_alone(self, seen: Stored, refused: str) -> Stored:
        """Renew under the process lock, or take what another process renewed meanwhile."""
        deadline = self._clock.monotonic() + _LOCK_SECONDS
        while True:
            lock = try_lock(self._lock_path)
            held = await asyncio.to_thread(lock.__enter__)
            try:
                if held:
                    return await self._renew_locked(refused)
            finally:
                await asyncio.to_thread(lock.__exit__, None, None, None)
            if self._clock.monotonic() > deadline:
                raise AigcError(
                    "refresh-busy",
                    f"Another program has been renewing your sign-in for {_LOCK_SECONDS:.0f} s; "
                    "try again in a moment.",
                    ErrorKind.UNAVAILABLE,
                )
            await self._clock.sleep(0.1)

    async def _renew_locked(self, refused: str) -> Stored:
        self._stored = None
        stored = await self._load()
        if stored is None:
            raise _signed_out()
        good = stored.session_token and stored.session_token != refused
        if good and self._seconds_left(stored) > _RENEW_BEFORE_SECONDS:
            return stored
        if not stored.refresh_token:
            if good and self._seconds_left(stored) > 0:
                return stored
            raise _expired()
        options = await self.options()
        if options.sign_in.issuer != stored.issuer:
            raise _expired()
        tokens = await browser.refresh(options.sign_in, stored.refresh_token)
        # Before anything else: a crash from here on finds the rotated token in the store.
        await self._save(replace(stored, refresh_token=tokens.refresh_token))
        try:
            renewed, _ = await self._exchange(options, tokens)
        except AigcError as error:
            if error.key != "sign-in-used":
                raise
            # ID tokens tell whole seconds: refreshed twice in one, a provider gives the same one
            # again, which is good once. The next second's is another.
            await self._clock.sleep(1.1)
            tokens = await browser.refresh(options.sign_in, tokens.refresh_token)
            await self._save(replace(stored, refresh_token=tokens.refresh_token))
            renewed, _ = await self._exchange(options, tokens)
        await self._save(renewed)
        return renewed

    async def _exchange(
        self, options: Options, tokens: browser.Tokens
    ) -> tuple[Stored, creator_pb2.Person]:
        said = await self.sessions.Exchange(
            creator_pb2.ExchangeRequest(
                id_token=tokens.id_token,
                nonce=tokens.nonce,
                access_token=tokens.access_token,
                device=self._device,
            )
        )
        stored = Stored(
            address=self._endpoint.address,
            issuer=options.sign_in.issuer,
            refresh_token=tokens.refresh_token,
            session_token=said.session_token,
            session_expires=said.expires_at_ms / 1000 + options.ahead_seconds,
            person_name=said.person.name or said.person.email,
        )
        return stored, said.person

    async def _load(self) -> Stored | None:
        if self._stored is None:
            stored = await asyncio.to_thread(self._store.load)
            if stored is not None and stored.address == self._endpoint.address:
                self._stored = stored
        return self._stored

    async def _save(self, stored: Stored) -> None:
        self._stored = stored
        await asyncio.to_thread(self._store.save, stored)

    # -- errors ---------------------------------------------------------------------------------

    async def explain(self, error: grpc.aio.AioRpcError) -> AigcError:
        """What a person should read instead of a gRPC status."""
        code = error.code()
        key = _metadata(error, "aigc-error-key")
        details = error.details() or ""
        if key:
            return AigcError(key, details, _KINDS.get(code, ErrorKind.INTERNAL))
        if code is grpc.StatusCode.UNAVAILABLE:
            return await self._explain_unreachable(details)
        if code is grpc.StatusCode.DEADLINE_EXCEEDED:
            return AigcError(
                "coordinator-slow",
                f"The coordinator at {self.address} did not answer in time; try again.",
                ErrorKind.UNAVAILABLE,
            )
        if code is grpc.StatusCode.UNAUTHENTICATED:
            return _expired()
        if code is grpc.StatusCode.UNIMPLEMENTED:
            return AigcError(
                "version-skew",
                f"The coordinator at {self.address} does not know this request: it is older than "
                "this program, or something else answers there. Ask IT for its version.",
                ErrorKind.UNAVAILABLE,
            )
        return AigcError(
            "coordinator-failed",
            f"The coordinator at {self.address} failed ({code.name.lower()}): {details[:300]}",
            _KINDS.get(code, ErrorKind.INTERNAL),
        )

    async def _explain_unreachable(self, details: str) -> AigcError:
        """Dial once by hand to find which of name, network and certificate fails."""
        host, port = split_address(self._endpoint.address)
        try:
            await fetch_authority(host, port, spki_pin(self._endpoint.ca_pem), timeout=5)
        except AigcError as error:
            return error
        if "CERTIFICATE" in details.upper() or "HANDSHAKE" in details.upper():
            # Its authority is ours, so what is left is the time.
            return AigcError(
                "certificate-refused",
                f"By this computer's clock ({self._clock.now():%Y-%m-%d %H:%M} UTC) the "
                f"certificate of the coordinator at {self.address} is not valid: set the clock "
                "(turn on automatic time). If the clock is right, tell IT to look at the "
                "coordinator's.",
                ErrorKind.UNAVAILABLE,
            )
        return AigcError(
            "coordinator-unreachable",
            f"The connection to the coordinator at {self.address} broke; try again.",
            ErrorKind.UNAVAILABLE,
        )


def check_clock(options: Options) -> None:
    """Refuse a clock that is off by more than two minutes: signing in would fail obscurely.

    Raises:
        AigcError: ``clock-off``.
    """
    ahead = options.ahead_seconds
    if abs(ahead) <= _CLOCK_TOLERANCE_SECONDS:
        return
    minutes = max(round(abs(ahead) / 60), 2)
    raise AigcError(
        "clock-off",
        f"This computer's clock is {minutes} minutes {'ahead of' if ahead > 0 else 'behind'} the "
        "coordinator's; set it (turn on automatic time) and try again.",
    )


class _Calls:
    """What the generated stubs take for a channel: adds the session, maps the errors."""

    def __init__(self, session: CoordinatorSession) -> None:
        self._session = session

    def unary_unary(self, method: str, *args: Any, **kwargs: Any) -> Callable[..., Any]:
        session, open_to_all = self._session, method.endswith(("/GetSignInOptions", "/Exchange"))

        async def call(request: Any, *, timeout: float | None = None) -> Any:
            token = "" if open_to_all else await session.bearer()
            for attempt in (1, 2):
                remote = session.channel().unary_unary(method, *args, **kwargs)
                try:
                    return await remote(
                        request, timeout=timeout or _CALL_SECONDS, metadata=_bearer_metadata(token)
                    )
                except grpc.aio.AioRpcError as error:
                    if not (_session_refused(error) and token and attempt == 1):
                        raise await session.explain(error) from error
                token = await session.bearer(refused=token)
            raise AssertionError("unreachable: the second attempt returns or raises")

        return call

    def unary_stream(self, method: str, *args: Any, **kwargs: Any) -> Callable[..., Any]:
        session = self._session

        async def call(request: Any, *, timeout: float | None = None) -> AsyncIterator[Any]:
            token = await session.bearer()
            for attempt in (1, 2):
                remote = session.channel().unary_stream(method, *args, **kwargs)
                stream = remote(request, timeout=timeout, metadata=_bearer_metadata(token))
                try:
                    async for message in stream:
                        yield message
                    return
                except grpc.aio.AioRpcError as error:
                    if not (_session_refused(error) and attempt == 1):
                        raise await session.explain(error) from error
                finally:
                    stream.cancel()
                token = await session.bearer(refused=token)

        return call


def _bearer_metadata(token: str) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {token}"),) if token else ()


def _session_refused(error: grpc.aio.AioRpcError) -> bool:
    return error.code() is grpc.StatusCode.UNAUTHENTICATED


def _metadata(error: grpc.aio.AioRpcError, name: str) -> str:
    for key, value in error.trailing_metadata() or ():
        if key == name:
            return value if isinstance(value, str) else value.decode("utf-8", "replace")
    return ""


def _generation(version: str) -> str:
    """Versions with the same first part understand each other."""
    return version.split(".")[0] if version else aigc.__version__.split(".")[0]


def _signed_out() -> AigcError:
    return AigcError(
        "signed-out", "Nobody is signed in; run 'aigc login'.", ErrorKind.UNAUTHENTICATED
    )


def _expired() -> AigcError:
    return AigcError(
        "sign-in-expired",
        "Your sign-in has expired; sign in again.",
        ErrorKind.UNAUTHENTICATED,
    )
