"""What each sealed number is sealed for, so that it opens in its own row and nowhere else."""

from __future__ import annotations


def of_person(person_id: str) -> str:
    """Name the row of a person that a sealed number belongs to."""
    return f"mo:person:insz:{person_id}"


def of_bar(bar: str) -> str:
    """Name the human under a block whom a sealed number is known by."""
    return f"mo:block:insz:{bar}"


def of_subject(issuer: str, name: str) -> str:
    """Name the subject of a provider that a sealed number belongs to, by what it is kept as."""
    return f"mo:subject:{issuer}\n{name}"
