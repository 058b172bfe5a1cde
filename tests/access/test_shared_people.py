"""People whom several clients share: what one does leaves the others and the platform right."""

from __future__ import annotations

from mo_access.domain.model import PersonDraft
from mo_access.service import people
from mo_access.service.unit_of_work import UnitOfWork
from tests.access import test_people as kit
from tests.access.test_people import INSZ, client, draft

uow = kit.uow


def test_a_platform_names_whom_it_takes_over(uow: UnitOfWork) -> None:
    """What the owner calls somebody may be another's name at the platform."""
    school, platform = client(uow, "school", kit.SCHOOL), client(uow, "platform")
    people.create(uow, platform, PersonDraft("an", "e1", active=True, document={}))
    shared = people.create(uow, school, draft("an", external_id="e1", insz=INSZ))
    renamed = PersonDraft("an2", "e2", active=True, document={"userName": "an2"})
    seen = people.update(uow, platform, shared.id, lambda _: renamed)
    assert (seen.user_name, seen.external_id, seen.own) == ("an2", "e2", True)
