"""scim2-tester, an outside judge, finds no error in the core User, enterprise and Group schemas.

It writes random values, which our own extension rightly refuses; so it is told of the core
schemas only, as we publish them.
"""

from __future__ import annotations

import pytest
from flask import Flask
from scim2_client.engines.wsgi import WSGISCIMClient
from scim2_models import ResourceType, Schema, ScimProvider
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


@pytest.mark.timeout(300)
def test_scim2_tester_reports_no_error(app: Flask, broker: Broker) -> None:
    """No check fails, and many are made."""
    client = WSGISCIMClient(
        app,
        base_url=f"http://localhost{BASE}",
        headers={"Authorization": f"Bearer {broker.token}"},
        provider=core_of(broker),
    )
    results = check_server(client)
    wrong = [
        f"{result.title} {result.resource_type}: {result.reason}"
        for result in results
        if result.status not in {Status.SUCCESS, Status.SKIPPED}
    ]
    assert wrong == []
    assert sum(result.status is Status.SUCCESS for result in results) > 100
