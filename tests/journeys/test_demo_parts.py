"""The parts of the demo that need no broker: forms, the wire, ports, children, messages."""

import json
import sys
from io import StringIO
from pathlib import Path

import pytest

from mo_demo.broker_venv import explain
from mo_demo.browser import Hop, Page
from mo_demo.forms import read_forms
from mo_demo.narrator import Narrator, StepFailed
from mo_demo.process import Child, DemoError, child_environment, reserved_port, run_once
from mo_demo.wire import Tail, Wire

FORM = """
<form action="/save" method="post">
  <input type="hidden" name="csrf_token" value="abc">
  <input name="given_name" value="Jan">
  <input name="secret" value="x" disabled>
  <input type="checkbox" name="on" checked><input type="checkbox" name="off">
  <select name="groups" multiple>
    <option value="1" selected>first</option><option value="2">second</option>
  </select>
  <button name="action" value="save">Save</button>
  <button name="action" value="delete">Delete</button>
</form>
<a href="/documents/a">a</a> <a href="documents/b?x=1">b</a> <a href="https://elsewhere.example/">c</a>
"""


def test_a_form_sends_what_stands_in_it_and_the_first_button() -> None:
    """Hidden, text, checked and chosen fields go along; disabled and unchecked ones do not."""
    assert read_forms(FORM)[0].filled({}) == [
        ("csrf_token", "abc"),
        ("given_name", "Jan"),
        ("on", "on"),
        ("groups", "1"),
        ("action", "save"),
    ]


def test_an_answer_replaces_what_stood_there() -> None:
    """A list is the whole choice of a list with several choices; the named button is pressed."""
    sent = read_forms(FORM)[0].filled({"groups": ["1", "2"], "given_name": "An"}, "action=delete")
    assert [pair for pair in sent if pair[0] == "groups"] == [("groups", "1"), ("groups", "2")]
    assert ("given_name", "An") in sent
    assert sent[-1] == ("action", "delete")


def test_an_option_is_found_by_its_text() -> None:
    """A person sees the text of an option; what is sent is its value."""
    form = read_forms(FORM)[0]
    assert form.value_of_option("groups", "second") == "2"
    assert form.chosen("groups") == ["1"]
    with pytest.raises(KeyError):
        form.value_of_option("groups", "third")


def test_a_page_names_its_links_and_its_missing_form() -> None:
    """Links are resolved against the page; a form that is not there is said by name."""
    page = Page(200, "http://127.0.0.1/", FORM, "text/html", ())
    assert page.links("/documents/") == ["a", "b"]
    with pytest.raises(DemoError, match="no form with `password`"):
        page.form_with("password")


def test_a_hop_is_told_without_its_query() -> None:
    """A query may hold a code or a token, so narration has none."""
    assert str(Hop("GET", "http://127.0.0.1/oidc/callback", 302)).endswith("/oidc/callback -> 302")


def test_the_wire_tells_scim_requests_once(tmp_path: Path) -> None:
    """Discovery is counted, other lines are told, unfinished and foreign lines wait or go by."""
    log = tmp_path / "log"
    lines = [_request("GET", "/scim/v2/Schemas", 200), _request("POST", "/scim/v2/Users", 201)]
    log.write_text("not json\n" + _request("GET", "/", 200) + "".join(lines) + '{"event": "req')
    wire = Wire(Tail(log), Tail(tmp_path / "broker"))
    told = wire.scim_since()
    assert told[0].endswith("(1 requests)")
    assert told[1:] == ["SCIM -> us     POST /scim/v2/Users -> 201"]
    assert wire.scim_since() == []


def test_the_wire_tells_what_we_ask_the_broker(tmp_path: Path) -> None:
    """Token, key and introspection requests are told; pages that a browser opens are not."""
    log = tmp_path / "log"
    asked = '127.0.0.1 - - [t] "\x1b[36mPOST /oauth/introspect HTTP/1.1\x1b[0m" 200 -\n'
    log.write_text(asked + '127.0.0.1 - - [t] "GET /login HTTP/1.1" 200 -\n')
    wire = Wire(Tail(tmp_path / "service"), Tail(log))
    assert wire.asked_since() == ["us -> broker   POST /oauth/introspect -> 200"]
    assert wire.asked_since() == []


def _request(method: str, path: str, status: int) -> str:
    entry = {"event": "request", "method": method, "path": path, "status": status}
    return json.dumps(entry) + "\n"


def test_a_port_is_held_until_it_is_to_be_used() -> None:
    """The preferred port is given when it is free; who asks for a held one gets another."""
    with reserved_port() as first, reserved_port(first) as second:
        assert second != first
    with reserved_port(first) as again:
        assert again == first


def test_a_failed_step_names_itself() -> None:
    """What goes wrong inside a step is told with its number and title."""
    narrator = Narrator(StringIO())
    with (
        pytest.raises(
            StepFailed, match=r"Step 1 failed: Doing it\s+expected: it is done; seen: no"
        ),
        narrator.step("Doing it"),
    ):
        narrator.check("it is done", holds=False, seen="no")


def test_a_child_that_ends_at_once_is_told_with_its_output(tmp_path: Path) -> None:
    """A server that does not start fails with the end of its log, not with a time-out."""
    command = [sys.executable, "-c", "print('no database')"]
    child = Child.start("server", command, child_environment({}), tmp_path / "log")
    with pytest.raises(DemoError, match="no database"):
        child.wait_ready("http://127.0.0.1:9/", 20)
    child.stop()


def test_a_child_is_stopped(tmp_path: Path) -> None:
    """After stop the process is gone."""
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    child = Child.start("server", command, child_environment({}), tmp_path / "log")
    child.stop()
    assert child.process.returncode is not None


def test_a_failed_command_is_told_by_name_and_output(tmp_path: Path) -> None:
    """The message has the command's name and what it said, but no long paths."""
    command = [sys.executable, "-c", "raise SystemExit('no such table')"]
    with pytest.raises(DemoError, match="no such table"):
        run_once(command, child_environment({}), tmp_path)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("NewConnectionError('…')", "cannot be reached"),
        ("THESE PACKAGES DO NOT MATCH THE HASHES", "could not be installed"),
    ],
)
def test_a_failed_installation_is_said_plainly(error: str, said: str) -> None:
    """An index that cannot be reached is told apart from packages that do not fit the lock."""
    assert said in explain(error)
