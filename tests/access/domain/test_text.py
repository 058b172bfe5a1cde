"""Texts of errors: no number in them, and ids left whole where chance made eleven digits."""

import pytest

from mo_access.domain.text import without_numbers

CHANCE, REAL = "12345678901f", "85073003328f"


@pytest.mark.parametrize(
    "number", ["85073003328", "85.07.30-033.28", "850730 033 28", "00000000000"]
)
def test_anything_shaped_like_a_number_is_taken_out(number: str) -> None:
    """Right or wrong, and however it is written."""
    assert without_numbers(f"members: '{number}' is no user") == "members: '[insz]' is no user"


def test_an_id_stays_whole_unless_it_may_hold_a_number() -> None:
    """Else an error would name another id than was sent, by chance."""
    start = "0a8d0f25-a352-451e-826e-"
    assert without_numbers(f"no '{start}{CHANCE}'") == f"no '{start}{CHANCE}'"
    assert without_numbers(f"no '{start}{REAL}'") == f"no '{start}[insz]f'"
