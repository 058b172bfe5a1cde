"""One answer for all whose facts are alike is the answer that each of them would get."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from mo_access.domain import policy
from mo_access.domain.judging import Judge
from mo_access.domain.model import Form
from mo_access.domain.policy import AffiliationFact, Facts, GrantFact, Session
from mo_access.domain.terms import Terms

HERE, TODAY = "900001", "2026-11-24"
DAYS = [None, "2026-11-23", TODAY, "2026-11-25"]
affiliations = st.builds(
    AffiliationFact,
    institution=st.sampled_from([HERE, "900002"]),
    role=st.sampled_from(["beheerder", "gebruiker"]),
    form=st.sampled_from([Form.AFFILIATIONS, Form.RETAINED]),
    start=st.sampled_from(DAYS),
    end=st.sampled_from(DAYS),
    suspended=st.booleans(),
    blocked=st.booleans(),
    client=st.sampled_from([None, "a", "b"]),
    since=st.integers(0, 9),
)
grants = st.builds(
    GrantFact,
    kind=st.sampled_from(["group", "entitlement"]),
    institution=st.sampled_from([HERE, ""]),
    suspended=st.booleans(),
    client=st.sampled_from(["a", "b"]),
    source=st.sampled_from(["x", "y"]),
    since=st.integers(0, 9),
)
held = st.dictionaries(
    st.sampled_from("pqrs"), st.lists(grants, min_size=1, max_size=3).map(tuple), max_size=4
)
people = st.tuples(
    st.booleans(), st.booleans(), st.lists(affiliations, max_size=3).map(tuple), held
)
listings = st.tuples(
    st.booleans(),
    st.sampled_from([0, 25]),
    st.builds(Terms, beheerder_reads=st.booleans(), beheerder_level=st.sampled_from([0, 25])),
    st.sampled_from([Session(level=1_000), Session(level=10), Session(capacity=frozenset())]),
)


@settings(max_examples=300)
@given(listings, st.lists(people, max_size=8))
def test_everybody_is_judged_as_alone(
    listing: tuple[bool, int, Terms, Session],
    everybody: list[
        tuple[bool, bool, tuple[AffiliationFact, ...], dict[str, tuple[GrantFact, ...]]]
    ],
) -> None:
    """Whoever came before: each theme of each person has the reason that ``decide`` gives."""
    blocked, level, terms, session = listing
    judge = Judge()
    for active, barred, said, themes in everybody * 2:
        facts = Facts(True, active, barred, blocked, HERE, level, TODAY, said, terms=terms)
        told = judge.reasons(facts, session, themes)
        alone = {
            slug: policy.decide(replace(facts, grants=given), session).reason
            for slug, given in themes.items()
        }
        assert told == alone
