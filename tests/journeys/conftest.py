"""The stage of the journeys: a real Canaille and our service, started once for all of them."""

from collections.abc import Callable, Iterator
from itertools import count

import pytest

from conformance.interop_table import note_version
from mo_demo.browser import Browser
from mo_demo.canaille import ADMIN
from mo_demo.console import Console, Person
from mo_demo.service import random_password
from mo_demo.stage import Ports, Stage, running_stage

_numbers = count(1)


@pytest.fixture(scope="session")
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    """Run the broker and our service on free ports for the whole session."""
    with running_stage(Ports(0, 0)) as running:
        note_version(request.config, "Canaille", running.broker.version())
        yield running


@pytest.fixture(scope="session")
def console(stage: Stage) -> Iterator[Console]:
    """Give the administrator's signed-in console."""
    browser = Browser()
    signed_in = Console(stage.broker.url, browser)
    signed_in.sign_in(ADMIN, stage.broker.admin_password)
    yield signed_in
    browser.session.close()


@pytest.fixture
def browser() -> Iterator[Browser]:
    """Give a person's own browser."""
    opened = Browser()
    yield opened
    opened.session.close()


@pytest.fixture
def new_person(console: Console) -> Callable[[str], Person]:
    """Give a way to register somebody new, who works at an institution."""

    def register(organization: str) -> Person:
        name = f"persoon{next(_numbers)}"
        mail = f"{name}@school.example"
        person = Person(name, "Pers", f"Oon {name}", mail, organization, random_password())
        console.create_person(person)
        return person

    return register
