"""A stock client, scim2-client: knows nothing of us and builds its models from our discovery.

Every answer is checked by its models and status codes, so each step that raises nothing is a
check that passed. Canaille, whose provisioning is built on it, is live in tests/journeys.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any, cast

from scim2_client import SCIMClientException
from scim2_models import PatchOp, Resource, SCIMException, SearchRequest

from conformance.report import Check, Outcome, Suite
from conformance.target import Target
from conformance.wire import Wire, client


class Unexpected(Exception):
    """The answer is valid, but not what was asked."""


@dataclass
class _Story:
    """What the client did so far."""

    # Any: the models are made at run time, from what is published.
    scim: Any
    run: str
    models: dict[str, Any] = field(default_factory=dict)
    made: dict[str, Any] = field(default_factory=dict)

    def discover(self) -> None:
        self.scim.discover()
        self.models = {name: self.scim.get_resource_model(name) for name in ("User", "Group")}
        _expect(all(self.models.values()), "User and Group are not both published")

    def create(self) -> None:
        user = self._model("User", userName=self.run, displayName="Els", active=True)
        self.made["user"] = self.scim.create(user)
        member = {"value": self.made["user"].id, "type": "User"}
        group = self._model("Group", displayName=self.run, members=[member])
        self.made["group"] = self.scim.create(group)

    def query(self) -> None:
        user = self.scim.query(self.models["User"], self.made["user"].id)
        _expect(_text(user, "user_name") == self.run, "the user read is another one")

    def search(self) -> None:
        asked: SearchRequest[Any] = SearchRequest(filter=f'userName eq "{self.run}"')
        by_get = self.scim.query(self.models["User"], query_parameters=asked)
        by_post = self.scim.search(asked)
        _expect(by_get.total_results == by_post.total_results == 1, "not found exactly once")

    def replace(self) -> None:
        user = self.scim.query(self.models["User"], self.made["user"].id)
        user.display_name = "Els Peeters"
        _expect(
            _text(self.scim.replace(user), "display_name") == "Els Peeters", "PUT changed nothing"
        )

    def modify(self) -> None:
        self._patch("user", op="replace", path="active", value=False)
        user = self.scim.query(self.models["User"], self.made["user"].id)
        _expect(getattr(user, "active", None) is False, "PATCH changed nothing")

    def members(self) -> None:
        path = f'members[value eq "{self.made["user"].id}"]'
        self._patch("group", op="remove", path=path)
        group = self.scim.query(self.models["Group"], self.made["group"].id)
        _expect(not getattr(group, "members", None), "the member is still there")

    def delete(self) -> None:
        for kind in ("group", "user"):
            self.scim.delete(self.models[kind.title()], self.made[kind].id)

    def _patch(self, kind: str, **operation: object) -> None:
        model = self.models[kind.title()]
        message = cast("Any", PatchOp)[model].model_validate({"Operations": [operation]})
        self.scim.modify(model, self.made[kind].id, message)

    def _model(self, name: str, **values: object) -> Resource[Any]:
        made: Resource[Any] = self.models[name].model_validate(values)
        return made

    def steps(self) -> Mapping[str, Callable[[], None]]:
        return {
            "discovery: models are built from what is published": self.discover,
            "create a user, and a group with that user": self.create,
            "query the user": self.query,
            "search by filter, with GET and with POST": self.search,
            "replace the user as it was read": self.replace,
            "modify: deactivate the user": self.modify,
            "modify: take the member out of the group": self.members,
            "delete both": self.delete,
        }


def stock_client(target: Target) -> Suite:
    """Let the stock client discover, create, query, search, replace, modify and delete."""
    with closing(Wire()) as wire:
        story = _Story(client(wire, target), f"c{uuid.uuid4().hex[:10]}")
        checks = list(_told(story))
    return Suite("scim2-client, from discovery", version("scim2-client"), checks)


def _told(story: _Story) -> Iterator[Check]:
    for name, step in story.steps().items():
        try:
            step()
        except (SCIMClientException, SCIMException, Unexpected, KeyError, ValueError) as fault:
            reason = f"{type(fault).__name__}: {fault}".replace(story.run, "<run>")
            yield Check(name, Outcome.failed, reason[:300])
        else:
            yield Check(name, Outcome.passed)


def _expect(met: bool, reason: str) -> None:  # noqa: FBT001 - a condition and what it means
    if not met:
        raise Unexpected(reason)


def _text(resource: object, name: str) -> object:
    return getattr(resource, name, None)
