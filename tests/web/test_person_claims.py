"""Who somebody is, by what a provider says."""

import pytest

from mo_web.faults import ClaimsRefused
from mo_web.person_claims import check_target_group, linked, links, value_of


@pytest.mark.parametrize("value", ["OV", "ov", ["EA", "OV"], None])
def test_target_groups_that_come_in(value: object) -> None:
    """An allowed group comes in, whatever its case; an absent claim does not refuse."""
    check_target_group({"vo_doelgroepcode": value}, "vo_doelgroepcode", ("OV", "LB", "GID"))


@pytest.mark.parametrize("value", ["EA", "BUR", "", [], "OVX", 5, {"OV": 1}])
def test_other_target_groups_stay_out(value: object) -> None:
    """Any other group is refused."""
    with pytest.raises(ClaimsRefused) as refusal:
        check_target_group({"vo_doelgroepcode": value}, "vo_doelgroepcode", ("OV", "LB", "GID"))
    assert (refusal.value.code, refusal.value.status) == ("target_group", 403)


def test_links_are_strings_in_the_configured_order() -> None:
    """Each configured pair gives its value; numbers, lists and empty texts link nobody."""
    said = {"sub": "p", "VO_ID": "8A4D", "rrn": 85073003328, "n": ["x"], "e": ""}
    pairs = (("vo_id", "externalId"), ("rrn", "insz"), ("n", "a"), ("e", "b"), ("sub", "userName"))
    assert links(said, pairs) == (("8A4D", "externalId"), ("p", "userName"))


def test_a_claim_in_two_spellings_is_no_claim() -> None:
    """Two members that differ only in case say nothing that one could rely on."""
    assert value_of({"VO_ID": "a", "Vo_Id": "b"}, "vo_id") is None
    assert value_of({"vo_id": "a", "Vo_Id": "b"}, "vo_id") == "a"


def test_only_a_number_that_is_an_insz_links() -> None:
    """A number is compared as its digits; one that is none links nobody."""
    pairs = (("rrn", "insz"), ("vo_id", "externalId"))
    now = 1_795_500_000_000_000
    found = linked({"rrn": "85.07.30-033.28", "vo_id": "8a4d"}, pairs, now)
    assert found == (("85073003328", "insz"), ("8a4d", "externalId"))
    assert linked({"rrn": "85073003329"}, pairs, now) == ()
