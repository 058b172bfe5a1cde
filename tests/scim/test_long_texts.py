"""Texts at the limit of what an index holds, and addresses beyond it, on both engines."""

from __future__ import annotations

import random

from mo_access.domain.text import LONGEST
from tests.scim.conftest import Broker, parsed


def test_a_text_may_be_as_long_as_it_says(broker: Broker) -> None:
    """Of characters that no database can pack, and with a cursor that fits into a URL."""
    chance = random.Random(3)

    def text(size: int) -> str:
        return "".join(chr(chance.randrange(0x20000, 0x2A6D0)) for _ in range(size))

    fits = text(LONGEST)
    for name in ("userName", "externalId", "displayName", "title"):
        user = {"userName": f"of {name}", name: fits}
        made = broker.made("/Users", user)
        body = {"filter": f'{name} eq "{fits}"'}
        found = parsed(broker.send("POST", "/Users/.search", body))["Resources"]
        assert [one["id"] for one in found] == [made["id"]]
        answer = broker.send("POST", "/Users", {**user, name: fits + "x"})
        assert (answer.status_code, parsed(answer)["scimType"]) == (400, "invalidValue")
        assert f"{name}: has more than {LONGEST} characters" in parsed(answer)["detail"]
        broker.made("/Users", {"userName": f"last of {name}", name: text(LONGEST)})
        query = f"/Users?count=1&sortBy={name}&cursor="
        cursor = parsed(broker.send("GET", query))["nextCursor"]
        assert broker.send("GET", query + cursor).status_code == 200
    group = {"displayName": fits, "externalId": fits}
    assert broker.send("POST", "/Groups", group).status_code == 201
    folded = {"userName": "ΐ" * (LONGEST // 3)}
    assert broker.send("POST", "/Users", folded).status_code == 201
    folded = {"userName": "ΐ" * (LONGEST // 3 + 1)}
    assert broker.send("POST", "/Users", folded).status_code == 400


def test_an_address_may_be_of_any_length(broker: Broker) -> None:
    """It is found by the whole of it, and the list that it sorts goes on."""
    chance = random.Random(4)
    same = "https://school.example/" + "".join(chance.choices("abcdefghij", k=3_400))
    ids = [
        broker.made("/Users", {"userName": f"u{end}", "profileUrl": same + end})["id"]
        for end in "ABC"
    ]
    for asked, wanted in (
        (f'profileUrl eq "{same}B"', [ids[1]]),
        (f'profileUrl eq "{same[:2_000]}"', []),
        (f'profileUrl co "{same[-3_000:]}B"', [ids[1]]),
        (f'profileUrl ew "{same[-3_000:]}C"', [ids[2]]),
        (f'profileUrl sw "{same[:3_000]}"', ids),
    ):
        answer = broker.send("POST", "/Users/.search", {"filter": asked})
        assert [one["id"] for one in parsed(answer)["Resources"]] == wanted
    query, found = "/Users?count=1&sortBy=profileUrl&cursor=", list[str]()
    cursor: str | None = ""
    while cursor is not None:
        page = parsed(broker.send("GET", query + cursor))
        found += [one["id"] for one in page["Resources"]]
        cursor = page.get("nextCursor")
    assert found == ids
