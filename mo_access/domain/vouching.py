"""What a link says of the number of the person that it belongs to (ruling 3)."""

from __future__ import annotations

from enum import IntEnum


class Says(IntEnum):
    """Whether a link's client vouches for the number that its person has now.

    ``NOTHING`` is a link that came to the person by other means, and may be about somebody else
    than whoever has the number: the number does not count for all while there is one.
    ``NO_MORE`` came by the number, or said it, and its client took that back itself: it speaks for
    nobody, and its silence is nothing against the word of others.
    """

    NOTHING = 0
    NUMBER = 1
    NO_MORE = 2
