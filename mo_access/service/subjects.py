"""Subjects of providers that are numbers of the national register: kept by a name (design 007).

Some brokers take the number for ``sub``. Such a subject is stored sealed, once, and stands
everywhere else as a name that is made with the key of the blind index. It is found, pinned,
signed out and blocked by that as others are by themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from mo_access.domain.model import PersonDraft
from mo_access.domain.spelled import may_hold_number
from mo_access.service import sealing
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import people
from mo_access.storage import sealed_subjects as stored
from mo_access.storage.sealed_subjects import Names, SealedSubject

PLACES: Final = stored.PLACES
PREFIX: Final = "insz:"
_LETTERS: Final = str.maketrans("0123456789abcdef", "abcdefghijklmnop")
Pairs = tuple[tuple[str, str], ...]


def is_name(subject: str) -> bool:
    """Tell whether what is stored of a subject is a name, which says nothing outside."""
    return subject.startswith(PREFIX)


def known_as(uow: UnitOfWork, issuer: str, subject: str) -> str:
    """Return what a provider's subject is stored as; changes nothing.

    One that was never named stands, if anywhere, as itself: from before this release.
    """
    if not _is_told(subject):
        return subject
    names = _names(uow, issuer, subject)
    found = stored.find(uow.conn, issuer, names)
    return found or (names[0] if is_name(subject) else subject)


def kept_as(uow: UnitOfWork, issuer: str, subject: str) -> str:
    """Return what a provider's subject is to be stored as, named where it has to be.

    The name holds until the end of the transaction, also while the key is replaced. What stood
    under the subject itself stands under its name from now on.
    """
    return _named(uow, issuer, subject) if _is_told(subject) else subject


def named(uow: UnitOfWork, draft: PersonDraft) -> PersonDraft:
    """Return what a client says of a person with names for the subjects that need one."""
    if not any(may_hold_number(subject) for _, subject in draft.identities):
        return draft
    return replace(draft, identities=tuple(_kept_pairs(uow, draft.identities)))


def _kept_pairs(uow: UnitOfWork, pairs: Pairs) -> Iterator[tuple[str, str]]:
    for issuer, subject in pairs:
        yield issuer, _named(uow, issuer, subject) if may_hold_number(subject) else subject


def _is_told(subject: str) -> bool:
    """Tell whether a provider told what is stored by a name; no other subject looks like one."""
    return may_hold_number(subject) or is_name(subject)


def _named(uow: UnitOfWork, issuer: str, subject: str) -> str:
    conn, names = uow.write(), _names(uow, issuer, subject)
    if uow.keys.rotating:
        # Two who make the name with two keys would make two names.
        people.take_turn(conn, uow.keys.turn(_text(issuer, subject)))
    found = stored.hold(conn, issuer, names)
    if found is None:
        sealed = uow.keys.seal(sealing.of_subject(issuer, names[0]), subject)
        stored.add(conn, issuer, names[0], sealed)
        found = stored.hold(conn, issuer, names) or names[0]
        if not is_name(subject):
            stored.rename(conn, issuer, subject, found)
    return found


def renewed(uow: UnitOfWork, row: SealedSubject) -> int:
    """Seal and name one subject anew where that was not done by the keys of now."""
    keys = uow.keys
    subject = keys.open(sealing.of_subject(row.issuer, row.name), row.sealed)
    name = _name(keys.index(_text(row.issuer, subject)))
    if keys.sealed_by(row.sealed) == keys.current and name == row.name:
        return 0
    return stored.reseal(
        uow.conn, row, name, keys.seal(sealing.of_subject(row.issuer, name), subject)
    )


def name_page(uow: UnitOfWork, place: str, after: tuple[str, str]) -> tuple[str, str] | None:
    """Name the subjects among the next of a place that stand there as themselves.

    Returns where to go on, None for no more; the caller commits.
    """
    found = stored.following(uow.conn, place, after)
    _name_each(uow, found)
    return found[-1] if len(found) == stored.SCAN else None


def name_of_blocks(uow: UnitOfWork) -> None:
    """Do the same for those by which humans under a block are known; the caller commits."""
    _name_each(uow, stored.of_blocks(uow.conn))


def _name_each(uow: UnitOfWork, found: list[tuple[str, str]]) -> None:
    for issuer, subject in found:
        if may_hold_number(subject):
            stored.rename(uow.write(), issuer, subject, _named(uow, issuer, subject))


def sweep(uow: UnitOfWork) -> int:
    """Forget a page of subjects that stand nowhere any more; returns how many."""
    return stored.forget_unused(uow.write())


def _names(uow: UnitOfWork, issuer: str, subject: str) -> Names:
    first, other = map(_name, uow.keys.indexes(_text(issuer, subject)))
    return first, other


def _name(index: bytes) -> str:
    """Write an index in letters alone, in which nobody sees a number."""
    return PREFIX + index.hex().translate(_LETTERS)


def _text(issuer: str, subject: str) -> str:
    return f"sub\n{issuer}\n{subject}"
