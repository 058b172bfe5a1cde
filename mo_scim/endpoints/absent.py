"""What this service provider does not offer, said so (RFC 7644 sections 3.7 and 3.11)."""

from __future__ import annotations

from flask import Blueprint, Response
from werkzeug.exceptions import NotImplemented as NotOffered

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def add_to(blueprint: Blueprint) -> None:
    """Put the views on the door."""
    blueprint.add_url_rule("/Me", view_func=me, methods=list(METHODS))
    blueprint.add_url_rule("/Bulk", view_func=bulk, methods=["POST"])


def me() -> Response:
    """Refuse: a provisioning client is no person."""
    raise NotOffered("A client that provisions is no user; /Me is not offered.")


def bulk() -> Response:
    """Refuse: operations come one by one."""
    raise NotOffered("Bulk is not offered; send the operations one by one.")
