"""What this service provider does not offer, said so (RFC 7644 section 3.7)."""

from __future__ import annotations

from flask import Blueprint, Response
from werkzeug.exceptions import NotImplemented as NotOffered


def add_to(blueprint: Blueprint) -> None:
    """Put the views on the door."""
    blueprint.add_url_rule("/Bulk", view_func=bulk, methods=["POST"])


def bulk() -> Response:
    """Refuse: operations come one by one."""
    raise NotOffered("Bulk is not offered; send the operations one by one.")
