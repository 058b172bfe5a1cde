"""docs/how-to/ask-for-decisions.md, asked as it stands there."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.authzen.conftest import World

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "ask-for-decisions.md").read_text("utf-8")


def test_the_question_of_the_page_has_the_answer_of_the_page(world: World) -> None:
    """Its body with the id of somebody, and its answer but for the sentences."""
    body = re.findall(r"-d '(.*?)'", PAGE, re.DOTALL)[0].replace(
        "<the SCIM id>", world.people["bob"]
    )
    shown = json.loads(re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)[0])
    told = world.json("evaluation", json.loads(body), "platform")
    assert told.keys() == shown.keys()
    assert told["decision"] is shown["decision"]
    assert told["context"]["reason_code"] == shown["context"]["reason_code"]
    assert told["context"].keys() == shown["context"].keys()


def test_a_client_of_a_school_answers_for_its_own_people_only(world: World) -> None:
    """As the page warns: another client at the same school has registered nobody."""
    world.client("reading room", "900001", scopes=("access:evaluate",))
    question = {
        "subject": {"type": "user", "id": world.people["an"]},
        "action": {"name": "read"},
        "resource": {"type": "theme", "id": "900001:leerlingen-openbaar"},
    }
    told = {name: world.json("evaluation", question, name) for name in ("linde", "reading room")}
    assert told["linde"]["decision"] is True
    assert told["reading room"]["context"]["reason_code"] == "unknown"
