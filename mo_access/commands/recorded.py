"""Recorded messages in a file: one body, a list, JSON lines, or a conversation with a broker."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias, cast

from mo_access.domain.errors import Invalid
from mo_access.domain.model import Document
from mo_web.strict_json import NotStrictJsonError, parse_object

Kind: TypeAlias = Literal["user", "group", "claims"]
LARGEST: Final = 32 * 1024 * 1024
_KINDS: Final[Mapping[str, Kind]] = {"users": "user", "groups": "group"}
_READ_WHOLE: Final = frozenset({"POST", "PUT"})
_NO_JSON: Final = "is no JSON object with one meaning"
_DEPENDS: Final = "changes what is stored, which a file does not tell"


@dataclass(frozen=True, slots=True)
class Message:
    """One body and where it stood; ``skipped`` says why it cannot be read by itself."""

    where: str
    kind: Kind
    body: Document
    skipped: str = ""


def messages(path: Path, kind: Kind | None) -> tuple[Message, ...]:
    """Read the file; ``kind`` is what bodies without an address are, None to tell by their look.

    Raises ``Invalid`` that names the place, never what stands there.
    """
    told = tuple(one for where, body in _objects(_text(path)) for one in _read(where, body, kind))
    if not told:
        raise Invalid(f"{path} holds no body of a User or a Group and no claims")
    return told


def _text(path: Path) -> str:
    try:
        with path.open("rb") as opened:
            raw = opened.read(LARGEST + 1)
        text = raw.decode("utf-8-sig")
    except OSError as fault:
        raise Invalid(f"{path} cannot be read ({fault.strerror})") from None
    except UnicodeDecodeError:
        raise Invalid(f"{path} is not UTF-8") from None
    if len(raw) > LARGEST:
        raise Invalid(f"{path} is larger than {LARGEST} bytes")
    return text


def _objects(text: str) -> Iterator[tuple[str, Document]]:
    whole = _parsed(text) or _parsed(f'{{"list":{text}}}')
    if whole is None:
        for number, line in enumerate(text.splitlines(), 1):
            if line.strip():
                yield f"line {number}", _required(_parsed(line), f"line {number}")
    elif text.lstrip().startswith("["):
        for number, one in enumerate(cast("list[object]", whole["list"]), 1):
            yield f"{number}", _required(one, f"entry {number}")
    else:
        yield "1", whole


def _parsed(text: str) -> Document | None:
    try:
        return cast("Document", dict(parse_object(text)))
    except NotStrictJsonError:
        return None


def _required(value: object, where: str) -> Document:
    if not isinstance(value, dict):
        raise Invalid(f"{where}: {_NO_JSON}")
    return value


def _read(place: str, one: Document, kind: Kind | None) -> Iterator[Message]:
    steps, operations = one.get("steps"), _named(one, "operations")
    if isinstance(steps, list):
        for number, step in enumerate(steps, 1):
            yield from _step(f"step {number}", _required(step, f"step {number}"))
    elif isinstance(operations, list):
        yield from _bulk(place, operations)
    else:
        yield Message(place, kind or _look(one), one)


def _step(where: str, step: Document) -> Iterator[Message]:
    method, _, address = str(step.get("send", "")).partition(" ")
    body = step.get("body")
    if "raw" in step:
        body = _parsed(str(step["raw"]).lstrip("\ufeff"))
        if body is None:
            yield Message(
                where, "user" if "/users" in address.casefold() else "group", {}, _NO_JSON
            )
    if isinstance(body, dict):
        yield from _sent(where, method, address, body)


def _bulk(where: str, operations: list[object] | object) -> Iterator[Message]:
    for number, one in enumerate(cast("list[object]", operations), 1):
        place = f"{where}, operation {number}"
        told = {name.casefold(): value for name, value in _required(one, place).items()}
        data = told.get("data")
        if isinstance(data, dict):
            yield from _sent(place, str(told.get("method")), str(told.get("path", "")), data)


def _sent(where: str, method: str, address: str, body: Document) -> Iterator[Message]:
    """Yield what was sent to an address of people or groups; others hold nothing to map."""
    parts = address.strip("/").partition("?")[0].split("/")
    name = parts[0].casefold()
    operations = _named(body, "operations")
    if name == "bulk" and isinstance(operations, list):
        yield from _bulk(where, operations)
    elif name in _KINDS and parts[-1] != ".search":
        told = f"{where}, {method.upper()} /{name.capitalize()}"
        whole = method.upper() in _READ_WHOLE
        yield Message(told, _KINDS[name], body, "" if whole else _DEPENDS)


def _look(body: Document) -> Kind:
    """Tell by its attributes what a body is."""
    names = {name.casefold() for name in body}
    schemas = str(_named(body, "schemas"))
    if "username" in names or ":User" in schemas:
        return "user"
    return "group" if "displayname" in names or ":Group" in schemas else "claims"


def _named(body: Document, name: str) -> object:
    return next((value for key, value in body.items() if key.casefold() == name), None)
