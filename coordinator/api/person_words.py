"""People's claims and links as the wire has them: what is odd, who asks for which account."""

from __future__ import annotations

from aigc.clock import milliseconds
from coordinator.api import conversion
from coordinator.domain.engine import Text
from coordinator.domain.people import Person, PersonId
from coordinator.domain.studio import Studio
from coordinator.identity.links import Link, LinkState, LinkView
from coordinator.identity.roles import Oddity, Problem
from protos.aigc.v1 import common_pb2, creator_pb2

_STATES = {
    LinkState.OPEN: creator_pb2.LinkRequest.STATE_OPEN,
    LinkState.APPROVED: creator_pb2.LinkRequest.STATE_APPROVED,
    LinkState.REFUSED: creator_pb2.LinkRequest.STATE_REFUSED,
    LinkState.WITHDRAWN: creator_pb2.LinkRequest.STATE_WITHDRAWN,
}


def problem_text(found: Problem) -> Text:
    """What IT should know of somebody's claims, and where to mend it."""
    claim, value = found.claim, found.value
    match found.oddity:
        case Oddity.MISSING:
            return Text(
                f'The last sign-in brought no claim "{claim}", so it gave no role: let the '
                "provider send it, or correct oidc.role_claim ('aigc coordinator check-oidc').",
                f"上次登录没有带来声明“{claim}”，因此没有获得角色：请让提供方发送该声明，或更正 "
                "oidc.role_claim（运行 aigc coordinator check-oidc 检查）。",
            )
        case Oddity.NOT_A_LIST:
            return Text(
                f'The claim "{claim}" is "{value}" and not a list of texts, so it counts for '
                "nothing: let the provider send a list.",
                f"声明“{claim}”的值是“{value}”，不是文本列表，因此无效：请让提供方发送列表。",
            )
        case Oddity.OVERAGE:
            return Text(
                f'The person is in too many groups for the token, so the provider left "{claim}" '
                "out: let it send only groups assigned to this application, or app roles.",
                f"此人所属的组过多，提供方没有把“{claim}”放进令牌：请只发送分配给本应用的组，或改用应用角色。",
            )
        case Oddity.NEAR:
            return Text(
                f'"{value}" in the claim "{claim}" only looks like a value that gives a role: '
                "correct it at the provider or in coordinator.toml, if it is meant.",
                f"声明“{claim}”中的“{value}”只是看起来像能赋予角色的值：如确实如此，请在提供方或 "
                "coordinator.toml 中更正。",
            )
        case Oddity.EMAIL:
            return Text(
                f'The e-mail address "{value}" is none, so it is not shown. It gives no rights '
                "either way.",
                f"电子邮件地址“{value}”无效，因此不显示。它本来也不赋予任何权限。",
            )


def problem(found: Problem | None) -> common_pb2.Sentence | None:
    """The same as a sentence, if there is any."""
    return None if found is None else conversion.sentence(problem_text(found))


def link(value: Link, asker: Person) -> creator_pb2.LinkRequest:
    """A request as its asker sees it."""
    return creator_pb2.LinkRequest(
        id=value.id,
        asker=conversion.person(asker),
        username=value.username,
        proven=value.proven,
        note=value.note,
        state=_STATES[value.state],
        asked_at_ms=milliseconds(value.asked_at),
        decided_at_ms=milliseconds(value.decided_at),
        reason=value.reason,
    )


def link_view(view: LinkView, studio: Studio) -> creator_pb2.LinkRequest:
    """A request as an admin sees it."""
    value = view.link
    told = link(value, studio.people[value.asker_id])
    decider = studio.people.get(value.decided_by)
    told.decided_by = decider.name if decider is not None else value.decided_by
    if view.former is not None:
        told.former.CopyFrom(conversion.person(view.former))
        told.former_engines.extend(_engines(studio, view.former.id))
    if view.obstacle is not None:
        told.obstacle.CopyFrom(conversion.sentence(view.obstacle))
    told.asker_engines.extend(_engines(studio, value.asker_id))
    return told


def _engines(studio: Studio, person_id: PersonId) -> list[str]:
    return [instance.name for instance in studio.instances_of(person_id)]
