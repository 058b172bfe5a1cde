"""Lists by index: totals, pages, the root, and what short lists can be asked."""

from __future__ import annotations

import pytest

from mo_access.service.clients import NewClient
from tests.scim.conftest import Broker, parsed
from tests.scim.endpoints.test_cursors import ask


def page(broker: Broker, path: str, **parameters: object) -> tuple[int, list[str]]:
    """Return the total and the ids of a page."""
    answer = ask(broker, path, **parameters)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    body = parsed(answer)
    assert body["itemsPerPage"] == len(body["Resources"])
    return body["totalResults"], [found["id"] for found in body["Resources"]]


@pytest.mark.parametrize("platform", [False, True])
def test_every_page_tells_the_same_total(broker_of, platform: bool) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 - see conftest
    """Also the last one, one behind it, one that holds all, and one that asks for none."""
    broker = broker_of(NewClient("p", platform=True) if platform else NewClient("b", ("900001",)))
    ids = [broker.made("/Users", {"userName": f"p{n}"})["id"] for n in range(5)]
    broker.send("DELETE", f"/Users/{ids.pop(2)}")
    for start, count in ((1, 2), (3, 2), (4, 2), (5, 2), (9, 2), (1, 4), (1, 9), (1, 0), (4, 1)):
        expected = (4, ids[start - 1 : start - 1 + count])
        assert page(broker, "/Users", startIndex=start, count=count) == expected
        filtered = page(broker, "/Users", startIndex=start, count=count, filter="userName pr")
        assert filtered == expected


def test_totals_of_groups(broker: Broker) -> None:
    """Kept as groups come and go."""
    ids = [broker.made("/Groups", {"displayName": f"g{n}"})["id"] for n in range(3)]
    assert page(broker, "/Groups", count=2) == (3, ids[:2])
    broker.send("DELETE", f"/Groups/{ids[0]}")
    assert page(broker, "/Groups", count=1) == (2, ids[1:2])


def test_clients_count_apart(broker: Broker, broker_of) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 - see conftest
    """A total tells nothing of what others have (rule 4)."""
    other = broker_of(NewClient("other", ("900003",)))
    for n in range(3):
        other.made("/Users", {"userName": f"x{n}"})
    broker.made("/Users", {"userName": "mine"})
    assert page(broker, "/Users", count=0) == (1, [])


@pytest.mark.parametrize("asked", [{}, {"filter": "id pr"}, {"filter": 'displayName co "same"'}])
def test_lists_hold_only_the_callers_own(broker: Broker, broker_of, asked) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 - see conftest
    """By index and by cursor, with and without a filter (rule 4)."""
    other = broker_of(NewClient("other", ("900003",)))
    mine = {}
    for who in (other, broker):
        user = who.made("/Users", {"userName": "u", "displayName": "same one"})
        group = who.made("/Groups", {"displayName": "same one"})
        mine = {"/Users": [user["id"]], "/Groups": [group["id"]]}
    for path, ids in mine.items():
        assert page(broker, path, **asked) == (1, ids)
        assert page(broker, path, cursor="", **asked) == (1, ids)


def test_the_root_lists_users_and_groups(broker: Broker) -> None:
    """RFC 7644 section 3.4.2.1; by GET and by POST, with and without the slash."""
    user = broker.made("/Users", {"userName": "u", "displayName": "same"})["id"]
    group = broker.made("/Groups", {"displayName": "same"})["id"]
    asked = {"filter": 'displayName eq "same"'}
    for path in ("", "/"):
        assert page(broker, path, **asked) == (2, [user, group])
    assert page(broker, "/", filter='userName eq "u"') == (1, [user])
    assert page(broker, "/", startIndex=2, count=1, **asked) == (2, [group])
    found = parsed(broker.send("POST", "/.search", asked))
    assert [each["id"] for each in found["Resources"]] == [user, group]


def test_the_root_knows_institutions_and_themes_by_kind(broker: Broker) -> None:
    """A filter that speaks of kinds reaches all of them."""
    kind = 'meta.resourceType eq "{}"'.format
    assert page(broker, "/", filter=kind("Institution")) == (2, ["900001", "900002"])
    both = f"{kind('Theme')} or {kind('Institution')}"
    assert page(broker, "/", filter=both)[0] == 4
    assert page(broker, "/")[0] == 0


def test_the_root_refuses_what_nothing_has(broker: Broker) -> None:
    """Neither users nor groups have it."""
    for text, told in (('colour eq "red"', "no kind of resource"), ("userName eq", "be read")):
        answer = ask(broker, "/", filter=text)
        assert (answer.status_code, parsed(answer)["scimType"]) == (400, "invalidFilter")
        assert told in parsed(answer)["detail"]


def test_a_kind_without_the_sorted_attribute_comes_unsorted(broker: Broker) -> None:
    """Sorting hides nothing."""
    users = [broker.made("/Users", {"userName": name})["id"] for name in "ba"]
    group = broker.made("/Groups", {"displayName": "g"})["id"]
    assert page(broker, "/", sortBy="userName") == (3, [users[1], users[0], group])


@pytest.mark.parametrize("path", ["/Institutions", "/Themes", "/Users", "/Groups"])
def test_every_list_can_be_searched_by_post(broker: Broker, path: str) -> None:
    """RFC 7644 section 3.4.3: the answer is that of the GET."""
    asked = {"filter": "id pr", "count": 1, "sortBy": "id"}
    found = broker.send("POST", f"{path}/.search", asked)
    assert parsed(found) == parsed(ask(broker, path, **asked))


@pytest.mark.parametrize(
    ("filter_", "expected"),
    [
        ('number eq "900001"', 1),
        ('displayName co "school" and not (number eq "900001")', 1),
        ('id gt "900001" or kind eq "SCHOOL"', 2),
        ("board pr", 0),
        ("board eq null", 2),
        ('meta.resourceType eq "Institution"', 2),
        ('displayName sw "School E" and displayName ew "n"', 1),
    ],
)
def test_institutions_understand_the_whole_grammar(
    broker: Broker, filter_: str, expected: int
) -> None:
    """So that a console can offer values."""
    assert page(broker, "/Institutions", filter=filter_)[0] == expected


def test_lists_of_attributes_that_come_again_are_one(broker: Broker) -> None:
    """Some clients write each name as a parameter of its own; the case of its name is free."""
    made = broker.made("/Users", {"userName": "u", "title": "t", "nickName": "n"})
    path = f"/Users/{made['id']}"
    shown = parsed(broker.send("GET", f"{path}?attributes=title&attributes=nickName"))
    assert set(shown) == {"schemas", "id", "title", "nickName"}
    left = parsed(
        broker.send("GET", f"{path}?excludedAttributes=title&ExcludedAttributes=nickName")
    )
    assert {"title", "nickName"}.isdisjoint(left)


@pytest.mark.parametrize("path", ["/Institutions", "/Themes"])
def test_short_lists_are_asked_by_the_address_that_is_shown(broker: Broker, path: str) -> None:
    """A location is compared as it stands in the answer."""
    shown = parsed(ask(broker, path))["Resources"][0]
    found = page(broker, path, filter=f'meta.location eq "{shown["meta"]["location"]}"')
    assert found == (1, [shown["id"]])


@pytest.mark.parametrize("path", ["/Users", "/Groups", "/Institutions", "/Themes", "/"])
def test_a_filter_that_comes_twice_is_refused(broker: Broker, path: str) -> None:
    """Whether both or one of them is meant, nobody can tell; a resource alone has no filter."""
    for asked in ("filter=id pr&Filter=id pr", "filter=id pr&filter=x&filter="):
        answer = broker.send("GET", f"{path}?{asked}")
        assert (answer.status_code, parsed(answer)["scimType"]) == (400, "invalidFilter")
        assert "twice" in parsed(answer)["detail"]
    user = broker.made("/Users", {"userName": "u"})["id"]
    assert broker.send("GET", f"/Users/{user}?filter=a&filter=b").status_code == 200
