"""What the admin window may ask of the coordinator: plain values in and out.

Every method is one request of AdminService. All raise AigcError: what was refused or who did not
answer, and what to do. They belong to the loop's thread; windows reach them through
``AdminBridge.ask``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime

from aigc.clock import from_milliseconds, milliseconds
from aigc.errors import AigcError, ErrorKind
from desktop_client import conversion as common
from desktop_client.admin import conversion
from desktop_client.admin.model import Node, Role
from desktop_client.admin.records import (
    AuditEntry,
    AuthorityStatus,
    Catalogue,
    JoinCommand,
    Link,
    NewAccount,
    OccupancyPoint,
    Person,
    RemovedMachine,
    Series,
    Share,
    StoryLine,
    StudioSettings,
    Token,
)
from desktop_client.model import Instance
from desktop_client.session import CoordinatorSession
from protos.aigc.v1 import admin_pb2 as pb


class Requests:
    """See the module.

    Args:
        session: the one that is open now; raises AigcError while there is none.
    """

    def __init__(self, session: Callable[[], CoordinatorSession]) -> None:
        self._session = session

    # -- machines -------------------------------------------------------------------------------

    async def join_command(self, pool: str = "", minutes: int = 60) -> JoinCommand:
        """The line that joins a new machine."""
        session = self._session()
        request = pb.CreateJoinCommandRequest(
            address=session.address, valid_minutes=minutes, pool=pool
        )
        said = await session.admin.CreateJoinCommand(request)
        return JoinCommand(said.command, from_milliseconds(said.expires_at_ms))

    async def drain(self, node_id: str, on: bool) -> None:
        """Nothing new starts there; what runs goes on. ``on`` False takes it back."""
        await self._session().admin.DrainNode(pb.DrainNodeRequest(node_id=node_id, draining=on))

    async def revoke(self, node_id: str) -> None:
        """The machine may never connect again with the certificate that it has."""
        await self._session().admin.RevokeNode(pb.RevokeNodeRequest(node_id=node_id))

    async def declare_off(self, node_id: str, reason: str) -> int:
        """An audited statement that it is off; how many leases that freed."""
        request = pb.DeclareNodeOffRequest(node_id=node_id, reason=reason)
        freed: int = (await self._session().admin.DeclareNodeOff(request)).leases_freed
        return freed

    async def accept_ledger(self, node_id: str) -> None:
        """Make a machine that obeys another ledger take this one as the truth."""
        await self._session().admin.AcceptLedger(pb.AcceptLedgerRequest(node_id=node_id))

    async def update_node(
        self,
        node_id: str,
        *,
        name: str | None = None,
        pool: str | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> Node:
        """What is None stays as it is; ``labels`` are exactly these then."""
        request = pb.UpdateNodeRequest(node_id=node_id, name=name, pool=pool)
        if labels is not None:
            request.labels.CopyFrom(pb.Labels(values=dict(labels)))
        return conversion.node((await self._session().admin.UpdateNode(request)).node)

    async def resolve_unclaimed(self, node_id: str, container_id: str, *, keep: bool) -> None:
        """End it now, or hold it for another hold time."""
        fates = pb.ResolveUnclaimedRequest.Fate
        request = pb.ResolveUnclaimedRequest(
            node_id=node_id,
            container_id=container_id,
            fate=fates.FATE_KEEP if keep else fates.FATE_STOP,
        )
        await self._session().admin.ResolveUnclaimed(request)

    async def node_readings(
        self, node_id: str, start: datetime, end: datetime | None = None, points: int = 360
    ) -> tuple[Series, ...]:
        """What its cards read, one series a card; ``end`` None is now."""
        request = pb.GetNodeReadingsRequest(
            node_id=node_id,
            from_ms=milliseconds(start),
            to_ms=milliseconds(end),
            points=points,
        )
        said = await self._session().admin.GetNodeReadings(request)
        return tuple(conversion.series(s) for s in said.series)

    async def occupancy(
        self, start: datetime, end: datetime | None = None, step_minutes: int = 15
    ) -> tuple[OccupancyPoint, ...]:
        """How full the studio was; ``end`` None is now."""
        request = pb.GetOccupancyRequest(
            from_ms=milliseconds(start), to_ms=milliseconds(end), step_minutes=step_minutes
        )
        said = await self._session().admin.GetOccupancy(request)
        return tuple(conversion.occupancy(p) for p in said.points)

    # -- instances ------------------------------------------------------------------------------

    async def stop(self, instance_id: str) -> Instance:
        """Stop anybody's; its data is kept, and its owner reads that IT stopped it."""
        request = pb.StopAnyInstanceRequest(instance_id=instance_id)
        said = await self._session().admin.StopAnyInstance(request)
        stopped = common.instance(said.instance)
        if stopped is None:
            raise AigcError(
                "instance-unknown", "That instance was deleted meanwhile.", ErrorKind.NOT_FOUND
            )
        return stopped

    async def story(self, instance_id: str) -> tuple[StoryLine, ...]:
        """Every event of one instance with its cause, oldest first."""
        said = await self._session().admin.GetStory(pb.GetStoryRequest(instance_id=instance_id))
        return tuple(conversion.story_line(line) for line in said.lines)

    async def explain_waiting(self, instance_id: str) -> tuple[RemovedMachine, ...]:
        """Which machines cannot take a waiting instance now, and why; none if it waits no more."""
        request = pb.ExplainWaitingRequest(instance_id=instance_id)
        said = await self._session().admin.ExplainWaiting(request)
        return tuple(conversion.removed_machine(m) for m in said.machines)

    async def logs(
        self, instance_id: str, tail: int = 500, *, follow: bool = True
    ) -> AsyncIterator[list[str]]:
        """The last lines, then what follows, until cancelled. The coordinator audits it."""
        request = pb.StreamAnyLogsRequest(instance_id=instance_id, tail=tail, follow=follow)
        async for message in self._session().admin.StreamAnyLogs(request):
            yield [line.text for line in message.lines]

    # -- catalogue, people, audit, settings -----------------------------------------------------

    async def catalogue(self) -> Catalogue:
        """What is loaded, what is broken and where."""
        said = await self._session().admin.GetCatalogueStatus(pb.GetCatalogueStatusRequest())
        return conversion.catalogue(said)

    async def people(self) -> tuple[Person, ...]:
        """Everybody who has an account or signed in."""
        said = await self._session().admin.ListPeople(pb.ListPeopleRequest())
        return tuple(conversion.person(p) for p in said.people)

    async def create_account(self, username: str, name: str, role: Role) -> NewAccount:
        """A local account; its one-time password is shown once, now."""
        request = pb.CreateAccountRequest(username=username, name=name, role=role.value)
        return conversion.new_account(await self._session().admin.CreateAccount(request))

    async def set_disabled(self, person_id: str, disabled: bool) -> None:
        """Locked out, sessions, tokens and open pages end at once; False lets them in again."""
        request = pb.SetPersonDisabledRequest(person_id=person_id, disabled=disabled)
        await self._session().admin.SetPersonDisabled(request)

    async def set_role(self, person_id: str, role: Role) -> None:
        """It wins over what the provider says; UNKNOWN: what the provider says, again."""
        request = pb.SetPersonRoleRequest(person_id=person_id, role=role.value)
        await self._session().admin.SetPersonRole(request)

    async def reset_password(self, person: Person) -> NewAccount:
        """A one-time password for a local account, shown once; all its sessions end."""
        request = pb.ResetPasswordRequest(person_id=person.id)
        said = await self._session().admin.ResetPassword(request)
        until = from_milliseconds(said.one_time_until_ms)
        return NewAccount(person.id, person.name, said.one_time_password, until)

    async def reset_second_factor(self, person_id: str) -> None:
        """A local account's second factor and recovery codes are worth nothing any more."""
        request = pb.ResetSecondFactorRequest(person_id=person_id)
        await self._session().admin.ResetSecondFactor(request)

    async def links(self) -> tuple[Link, ...]:
        """Who asks to be who they were before the studio moved to another provider."""
        said = await self._session().admin.ListLinks(pb.ListLinksRequest())
        return tuple(conversion.link(link) for link in said.links)

    async def approve_link(self, link_id: str) -> None:
        """The asker is the former account's person from now on."""
        await self._session().admin.ApproveLink(pb.ApproveLinkRequest(link_id=link_id))

    async def refuse_link(self, link_id: str, reason: str) -> None:
        """The asker reads the reason."""
        request = pb.RefuseLinkRequest(link_id=link_id, reason=reason)
        await self._session().admin.RefuseLink(request)

    async def sign_out_everywhere(self, person_id: str) -> int:
        """How many programs and browsers that ended."""
        request = pb.SignOutEverywhereRequest(person_id=person_id)
        ended: int = (await self._session().admin.SignOutEverywhere(request)).sessions_ended
        return ended

    async def tokens(self, person_id: str) -> tuple[Token, ...]:
        request = pb.ListPersonTokensRequest(person_id=person_id)
        said = await self._session().admin.ListPersonTokens(request)
        return tuple(conversion.token(t) for t in said.tokens)

    async def revoke_token(self, person_id: str, token_id: str) -> None:
        request = pb.RevokePersonTokenRequest(person_id=person_id, token_id=token_id)
        await self._session().admin.RevokePersonToken(request)

    async def shares(self) -> tuple[Share, ...]:
        """Every engine that somebody lets others open now."""
        said = await self._session().admin.ListAllShares(pb.ListAllSharesRequest())
        return tuple(conversion.share(s) for s in said.shares)

    async def revoke_share(self, share_id: str) -> None:
        """The guests' pages close at once."""
        await self._session().admin.RevokeAnyShare(pb.RevokeAnyShareRequest(id=share_id))

    async def audit(
        self, limit: int = 200, before: int = 0, containing: str = ""
    ) -> tuple[AuditEntry, ...]:
        """The newest first; ``before`` is the seq of the oldest that is there already, or 0."""
        request = pb.ListAuditRequest(limit=limit, before_seq=before, containing=containing)
        said = await self._session().admin.ListAudit(request)
        return tuple(conversion.audit_entry(e) for e in said.entries)

    async def authority(self) -> AuthorityStatus:
        """The studio's own authority, and how far its rotation is."""
        request = pb.GetAuthorityStatusRequest()
        return conversion.authority(await self._session().admin.GetAuthorityStatus(request))

    async def rotate_authority(self, step: str, *, force: bool = False) -> AuthorityStatus:
        """Announce, cancel, switch or finish; ``force``: although machines are missing."""
        steps = pb.RotateAuthorityRequest.Step
        request = pb.RotateAuthorityRequest(step=steps.Value(f"STEP_{step.upper()}"), force=force)
        return conversion.authority(await self._session().admin.RotateAuthority(request))

    async def settings(self) -> StudioSettings:
        """How the coordinator is set up; secrets never."""
        said = await self._session().admin.GetStudioSettings(pb.GetStudioSettingsRequest())
        return conversion.studio_settings(said)
