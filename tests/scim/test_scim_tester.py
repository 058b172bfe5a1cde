"""scim2-tester, an outside judge, finds no error in the core User, enterprise and Group schemas.

It writes random values, which our own extension rightly refuses; so it is told of the core
schemas only, as we publish them.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from scim2_client.engines.wsgi import WSGISCIMClient
from scim2_models import EnterpriseUser, Group, ResourceType, Schema, ScimProvider, User
from scim2_tester import Status, check_server

from mo_scim.resources import CORE_GROUP, CORE_USER, ENTERPRISE
from tests.scim.conftest import BASE, Broker, parsed

CORE = {CORE_USER, ENTERPRISE, CORE_GROUP}


def core_of(broker: Broker) -> ScimProvider:
    """Describe the service by its own discovery, without our extensions."""
    schemas = parsed(broker.send("GET", "/Schemas"))["Resources"]
    types = parsed(broker.send("GET", "/ResourceTypes"))["Resources"]
    for kind in types:
        told = kind.pop("schemaExtensions", [])
        kept = [extension for extension in told if extension["schema"] in CORE]
        kind.update({"schemaExtensions": kept} if kept else {})
    return ScimProvider.from_discovery(
        [Schema.model_validate(schema) for schema in schemas if schema["id"] in CORE],
        [ResourceType.model_validate(kind) for kind in types if kind["schema"] in CORE],
    )


def stock(_broker: Broker) -> ScimProvider:
    """Describe the service by the models that scim2-models ships, knowing nothing of ours."""
    types = [ResourceType.from_resource(User[EnterpriseUser]), ResourceType.from_resource(Group)]
    return ScimProvider([User, EnterpriseUser, Group], resource_types=types)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("described", [core_of, stock])
def test_scim2_tester_reports_no_error(
    app: Flask, broker: Broker, described: Callable[[Broker], ScimProvider]
) -> None:
    """No check fails, and many are made."""
    client = WSGISCIMClient(
        app,
        base_url=f"http://localhost{BASE}",
        headers={"Authorization": f"Bearer {broker.token}"},
        provider=described(broker),
    )
    results = check_server(client)
    wrong = [
        f"{result.title} {result.resource_type}: {result.reason}"
        for result in results
        if result.status not in {Status.SUCCESS, Status.SKIPPED}
    ]
    assert wrong == []
    assert sum(result.status is Status.SUCCESS for result in results) > 100
