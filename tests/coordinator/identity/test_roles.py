"""Attacks on roles (line 24): whatever is malformed gives the lowest role."""

from __future__ import annotations

from typing import Any

import pytest

from coordinator.domain.people import Role
from coordinator.identity import RoleMapping, roles

MAPPING = RoleMapping("groups", (("gpu-admins", Role.ADMIN), ("leads", Role.TEAM_LEAD)), "teams")


@pytest.mark.parametrize(
    "groups",
    [
        None,
        "gpu-admins",
        "x gpu-admins",
        {"gpu-admins": True},
        [["gpu-admins"]],
        ["gpu-admins", 1],
        ["GPU-Admins"],
        ["gpu-admins "],
        ["gpu-admіns"],  # Cyrillic i
        ["gpu\u2010admins"],
        ["gpu-admins\u200b"],
        ["gpu-admins-x", "xgpu-admins"],
        [],
        True,
    ],
)
def test_attack_24_malformed_groups(groups: Any) -> None:
    assert roles.role_from({"groups": groups}, MAPPING) is Role.CREATOR


def test_attack_24_missing_groups_and_overage() -> None:
    assert roles.role_from({}, MAPPING) is Role.CREATOR
    overage = {"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"endpoint": "x"}}}
    assert roles.role_from(overage, MAPPING) is Role.CREATOR


def test_the_highest_of_several_and_nested_claims() -> None:
    assert roles.role_from({"groups": ["leads", "gpu-admins"]}, MAPPING) is Role.ADMIN
    nested = RoleMapping("realm_access.roles", (("boss", Role.ADMIN),))
    assert roles.role_from({"realm_access": {"roles": ["boss"]}}, nested) is Role.ADMIN
    url = RoleMapping("https://x.example/roles", (("boss", Role.ADMIN),))
    assert roles.role_from({"https://x.example/roles": ["boss"]}, url) is Role.ADMIN


@pytest.mark.parametrize(
    "email", ["a@b@corp", "@corp", "a@", "a b@corp", "a@corp\n", 1, None, ["a@corp"], "x" * 300]
)
def test_attack_24_email_is_never_trusted(email: Any) -> None:
    claims = {"email": email, "sub": "s"}
    assert roles.email_from(claims) == ""
    assert roles.role_from(claims, MAPPING) is Role.CREATOR


def test_a_person_is_issuer_and_subject() -> None:
    one = roles.person_id("https://a", "b")
    assert one == roles.person_id("https://a", "b")
    assert one != roles.person_id("https://ab", "")
    assert one != roles.person_id("https://a\nb", "")
    assert one != roles.person_id("https://a", "B")


def test_names_are_one_printable_line() -> None:
    assert roles.name_from({"name": "Lin\n\u202eXia  ", "sub": "s"}) == "Lin Xia"
    assert roles.name_from({"name": 7, "preferred_username": "lin"}) == "lin"
    assert roles.name_from({"sub": "s"}) == "s"
