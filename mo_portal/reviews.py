"""The access review of an institution, for its beheerders: look, take along, mark as done.

Nothing can be granted here. Whoever is no beheerder there now, in this session, is answered as
if there were no such institution.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from http import HTTPStatus
from typing import Final

from flask import Response, redirect, request
from flask.typing import ResponseReturnValue

from mo_access.domain.errors import NotFound, Stale
from mo_access.domain.model import Role
from mo_access.service import review, review_csv
from mo_access.service.review import Listing
from mo_access.service.sessions import Session
from mo_access.service.unit_of_work import BRUSSELS
from mo_oidc import guards
from mo_portal import people
from mo_web import csrf, language, pages, unit
from mo_web.shared import shared

_MICRO: Final = 1_000_000


@guards.login_required
def look(institution: str) -> ResponseReturnValue:
    """GET a page of who has what there."""
    session = _beheerder(institution)
    after = review.opened(shared().keys, institution, request.args.get("after", ""))
    return _drawn(session, review.page(unit.current(), institution, after), after)


@guards.login_required
def take(institution: str) -> ResponseReturnValue:
    """GET the whole list as CSV, piece by piece; that it was taken is in the audit trail."""
    session = _beheerder(institution)
    review.record_export(unit.current(), institution, session.person)
    return Response(
        _pieces(institution),
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="toegang-{institution}.csv"'},
    )


@guards.login_required
def done(institution: str) -> ResponseReturnValue:
    """POST that the list was reviewed; a list that changed since is shown again (409)."""
    csrf.check()
    session = _beheerder(institution)
    seen = request.form.get("seen", "")
    try:
        review.mark_done(unit.current(), institution, session.person, seen)
    except Stale:
        return _drawn(session, review.page(unit.current(), institution), 0, stale=True)
    return redirect(f"/review/{institution}", HTTPStatus.SEE_OTHER)


def _beheerder(institution: str) -> Session:
    """Return the session of a beheerder of this institution. Raises ``NotFound``."""
    session = guards.current_session()
    if session is None or not guards.decide_here(institution, role=Role.BEHEERDER).allowed:
        raise NotFound("There is no such page.")
    return session


def _drawn(
    session: Session, listing: Listing, after: int, *, stale: bool = False
) -> ResponseReturnValue:
    return pages.page(
        "portal/review.html",
        HTTPStatus.CONFLICT if stale else HTTPStatus.OK,
        person=people.called(session),
        listing=listing,
        present=[entry for entry in listing.entries if not entry.dormant],
        dormant=[entry for entry in listing.entries if entry.dormant],
        first=after == 0,
        following=review.cursor(shared().keys, listing),
        seen=review.digest_of(listing, after),
        moment=_moment,
        stale=stale,
        here="review",
    )


def _pieces(institution: str) -> Iterator[bytes]:
    """Return the pieces of the file; they are read when the request itself is over.

    Each page is read in a unit of its own: whoever reads slowly holds no connection.
    """
    open_unit, chosen = unit.afterwards(), language.current()

    def read() -> Iterator[Listing]:
        after: int | None = 0
        while after is not None:
            with open_unit() as uow:
                found = review.page(uow, institution, after, review.AT_ONCE)
            yield found
            after = found.following

    return review_csv.chunks(read(), chosen)


def _moment(micros: int | None, form: str = "%Y-%m-%d") -> str:
    """Show a time as people in Brussels read it; a dash for never."""
    if micros is None:
        return "-"
    return datetime.fromtimestamp(micros / _MICRO, BRUSSELS).strftime(form)
