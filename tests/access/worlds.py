"""Three clients that share people: the government's broker, the board and the school."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from mo_access.domain.model import (
    Actor,
    AffiliationClaim,
    Form,
    GrantClaim,
    GroupDraft,
    MemberChange,
    PersonDraft,
    Role,
)
from mo_access.service import clients, decisions, groups, imports, people
from mo_access.service.clients import NewClient
from mo_access.service.decisions import Question
from mo_access.service.unit_of_work import UnitOfWork
from tests.access.conftest import NOW

Unit = Callable[..., UnitOfWork]
SCHOOL, OTHER = "900001", "900002"
THEME = "leerlingen-openbaar"
INSZ = "85073003328"
BROKERS = ("government", "board", "school")
_SCHOOLS = f"""number,name,kind,board,successor
{SCHOOL},School,school,900009,
{OTHER},Andere school,school,900009,
900009,Bestuur,board,,
"""


@dataclass
class Shared:
    """One person whom three clients registered under the same number, each by its own name."""

    unit: Unit
    actors: dict[str, Actor] = field(default_factory=dict)
    person: str = ""
    groups: dict[str, str] = field(default_factory=dict)
    at: int = NOW

    def act(self, by: str) -> UnitOfWork:
        """Open a unit in the name of a client, a second after the last one."""
        self.at += 1_000_000
        uow = self.unit(self.at)
        uow.caller = f"client:{self.actors[by].client_id}"
        return uow

    def register(self, by: str, *, insz: str = INSZ) -> str:
        """Let a client register the person without any right, and return the id."""
        with self.act(by) as uow:
            found = people.create(uow, self.actors[by], replace(_draft(by), insz=insz)).id
            uow.commit()
        return found

    def say(self, by: str, draft: PersonDraft) -> None:
        """Let a client replace what it says about the person."""
        with self.act(by) as uow:
            people.update(uow, self.actors[by], self.person, lambda _: draft)
            uow.commit()

    def give_role(self, by: str, role: Role = Role.GEBRUIKER, form: Form = Form.ROLES) -> None:
        """Let a client say what the person is at the school, and nothing else."""
        claim = AffiliationClaim(form, SCHOOL, role)
        self.say(by, replace(_draft(by), affiliations=(claim,)))

    def give_theme(self, by: str) -> None:
        """Let a client give the theme on the person, beside what it says the person is."""
        claim = AffiliationClaim(Form.ROLES, SCHOOL, Role.GEBRUIKER)
        grant = GrantClaim(THEME, SCHOOL)
        self.say(by, replace(_draft(by), affiliations=(claim,), grants=(grant,)))

    def join(self, by: str) -> None:
        """Let a client put the person in its group of the theme, made when there is none yet."""
        with self.act(by) as uow:
            actor, step = self.actors[by], MemberChange("add", (self.person,))
            if by in self.groups:
                groups.update(uow, actor, self.groups[by], lambda _: None, (step,))
            else:
                draft = GroupDraft(f"groep van {by}", None, {}, theme=THEME, institution=SCHOOL)
                self.groups[by] = groups.create(uow, actor, draft, step).id
            uow.commit()

    def leave(self, by: str) -> None:
        """Let a client take the person out of its group."""
        with self.act(by) as uow:
            step = MemberChange("remove", (self.person,))
            groups.update(uow, self.actors[by], self.groups[by], lambda _: None, (step,))
            uow.commit()

    def forget(self, by: str) -> None:
        """Let a client stop mentioning any right: everything that it says on the person is gone."""
        self.say(by, _draft(by))

    def deactivate(self, by: str) -> None:
        """Let a client switch its registration off, everything else as it was."""
        self._switch(by, active=False)

    def reactivate(self, by: str) -> None:
        """Let a client switch its registration on again."""
        self._switch(by, active=True)

    def delete(self, by: str) -> None:
        """Let a client end its registration."""
        with self.act(by) as uow:
            people.delete(uow, self.actors[by], self.person, lambda _: None)
            uow.commit()

    def reads(self) -> bool:
        """Tell whether the person may read the theme at the school."""
        with self.unit(self.at) as uow:
            return decisions.decide(uow, Question(self.person, SCHOOL, THEME)).allowed

    def acts_as(self, role: Role = Role.GEBRUIKER) -> bool:
        """Tell whether the person has the role at the school."""
        with self.unit(self.at) as uow:
            return decisions.decide(uow, Question(self.person, SCHOOL, role=role)).allowed

    def _switch(self, by: str, *, active: bool) -> None:
        with self.act(by) as uow:
            said = AffiliationClaim(Form.ROLES, SCHOOL, Role.GEBRUIKER)
            with_theme = (GrantClaim(THEME, SCHOOL),) if by not in self.groups else ()
            draft = replace(_draft(by), active=active, affiliations=(said,), grants=with_theme)
            people.update(uow, self.actors[by], self.person, lambda _: draft)
            uow.commit()


def shared(unit: Unit, folder: Path) -> Shared:
    """Make the clients and let each register the person."""
    made = Shared(unit)
    (folder / "i.csv").write_text(_SCHOOLS, encoding="utf-8")
    (folder / "t.csv").write_text(f"slug,name\n{THEME},Leerlingen\n", encoding="utf-8")
    with unit() as uow:
        imports.institutions(uow, folder / "i.csv")
        imports.themes(uow, folder / "t.csv")
        for new in (
            NewClient("government", (SCHOOL, OTHER)),
            NewClient("board", ("900009",)),
            NewClient("school", (SCHOOL,)),
        ):
            _, token = clients.create(uow, new)
            actor = clients.by_token(uow, token)
            assert actor is not None
            made.actors[new.name] = actor
        uow.commit()
    ids = {made.register(by) for by in BROKERS}
    assert len(ids) == 1, "the number links them"
    made.person = ids.pop()
    return made


def _draft(by: str) -> PersonDraft:
    name = f"jan@{by}"
    return PersonDraft(name, f"x-{by}", active=True, document={"userName": name})
