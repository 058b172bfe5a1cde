"""People, links and rights through the services, on both engines (rules 4 to 7, rulings 1 to 5)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from mo_access.domain.criteria import Column, Compare, Op
from mo_access.domain.errors import Conflict, Invalid, NotFound, Refused
from mo_access.domain.keys import KeyRing
from mo_access.domain.model import (
    Actor,
    AffiliationClaim,
    Form,
    GrantClaim,
    GroupDraft,
    Institution,
    MemberChange,
    PersonDraft,
    Query,
    Role,
    Theme,
)
from mo_access.domain.policy import Reason
from mo_access.service import clients, decisions, groups, people, sessions, sign_in
from mo_access.service.clients import NewClient
from mo_access.service.decisions import Question
from mo_access.service.sign_in import SignIn
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import catalogue
from mo_access.storage.engine import Database

KEYS = KeyRing({"k1": b"k" * 32}, "k1")
SCHOOL, OTHER = "900001", "900002"
ISSUER = "https://op.example"
INSZ = "85073003328"
IDLE = 3_600_000_000
GEBRUIKER = AffiliationClaim(Form.AFFILIATIONS, SCHOOL, Role.GEBRUIKER)


@pytest.fixture
def uow(database: Database) -> Iterator[UnitOfWork]:
    """Give an open unit of work over two institutions and two themes."""
    with UnitOfWork(database, keys=KEYS, request_id="test") as unit:
        conn = unit.write()
        catalogue.add_institutions(
            conn, [Institution(SCHOOL, "De Eik"), Institution(OTHER, "De Linde")]
        )
        catalogue.add_themes(
            conn,
            [Theme("leerlingen-openbaar", "Leerlingen"), Theme("salarissen", "S", min_level=30)],
        )
        yield unit


def client(uow: UnitOfWork, name: str, *at: str) -> Actor:
    """Make a client bound to these institutions (none: the platform), trusted by the issuer."""
    new = NewClient(name, institutions=at, platform=not at, issuers=(ISSUER,))
    _, token = clients.create(uow, new)
    actor = clients.by_token(uow, token)
    assert actor is not None
    return actor


def draft(name: str = "an", **changes: object) -> PersonDraft:
    """Make a draft of an active gebruiker of the school."""
    base = PersonDraft(name, None, active=True, document={"userName": name})
    given: dict[str, Any] = {"affiliations": (GEBRUIKER,), **changes}
    return replace(base, **given)


def theme_group(uow: UnitOfWork, actor: Actor, *members: str) -> str:
    """Make the group that gives pupils' documents at the school."""
    name = "MO_900001_leerlingen-openbaar"
    made = GroupDraft(name, None, {"displayName": name}, (), "leerlingen-openbaar", SCHOOL)
    return groups.create(uow, actor, made, MemberChange("add", members)).id


def reason(uow: UnitOfWork, person: str, theme: str = "leerlingen-openbaar") -> Reason:
    """Ask the policy about the school."""
    return decisions.decide(uow, Question(person, SCHOOL, theme)).reason


def test_membership_and_affiliation_together_give_access(uow: UnitOfWork) -> None:
    """Rule 10: neither alone suffices."""
    school = client(uow, "school", SCHOOL)
    an = people.create(uow, school, draft())
    assert reason(uow, an.id) is Reason.NO_THEME
    theme_group(uow, school, an.id)
    assert reason(uow, an.id) is Reason.GRANTED
    people.update(uow, school, an.id, lambda _: replace(draft(), affiliations=()))
    assert reason(uow, an.id) is Reason.NO_AFFILIATION
    people.update(uow, school, an.id, lambda _: draft())
    assert reason(uow, an.id) is Reason.GRANTED, "rule 6: what the console shows holds again"


def test_deactivation_suspends_and_reactivation_restores(uow: UnitOfWork) -> None:
    """Ruling 5."""
    school = client(uow, "school", SCHOOL)
    an = people.create(uow, school, draft())
    theme_group(uow, school, an.id)
    shown = people.update(uow, school, an.id, lambda _: draft(active=False))
    assert reason(uow, an.id) is Reason.INACTIVE
    assert [a.status for a in shown.affiliations] == ["suspended"]
    people.update(uow, school, an.id, lambda _: draft())
    assert reason(uow, an.id) is Reason.GRANTED


def test_one_clients_withdrawal_leaves_the_others_rights(uow: UnitOfWork) -> None:
    """Rule 5: each client suspends and ends its own."""
    school, board = client(uow, "school", SCHOOL), client(uow, "board", SCHOOL, OTHER)
    an = people.create(uow, school, draft(insz=INSZ))
    same = people.create(uow, board, draft("bea", insz=INSZ))
    assert same.id == an.id
    assert same.user_name == "bea"
    theme_group(uow, school, an.id)
    people.update(uow, board, an.id, lambda _: draft("bea", insz=INSZ, active=False))
    assert reason(uow, an.id) is Reason.GRANTED
    people.delete(uow, school, an.id, lambda _: None)
    assert reason(uow, an.id) is Reason.INACTIVE
    with pytest.raises(NotFound):
        people.get(uow, school, an.id)
    assert people.get(uow, board, an.id).user_name == "bea"


def test_the_last_link_gone_leaves_no_number(uow: UnitOfWork) -> None:
    """Ruling 1: after the last DELETE the same number makes a new person."""
    school = client(uow, "school", SCHOOL)
    first = people.create(uow, school, draft(insz=INSZ))
    people.delete(uow, school, first.id, lambda _: None)
    again = people.create(uow, school, draft(insz=INSZ))
    assert again.id != first.id
    assert again.version == 1


def test_a_client_reads_its_own_number_only(uow: UnitOfWork) -> None:
    """Rule 5: linking by number gives nothing that others wrote; the platform sees all."""
    school, other = client(uow, "school", SCHOOL), client(uow, "other", OTHER)
    an = people.create(uow, school, draft(insz=INSZ))
    people.create(uow, other, draft("x", insz=INSZ, affiliations=()))
    assert people.get(uow, school, an.id, insz=True).insz == INSZ
    people.update(uow, other, an.id, lambda _: draft("x", insz=None, affiliations=()))
    assert people.get(uow, other, an.id, insz=True).insz is None
    assert people.get(uow, school, an.id, insz=True).insz == INSZ
    assert people.get(uow, client(uow, "platform"), an.id, insz=True).insz == INSZ


def test_another_number_moves_only_the_link(uow: UnitOfWork) -> None:
    """Ruling 2: the person keeps the number, the link goes to another person."""
    school, board = client(uow, "school", SCHOOL), client(uow, "board", SCHOOL)
    an = people.create(uow, school, draft(insz=INSZ))
    people.create(uow, board, draft("bea", insz=INSZ))
    theme_group(uow, board, an.id)
    moved = people.update(uow, board, an.id, lambda _: draft("bea", insz="85073003427"))
    assert moved.id != an.id
    assert reason(uow, moved.id) is Reason.GRANTED
    assert reason(uow, an.id) is Reason.NO_THEME
    assert people.get(uow, school, an.id, insz=True).insz == INSZ


def test_taken_names_conflict_only_within_a_client(uow: UnitOfWork) -> None:
    """Rule 5: uniqueness tells nothing of others."""
    school, other = client(uow, "school", SCHOOL), client(uow, "other", OTHER)
    people.create(uow, school, draft("an", external_id="1"))
    people.create(uow, other, draft("AN", external_id="1", affiliations=()))
    uow.commit()
    with pytest.raises(Conflict, match="userName"):
        people.create(uow, school, draft("AN"))
    uow.rollback()
    with pytest.raises(Conflict, match="externalId"):
        people.create(uow, school, draft("bea", external_id="1"))


def test_an_unchanged_write_bumps_nothing(uow: UnitOfWork) -> None:
    """A repeated synchronisation makes no versions."""
    school = client(uow, "school", SCHOOL)
    an = people.create(uow, school, draft())
    assert people.update(uow, school, an.id, lambda _: draft()).version == an.version
    changed = people.update(uow, school, an.id, lambda _: draft(external_id="7"))
    assert changed.version == an.version + 1


def test_foreign_people_are_unknown(uow: UnitOfWork) -> None:
    """Rule 4: reading, listing, membership and deciding."""
    school, other = client(uow, "school", SCHOOL), client(uow, "other", OTHER)
    an = people.create(uow, school, draft())
    with pytest.raises(NotFound):
        people.get(uow, other, an.id)
    assert people.find(uow, other, Query()).total == 0
    free = GroupDraft("Team", None, {"displayName": "Team"})
    with pytest.raises(Invalid, match="no users of yours"):
        groups.create(uow, other, free, MemberChange("add", (an.id,)))
    asked = Question(an.id, SCHOOL, "leerlingen-openbaar", actor=other)
    assert decisions.decide(uow, asked).reason is Reason.UNKNOWN


def test_filters_and_pages_stay_inside_the_scope(uow: UnitOfWork) -> None:
    """Counting and filtering see only the client's own links."""
    school, other = client(uow, "school", SCHOOL), client(uow, "other", OTHER)
    for name in ("an", "bea", "cis"):
        people.create(uow, school, draft(name))
    people.create(uow, other, draft("an", affiliations=()))
    page = people.find(uow, school, Query(Compare(Column.USER_NAME, Op.EQ, "AN")))
    assert (page.total, [p.user_name for p in page.items]) == (1, ["an"])
    assert people.find(uow, school, Query(count=2, start=2)).total == 3
    assert len(people.find(uow, school, Query(count=2, start=3)).items) == 1


def test_members_change_as_a_difference(uow: UnitOfWork) -> None:
    """Adding twice, replacing and removing count only what changed."""
    school = client(uow, "school", SCHOOL)
    ids = [people.create(uow, school, draft(name)).id for name in ("an", "bea", "cis")]
    group = theme_group(uow, school, *ids[:2])

    def change(*steps: MemberChange) -> tuple[int, set[str]]:
        view = groups.update(uow, school, group, lambda _: None, steps).view
        view = groups.with_members(uow, view)
        return view.version, {member for member, _ in view.members or ()}

    assert change(MemberChange("add", (ids[0],))) == (1, set(ids[:2]))
    assert change(MemberChange("replace", (ids[2],))) == (2, {ids[2]})
    assert change(MemberChange("remove", (ids[2], ids[0]))) == (3, set())
    assert change(MemberChange("clear")) == (3, set())


def test_a_role_group_makes_an_affiliation(uow: UnitOfWork) -> None:
    """Design section 3: `MO_900001_beheerder` gives the role, in the group's form."""
    school = client(uow, "school", SCHOOL)
    an = people.create(uow, school, draft(affiliations=()))
    made = GroupDraft("MO_900001_beheerder", None, {}, (), None, SCHOOL, Role.BEHEERDER)
    groups.create(uow, school, made, MemberChange("add", (an.id,)))
    shown = people.get(uow, school, an.id)
    assert [(a.institution, a.role) for a in shown.affiliations] == [(SCHOOL, Role.BEHEERDER)]
    role = Question(an.id, SCHOOL, role=Role.GEBRUIKER)
    assert decisions.decide(uow, role).allowed
    assert reason(uow, an.id) is Reason.NO_THEME, "rule 3: a beheerder reads nothing by that"


def test_a_grant_on_the_person_counts_like_a_group(uow: UnitOfWork) -> None:
    """`entitlements` give a theme directly; leaving it out takes it back."""
    school = client(uow, "school", SCHOOL)
    given = draft(grants=(GrantClaim("leerlingen-openbaar", SCHOOL),))
    an = people.create(uow, school, given)
    assert reason(uow, an.id) is Reason.GRANTED
    people.update(uow, school, an.id, lambda _: draft())
    assert reason(uow, an.id) is Reason.NO_THEME


def test_sign_in_matches_trusted_links_and_ends_with_them(uow: UnitOfWork) -> None:
    """Ruling 3 and rule 7: reach is the client's, deactivation ends the session."""
    school = client(uow, "school", SCHOOL)
    an = people.create(uow, school, draft())
    said = SignIn("op", ISSUER, "s-1", (("an", "userName"),), "token", uow.now + IDLE, level=10)
    signed_in = sign_in.sign_in(uow, said)
    found = sessions.find(uow, signed_in.session_id, IDLE)
    assert found is not None
    assert (found.person, found.policy.reach) == (an.id, frozenset({SCHOOL}))
    people.update(uow, school, an.id, lambda _: draft(active=False))
    assert sessions.find(uow, signed_in.session_id, IDLE) is None
    with pytest.raises(Refused, match="withdrawn"):
        sign_in.sign_in(uow, said)


def test_sign_in_refuses_the_unknown_and_the_ambiguous(uow: UnitOfWork) -> None:
    """Nobody, two people under one name, and a pair that points elsewhere."""
    school, other = client(uow, "school", SCHOOL), client(uow, "other", OTHER)
    people.create(uow, school, draft("an", external_id="1"))
    people.create(uow, school, draft("bea", external_id="2"))
    people.create(uow, other, draft("bea", affiliations=()))

    def code(*links: tuple[str, str]) -> str:
        with pytest.raises(Refused) as refused:
            sign_in.sign_in(uow, SignIn("op", ISSUER, "s", links, "t", uow.now + IDLE))
        return refused.value.code

    assert code(("nobody", "userName")) == "unknown_person"
    assert code(("bea", "userName")) == "ambiguous_identity"
    assert code(("an", "userName"), ("2", "externalId")) == "identity_conflict"


def test_a_link_of_an_untrusted_client_opens_nothing(uow: UnitOfWork) -> None:
    """Rule 5: sign-in searches only links of clients that the provider trusts."""
    _, token = clients.create(uow, NewClient("stranger", institutions=(SCHOOL,)))
    stranger = clients.by_token(uow, token)
    assert stranger is not None
    people.create(uow, stranger, draft("an"))
    said = SignIn("op", ISSUER, "s", (("an", "userName"),), "t", uow.now + IDLE)
    with pytest.raises(Refused, match="registered"):
        sign_in.sign_in(uow, said)


def test_who_lists_those_that_may_read(uow: UnitOfWork) -> None:
    """`who` decides about every holder of the theme."""
    school = client(uow, "school", SCHOOL)
    an, bea = (people.create(uow, school, draft(name)) for name in ("an", "bea"))
    theme_group(uow, school, an.id, bea.id)
    people.update(uow, school, bea.id, lambda _: draft("bea", active=False))
    assert list(decisions.who(uow, "leerlingen-openbaar", SCHOOL)) == [an.id]
