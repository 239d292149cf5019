"""The one interceptor of all ports: who calls, may they, and errors in words.

A handler runs only when the method's policy is met. Long answers to a person are raced against
the end of their session: within two seconds after it ended, so does the answer.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import secrets
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any, Protocol

import grpc

from aigc.clock import Clock
from aigc.errors import AigcError, ErrorKind
from coordinator.api import status
from coordinator.api.policy import PERSONAL, POLICIES, READS, Policy, role_suffices
from coordinator.fleet.caller import calling_node
from coordinator.fleet.enrolment import Enrolment
from coordinator.identity.identity import Caller
from coordinator.ledger import LedgerError
from coordinator.refusals import Refusals

_log = logging.getLogger(__name__)
_RECHECK_SECONDS = 2.0
_BEARER_MAX = 4096
_END = object()

Handler = Callable[[Any, Any], Any]


class SessionCheck(Protocol):
    """The part of identity that is needed here."""

    async def check_session(self, token: str) -> Caller: ...
    async def wait_ended(self, caller: Caller) -> None: ...


caller: ContextVar[Caller] = ContextVar("caller")
bearer: ContextVar[str] = ContextVar("bearer")


class Guard(grpc.aio.ServerInterceptor):  # type: ignore[misc]  # grpc has no types
    """For one port: ``offered`` are the policies whose methods this port serves."""

    def __init__(
        self,
        offered: frozenset[Policy],
        clock: Clock,
        refusals: Refusals,
        identity: SessionCheck | None = None,
        enrolment: Enrolment | None = None,
    ) -> None:
        self._offered = offered
        self._clock = clock
        self._refusals = refusals
        self._identity = identity
        self._enrolment = enrolment

    async def intercept_service(
        self, continuation: Callable[[Any], Awaitable[Any]], details: Any
    ) -> Any:
        handler = await continuation(details)
        if handler is None:
            return None
        if handler.request_streaming:
            inner = handler.stream_stream if handler.response_streaming else handler.stream_unary
        else:
            inner = handler.unary_stream if handler.response_streaming else handler.unary_unary
        if handler.response_streaming:
            wrapped = self._streaming(details, inner)
            make = (
                grpc.stream_stream_rpc_method_handler
                if handler.request_streaming
                else grpc.unary_stream_rpc_method_handler
            )
        else:
            wrapped = self._unary(details, inner)
            make = (
                grpc.stream_unary_rpc_method_handler
                if handler.request_streaming
                else grpc.unary_unary_rpc_method_handler
            )
        return make(
            wrapped,
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )

    def _unary(self, details: Any, inner: Handler) -> Handler:
        async def run(request: Any, context: Any) -> Any:
            async def body() -> Any:
                await self._admit(details, context)
                return await inner(request, context)

            return await self._in_words(details.method, context, body())

        return run

    def _streaming(self, details: Any, inner: Handler) -> Handler:
        async def run(request: Any, context: Any) -> None:
            async def body() -> None:
                policy = await self._admit(details, context)
                if not inspect.isasyncgenfunction(inner):
                    await inner(request, context)
                elif policy in PERSONAL:
                    answers = inner(request, context)
                    await self._while_signed_in(policy, details.method, answers, context)
                else:
                    async for answer in inner(request, context):
                        await context.write(answer)

            await self._in_words(details.method, context, body())

        return run

    async def _admit(self, details: Any, context: Any) -> Policy:
        policy = POLICIES.get(details.method)
        if policy is None or policy not in self._offered:
            raise AigcError(
                "method-not-here", f"{details.method} is not served here.", ErrorKind.FORBIDDEN
            )
        if policy in PERSONAL:
            token = _bearer_of(details.invocation_metadata)
            caller.set(await self._check_person(policy, token, details.method))
            bearer.set(token)
        elif policy is Policy.NODE:
            assert self._enrolment is not None
            certificate = context.auth_context().get("x509_pem_cert", [b""])[0]
            try:
                calling_node.set(await self._enrolment.admit(certificate))
            except AigcError as error:
                await self._refusals.record("machine", details.method, context.peer(), error)
                raise
        return policy

    async def _check_person(self, policy: Policy, token: str, method: str) -> Caller:
        assert self._identity is not None
        found = await self._identity.check_session(token)
        if found.read_only and method not in READS:
            error = AigcError(
                "token-read-only",
                "This API token only reads: make one that may change things, or sign in.",
                ErrorKind.FORBIDDEN,
            )
            await self._refusals.record(found.person.id, method, "", error)
            raise error
        if not role_suffices(policy, found.person.role):
            error = AigcError(
                "role-missing",
                f"Only {'an admin' if policy is Policy.ADMIN else 'an auditor or admin'} may do "
                f'this; your role is "{found.person.role}". Ask IT if you need it.',
                ErrorKind.FORBIDDEN,
            )
            await self._refusals.record(found.person.id, method, "", error)
            raise error
        return found

    async def _while_signed_in(
        self, policy: Policy, method: str, answers: Any, context: Any
    ) -> None:
        over = asyncio.create_task(self._session_over(policy, bearer.get(), method))
        upcoming: asyncio.Task[Any] | None = None
        try:
            while True:
                upcoming = asyncio.create_task(_next(answers))
                await asyncio.wait({upcoming, over}, return_when=asyncio.FIRST_COMPLETED)
                if over.done():
                    raise over.result()
                answer = upcoming.result()
                if answer is _END:
                    return
                writing = asyncio.create_task(context.write(answer))
                upcoming = writing
                await asyncio.wait({writing, over}, return_when=asyncio.FIRST_COMPLETED)
                if over.done():
                    raise over.result()
                writing.result()
        finally:
            left = [t for t in (over, upcoming) if t is not None]
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)
            await answers.aclose()

    async def _session_over(self, policy: Policy, token: str, method: str) -> AigcError:
        """Why the session holds no longer, at the latest two seconds after it ended."""
        assert self._identity is not None
        while True:
            ended = asyncio.create_task(self._identity.wait_ended(caller.get()))
            recheck = asyncio.create_task(self._clock.sleep(_RECHECK_SECONDS))
            try:
                await asyncio.wait({ended, recheck}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (ended, recheck):
                    task.cancel()
                await asyncio.gather(ended, recheck, return_exceptions=True)
            try:
                await self._check_person(policy, token, method)
            except AigcError as error:
                if error.kind is not ErrorKind.UNAVAILABLE:
                    return error

    async def _in_words(self, method: str, context: Any, body: Awaitable[Any]) -> Any:
        try:
            return await body
        except AigcError as error:
            _log.debug("refused", extra={"method": method, "key": error.key})
            await status.abort(context, error)
        except (grpc.aio.AbortError, asyncio.CancelledError):
            raise
        except LedgerError as error:
            _log.exception("the ledger refused", extra={"method": method})
            await status.abort(
                context,
                AigcError(
                    "ledger-unavailable",
                    f"The coordinator cannot use its ledger ({error}), so nothing was changed; "
                    "running engines go on. IT should check the free space of its disk.",
                    ErrorKind.UNAVAILABLE,
                ),
            )
        except Exception:  # noqa: BLE001 - a defect of ours: told by code, its trace in the log
            code = secrets.token_hex(4)
            _log.exception("a call failed", extra={"method": method, "support_code": code})
            await status.abort(
                context,
                AigcError(
                    "internal",
                    f"The coordinator made a mistake (support code {code}): try again, and tell "
                    "IT the code if it stays.",
                    ErrorKind.INTERNAL,
                ),
            )


async def _next(answers: Any) -> Any:
    return await anext(answers, _END)


def _bearer_of(metadata: Any) -> str:
    values = [v for k, v in (metadata or ()) if k == "authorization"]
    if not values:
        raise _unauthenticated("Nobody is signed in: sign in first (aigc login).")
    if len(values) > 1:
        raise _unauthenticated("The call carries two authorizations: send exactly one.")
    scheme, _, token = str(values[0]).partition(" ")
    if scheme.lower() != "bearer" or not token or len(token) > _BEARER_MAX:
        raise _unauthenticated(
            "The call's authorization is not a session token of this coordinator: sign in again."
        )
    return token


def _unauthenticated(message: str) -> AigcError:
    return AigcError("not-signed-in", message, ErrorKind.UNAUTHENTICATED)
