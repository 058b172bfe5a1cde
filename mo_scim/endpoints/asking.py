"""What a caller asks to see: which resources, in which order, and which of their attributes.

The parameters of a GET and the members of a SearchRequest (RFC 7644 section 3.4.3) are one
thing here: ``Asked``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from mo_access.domain.errors import Invalid
from mo_access.domain.model import DEFAULT_PAGE, MAX_PAGE, Document, Json, Query
from mo_scim.endpoints import calling
from mo_scim.mapping import filters, messages
from mo_scim.mapping.refusals import InvalidCount, InvalidFilter
from mo_scim.mapping.render import Selection, selection
from mo_scim.mapping.selecting import number_of
from mo_scim.profiles import Deviation
from mo_web import caller, exchange

_MOST: Final = 2**31 - 1
_INTEGER: Final = re.compile(r"[+-]?[0-9]+")
_DIGITS: Final = 32
"""What is longer is beyond what is counted with, however it goes on."""
_LISTS: Final = frozenset({"attributes", "excludedattributes"})
_SPELLED: Final[Mapping[str, str]] = {"startindex": "startIndex"}


@dataclass(frozen=True, slots=True)
class Asked:
    """The parameters under folded names, and whether they stood in a URL.

    ``across`` names the kinds of resources that are searched together, where there are several.
    """

    parameters: Mapping[str, Json]
    in_url: bool
    across: Sequence[str] = ()

    def selection(self, resource: str) -> Selection:
        """Return what to show; the INSZ needs the scope ``insz:read`` (403 without it)."""
        chosen = self.shown(resource)
        if chosen.asks_insz:
            caller.actor(scope="insz:read")
        return chosen

    def shown(self, resource: str) -> Selection:
        """Return what to show to somebody who gets no INSZ in any case."""
        shown = self.parameters.get("attributes")
        hidden = self.parameters.get("excludedattributes")
        return selection(_names(shown), _names(hidden), resource)

    def query(self, resource: str, chosen: Selection) -> Query:
        """Return what to list, from its beginning."""
        text, sort = self.text("filter"), self.text("sortby")
        criteria = None
        if text and text.strip():
            check_quotes(text)
            call = calling.current()
            criteria = filters.compile_filter(
                text,
                resource,
                in_url=self.in_url,
                across=self.across,
                profile=call.profile,
                base_url=call.base,
            )
        return Query(
            criteria=criteria,
            sort=filters.sort_field(sort.strip(), resource) if sort and sort.strip() else None,
            descending=self.descending,
            members=resource != "Group" or chosen.shows("members"),
        )

    @property
    def start(self) -> int:
        """The place of the first result, counted from 1; less is 1."""
        return max(1, self.number("startindex", 1))

    @property
    def count(self) -> int:
        """How many results at most; negative is none."""
        return min(max(0, self.number("count", DEFAULT_PAGE)), MAX_PAGE)

    @property
    def cursor(self) -> str | None:
        """The cursor to go on from, empty for the first page; None in a list by index."""
        cursor = self.text("cursor")
        if cursor is not None and self.parameters.get("startindex") is not None:
            raise Invalid(
                "cursor: goes without startIndex. Send one of the two.", attribute="cursor"
            )
        return cursor

    @property
    def page_size(self) -> int | None:
        """How many results are on each page of a list by cursor; None where it is not said."""
        if self.parameters.get("count") in (None, ""):
            return None
        count = self.number("count", DEFAULT_PAGE)
        if count < 1:
            raise InvalidCount(f"count: must be 1 to {MAX_PAGE} with a cursor.", attribute="count")
        return min(count, MAX_PAGE)

    def unsorted(self) -> Asked:
        """Return the same without an order."""
        kept = {name: value for name, value in self.parameters.items() if name != "sortby"}
        return replace(self, parameters=kept)

    @property
    def descending(self) -> bool:
        """Whether the order is turned round."""
        return (self.text("sortorder") or "").casefold() == "descending"

    def number(self, name: str, default: int) -> int:
        """Return an integer parameter, cut to what a database counts with."""
        value = self.parameters.get(name)
        if value is None or value == "":
            return default
        text = str(value).strip()
        if not _INTEGER.fullmatch(text):
            shown = _SPELLED.get(name, name)
            raise Invalid(f"{shown}: must be an integer, as in {shown}=1.", attribute=shown)
        return max(-_MOST, min(int(text[:_DIGITS]), _MOST))

    def text(self, name: str) -> str | None:
        """Return a parameter that is text."""
        value = self.parameters.get(name)
        if self.in_url and isinstance(value, list):
            message = f"{name}: stands in the URL twice. Send one; join the terms with and, or."
            raise InvalidFilter(message, attribute=name)
        if value is not None and not isinstance(value, str):
            raise Invalid(f'{name}: must be text. Send it in " ".', attribute=name)
        return value


def check_quotes(text: str, *, numbers: bool = False) -> None:
    """Refuse values without quotes where the profile does not let them pass.

    ``numbers``: there are attributes that are compared with a number, which has none.
    """
    found = filters.bare_values(text) if len(text) <= filters.MAX_CHARACTERS else []
    bare = any(not (numbers and number_of(value) is not None) for value in found)
    if bare and not calling.current().profile.allows(Deviation.BARE_FILTERS):
        raise InvalidFilter('filter: a value stands in " ", as in: userName eq "jan".')


def from_url() -> Asked:
    """Read the query string; names without case, as some brokers write them.

    Of a parameter that comes again the first counts; lists of attributes are one list. A filter
    that comes again is refused where a list is asked: nobody can tell how the two are joined.
    """
    now, found = exchange.current(), dict[str, Json]()
    for sent, value in now.args.items(multi=True) if now.query_string else ():
        name = sent.casefold()
        if name not in found:
            found[name] = value
        elif name in _LISTS:
            found[name] = f"{found[name]},{value}"
        elif name == "filter":
            found[name] = [found[name], value]
    return Asked(found, in_url=True)


def from_body(body: Document) -> Asked:
    """Read a SearchRequest; raises ``InvalidSyntax`` for another message on a strict profile."""
    messages.check(body, messages.SEARCH, calling.current().profile)
    return Asked(messages.parts(body), in_url=False)


def _names(value: Json) -> list[str] | str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return [str(item) for item in value]
    raise Invalid(
        'attributes: must be a list of names, as in ["userName"].', attribute="attributes"
    )
