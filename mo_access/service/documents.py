"""The documents that a person may read, and the reading of one (rules 2, 3 and 9)."""

from __future__ import annotations

from typing import Final

from mo_access.domain.errors import NotFound
from mo_access.domain.model import Actor, Event
from mo_access.domain.policy import Decision, Reason, Session
from mo_access.service import decisions
from mo_access.service.decisions import Question
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import access, documents
from mo_access.storage.documents import Document

_TELLING: Final = (Reason.LEVEL, Reason.DORMANT, Reason.NO_THEME)

__all__ = ["Document", "decide", "get", "readable", "record_reading"]


def get(uow: UnitOfWork, document_id: str, actor: Actor | None = None) -> Document:
    """Return a document without judging access. Raises ``NotFound``.

    For a client, ``actor``, a document of another institution is not there (ruling 9).
    """
    within = None if actor is None or actor.platform else actor.institutions
    found = documents.get(uow.conn, document_id, within)
    if found is None:
        raise NotFound("There is no such document.")
    return found


def readable(
    uow: UnitOfWork, person_id: str, session: Session, actor: Actor | None = None
) -> tuple[Document, ...]:
    """List the documents that the person may read now, by institution and title.

    For a client, ``actor``, only of its own people and institutions (ruling 9).

    A right at an institution opens the documents of those that it succeeded (ruling 10), where
    that is not blocked.
    """
    held = {
        (number, right.theme)
        for right in decisions.readable(uow, person_id, session, actor)
        for number in access.lineage(uow.conn, right.institution)
    }
    found = documents.at(uow.conn, sorted({number for number, _ in held}))
    return tuple(
        d for d in found if not d.shut and any((d.institution, slug) in held for slug in d.themes)
    )


def decide(
    uow: UnitOfWork,
    person_id: str,
    document: Document,
    session: Session,
    actor: Actor | None = None,
) -> Decision:
    """May the person read this document? Any one of its themes suffices.

    Of several refusals the most telling is returned: a level that is too low before no theme.
    A document without themes is nobody's: the same ``unknown`` as one that is not there. That of a
    blocked institution is shut for who has a right at its successor too.
    """
    numbers = sorted(access.successors(uow.conn, document.institution))
    answers = [
        decisions.decide(uow, Question(person_id, number, slug, None, session, actor))
        for number in numbers
        for slug in document.themes
    ]
    found = min(answers, key=_rank, default=Decision(allowed=False, reason=Reason.UNKNOWN))
    if document.shut and found.allowed:
        return Decision(allowed=False, reason=Reason.BLOCKED)
    return found


def _rank(decision: Decision) -> int:
    if decision.allowed:
        return 0
    return _TELLING.index(decision.reason) + 2 if decision.reason in _TELLING else 1


def record_reading(uow: UnitOfWork, person_id: str, document: Document, decision: Decision) -> None:
    """Write down a refusal, and the reading of a confidential document (rule 9)."""
    if decision.allowed and not document.confidential:
        return
    outcome = "ok" if decision.allowed else "refused"
    facts = {"document": document.id, "reason": decision.reason.value}
    uow.record(
        Event(
            "document.read",
            outcome,
            person=person_id,
            institutions=(document.institution,),
            theme=" ".join(document.themes),
            facts=facts,
        )
    )
