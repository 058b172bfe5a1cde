"""People whom several clients share: what one does leaves the others and the platform right."""

from __future__ import annotations

import pytest

from mo_access.domain.errors import Invalid
from mo_access.domain.model import GroupDraft, MemberChange, PersonDraft
from mo_access.service import groups, people
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


def test_who_is_gone_is_in_no_group_of_the_platform(uow: UnitOfWork) -> None:
    """The last link ends the person: no group keeps an id that answers 404, or takes one."""
    school, platform = client(uow, "school", kit.SCHOOL), client(uow, "platform")
    gone = people.create(uow, school, draft()).id
    step = MemberChange("add", (gone,))
    group = groups.create(uow, platform, GroupDraft("g", None, {}), step)
    people.delete(uow, school, gone, lambda _: None)
    left = groups.get(uow, platform, group.id)
    assert (left.members, left.size, left.version) == ((), 0, 2)
    with pytest.raises(Invalid, match="no users of yours"):
        groups.update(uow, platform, group.id, lambda _: None, (step,))


def test_an_older_link_that_moved_here_does_not_become_the_owner(uow: UnitOfWork) -> None:
    """What the platform reads of a person stays the owner's while the owner's link lives."""
    moved, owner, third = (client(uow, name, kit.SCHOOL) for name in ("moved", "owner", "third"))
    first = people.create(uow, moved, draft("moved", insz="85073003427")).id
    shared = people.create(uow, owner, draft("owner", insz=INSZ)).id
    people.create(uow, third, draft("third", insz=INSZ))
    people.update(uow, moved, first, lambda _: draft("moved", insz=INSZ))
    people.delete(uow, third, shared, lambda _: None)
    platform = client(uow, "platform")
    assert people.get(uow, platform, shared).user_name == "owner"
    people.delete(uow, owner, shared, lambda _: None)
    assert people.get(uow, platform, shared).user_name == "moved"
