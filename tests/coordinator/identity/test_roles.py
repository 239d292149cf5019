"""Attacks on roles (line 24): whatever is malformed gives the lowest role."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.api.person_words import problem_text
from coordinator.domain.people import Role
from coordinator.identity import RoleMapping, roles
from coordinator.identity.roles import Oddity

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
@pytest.mark.attack(24)
def test_attack_24_malformed_groups(groups: Any) -> None:
    claims = {"groups": groups}
    assert roles.role_from(claims, MAPPING) is Role.CREATOR
    assert roles.teams_from({"teams": groups}, MAPPING) == () or isinstance(groups, list)


@pytest.mark.attack(24)
@pytest.mark.parametrize(
    ("claims", "oddity"),
    [
        ({"groups": "gpu-admins"}, Oddity.NOT_A_LIST),
        ({"groups": ["gpu-admins", 1]}, Oddity.NOT_A_LIST),
        ({"groups": {"gpu-admins": True}}, Oddity.NOT_A_LIST),
        ({"groups": ["GPU-Admins"]}, Oddity.NEAR),
        ({"groups": ["gpu-admins "]}, Oddity.NEAR),
        ({"groups": ["gpu-admіns"]}, Oddity.NEAR),  # Cyrillic i
        ({"groups": ["gpu-admins\u200b"]}, Oddity.NEAR),
        ({"groups": ["ｇｐｕ-admins"]}, Oddity.NEAR),
        ({}, Oddity.MISSING),
        ({"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {}}}, Oddity.OVERAGE),
        ({"hasgroups": True}, Oddity.OVERAGE),
        ({"groups": ["x"], "teams": "lighting"}, Oddity.NOT_A_LIST),
        ({"groups": ["x"], "email": "a@b@corp"}, Oddity.EMAIL),
        ({"groups": ["gpu-admins-x", "artists"], "email": "a@corp.lan"}, None),
        ({"groups": []}, None),
    ],
)
def test_it_is_told_what_is_odd(claims: dict[str, Any], oddity: Oddity | None) -> None:
    found = roles.problem_from(claims, MAPPING)
    assert (found.oddity if found else None) is oddity
    assert roles.role_from(claims, MAPPING) is Role.CREATOR
    if found is not None:
        assert roles.Problem.read(str(found)) == found
        words = problem_text(found)
        assert found.claim in words.en or oddity is Oddity.EMAIL
        assert words.zh


@pytest.mark.attack(24)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=12),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    )
)
def test_only_the_exact_text_in_a_list_of_texts_gives_a_role(value: Any) -> None:
    exact = isinstance(value, list) and all(isinstance(v, str) for v in value)
    role = roles.role_from({"groups": value}, MAPPING)
    if not (exact and {"gpu-admins", "leads"} & set(value)):
        assert role is Role.CREATOR
    roles.problem_from({"groups": value, "teams": value, "email": value}, MAPPING)
    assert roles.role_from({"groups": ["gpu-admins"], "email": value}, MAPPING) is Role.ADMIN


@pytest.mark.attack(24)
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
@pytest.mark.attack(24)
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
