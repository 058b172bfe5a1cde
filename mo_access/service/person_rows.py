"""What is stored of a person's draft, and what the audit trail says of it."""

from __future__ import annotations

import json
from typing import Final

from mo_access.domain.model import Document, Event, IndexedValue, Keep, PersonDraft
from mo_access.domain.text import fold
from mo_access.domain.vouching import Says
from mo_access.storage import trigrams
from mo_access.storage.links import LinkValues
from mo_access.storage.rights import Moved

# Built once: json.dumps with arguments makes an encoder on every call.
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def columns(
    draft: PersonDraft, found: tuple[IndexedValue, ...] | None, *, says: Says
) -> LinkValues:
    """Return the columns of a link; ``found`` are its searchable values, None: as they were."""
    text = _ENCODER.encode(draft.document)
    parts = None if found is None else _parts(draft, found)
    return LinkValues(draft.user_name, draft.external_id, draft.active, says, text, parts)


def _parts(draft: PersonDraft, found: tuple[IndexedValue, ...]) -> str:
    texts = {fold(draft.user_name), *(value.folded for value in found)}
    if draft.external_id is not None:
        texts.add(fold(draft.external_id))
    return trigrams.joined(texts)


def event(kind: str, person_id: str, moved: Moved, draft: PersonDraft) -> Event:
    """Return what is written down of a change: names of attributes, rights, never the number."""
    facts: Document = {"changed": list(draft.changed), "active": draft.active, **moved.facts}
    if not isinstance(draft.insz, Keep):
        facts["insz"] = "set" if draft.insz else "cleared"
    at = tuple(sorted(moved.at | {claim.institution for claim in draft.affiliations}))
    return Event(kind, "ok", person=person_id, institutions=at, facts=facts)
