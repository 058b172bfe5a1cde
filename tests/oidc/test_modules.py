"""Every module of the certification plans, in process and over real HTTP, and their page."""

from collections.abc import Callable

import pytest

from conformance.oidc_table import HEADING, OPTION, PAGE, PROPERTY, Row, page
from tests.oidc.modules import basic, configuration, ending, fapi, going_on
from tests.oidc.modules.catalogue import MODULES, Module
from tests.oidc.world import World

PARTS = (basic, configuration, going_on, ending, fapi)
PLANS = {
    "Basic RP": 16,
    "Config RP": 6,
    "Form Post RP": 17,
    "Also defined": 7,
    "Of the hybrid and implicit flows": 5,
    "Third-Party-Initiated Login RP": 1,
    "Refresh Token RP": 3,
    "RP-Initiated Logout RP": 3,
    "Back-Channel Logout RP": 8,
    "Front-Channel Logout RP": 2,
    "FAPI 2.0 Security Profile Final RP": 23,
}


def _id(module: Module) -> str:
    return f"{module.plan.replace(' ', '-')}:{module.name}"


@pytest.mark.parametrize("module", MODULES, ids=_id)
def test_module(
    module: Module,
    make_world: Callable[[dict[str, object]], World],
    request: pytest.FixtureRequest,
    record_property: Callable[[str, object], None],
) -> None:
    """The module ends as the suite expects, and as docs/conformance/oidc.md says."""
    world = make_world(dict(module.settings))
    world.register()
    outcome = module.play(world)
    assert module.holds(outcome.result), outcome
    assert world.script.held == []
    row = Row(module.plan, module.name, module.expected, outcome.result, outcome.code)
    record_property(PROPERTY, tuple(row))
    if not request.config.getoption(OPTION, default=False):
        assert row.line() in PAGE.read_text(encoding="utf-8").splitlines()


def test_every_module_of_every_plan_is_there() -> None:
    """As many as docs name for each plan, and none twice."""
    counted = {plan: sum(m.plan == plan for m in MODULES) for plan in PLANS}
    assert counted == PLANS
    assert len({(m.plan, m.name) for m in MODULES}) == len(MODULES) == sum(PLANS.values())


def test_the_page_lists_the_modules_and_nothing_else() -> None:
    """No row of a module that is gone, none missing."""
    text = PAGE.read_text(encoding="utf-8")
    named = [
        line.split(" ")[1] for line in text.splitlines() if line.startswith(("| oidcc", "| fapi2"))
    ]
    assert sorted(named) == sorted(m.name for m in MODULES)
    assert text.startswith(HEADING)


def test_the_page_is_made_of_rows() -> None:
    """A row played twice with one result is one line; two results would be two."""
    one = Row("Basic RP", "oidcc-x", "R", "refused", "issuer")
    two = one._replace(result="accepted", code="ok")
    assert page([one, one]).count("| oidcc-x |") == 1
    assert page([one, two]).count("| oidcc-x |") == 2
