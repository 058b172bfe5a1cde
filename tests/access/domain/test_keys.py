"""The key ring: what is sealed opens only in its own row (domain.md, People)."""

from __future__ import annotations

import pytest

from mo_access.domain.keys import KeyRing, SealBroken

OLD, NEW = b"o" * 32, b"n" * 32
TEXT = "85073003328"


def test_a_sealed_text_opens_in_its_row_only() -> None:
    """The associated data names the row."""
    ring = KeyRing({"k1": OLD}, "k1")
    sealed = ring.seal("row:1", TEXT)
    assert ring.open("row:1", sealed) == TEXT
    with pytest.raises(SealBroken):
        ring.open("row:2", sealed)


def test_a_changed_byte_does_not_open() -> None:
    """Authenticated encryption."""
    ring = KeyRing({"k1": OLD}, "k1")
    sealed = bytearray(ring.seal("row", TEXT))
    sealed[-1] ^= 1
    with pytest.raises(SealBroken):
        ring.open("row", bytes(sealed))


def test_a_key_that_is_gone_says_so() -> None:
    """Another ring does not open it, and an unknown key id is no crash."""
    sealed = KeyRing({"k1": OLD}, "k1").seal("row", TEXT)
    with pytest.raises(SealBroken):
        KeyRing({"k2": NEW}, "k2").open("row", sealed)
    with pytest.raises(SealBroken):
        KeyRing({"k1": NEW}, "k1").open("row", sealed)
    with pytest.raises(SealBroken):
        KeyRing({"k1": OLD}, "k1").open("row", b"\xff:short")


def test_the_index_outlives_a_rotation() -> None:
    """A new sealing key opens the old, and people are still found."""
    before = KeyRing({"k1": OLD}, "k1")
    after = KeyRing({"k1": OLD, "k2": NEW}, "k2")
    assert after.index(TEXT) == before.index(TEXT)
    assert after.open("row", before.seal("row", TEXT)) == TEXT
    assert after.sealed_by(after.seal("row", TEXT)) == "k2"
    assert before.index(TEXT) != before.index("85073003427")
    assert before.index(TEXT) != before.sign(TEXT.encode())


@pytest.mark.parametrize(("keys", "current"), [({}, "k1"), ({"k1": b"short"}, "k1")])
def test_a_ring_without_a_whole_current_key_is_refused(
    keys: dict[str, bytes], current: str
) -> None:
    """No default, no short key."""
    with pytest.raises(ValueError, match="32-byte"):
        KeyRing(keys, current)
