"""Values of a query as parameters: a statement is written once for each shape of a query."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from sqlalchemy import BigInteger, BindParameter, Integer, LargeBinary, Text, bindparam
from sqlalchemy.types import TypeEngine

from mo_access.domain.criteria import Slot
from mo_access.domain.errors import Invalid
from mo_access.domain.text import fold
from mo_access.storage.statements import Value

Make = Callable[[Any], Value]
_TYPES: Final[Mapping[type, type[TypeEngine[Any]]]] = {
    str: Text,
    int: BigInteger,
    bytes: LargeBinary,
}


@dataclass(frozen=True, slots=True)
class Makers:
    """How the parameters of one statement are made from the values of a query."""

    made: dict[str, tuple[int, Make]] = field(default_factory=dict)

    def params(self, values: Sequence[Value]) -> dict[str, Value]:
        """Return every parameter for these values."""
        return {name: make(values[place]) for name, (place, make) in self.made.items()}


@dataclass(frozen=True, slots=True)
class Operand:
    """The value in one place of a query, as it is compared."""

    slot: Slot
    makers: Makers
    is_folded: bool = False

    @classmethod
    def of(cls, value: object, makers: Makers) -> Operand:
        """Take what stands in a comparison of a shape; raises ``Invalid`` for a bare value."""
        if not isinstance(value, Slot):
            raise Invalid("the condition still holds a value")
        return cls(value, makers)

    @property
    def folded(self) -> Operand:
        """The same without regard to case; what is no text stays as it is."""
        return replace(self, is_folded=self.slot.kind is str)

    def param(self) -> BindParameter[Any]:
        """Return the parameter for the value itself."""
        return self._made(_same, _TYPES[self.slot.kind])

    def text(self, make: Callable[[str], str]) -> BindParameter[str]:
        """Return the parameter for a text that is made of the value."""
        return self._made(make, Text)

    def halves(self) -> list[BindParameter[bytes]]:
        """Return two parameters for a value that is two of equal length, one behind the other."""
        return [self._made(_front, LargeBinary), self._made(_back, LargeBinary)]

    def length(self) -> BindParameter[int]:
        """Return the parameter for how many characters it has."""
        return self._made(len, Integer)

    def _made(self, make: Make, type_: type[TypeEngine[Any]]) -> BindParameter[Any]:
        name = f"value_{len(self.makers.made)}"
        whole = (lambda value: make(fold(value))) if self.is_folded else make
        self.makers.made[name] = (self.slot.place, whole)
        return bindparam(name, type_=type_())


def _front(value: bytes) -> bytes:
    return value[: len(value) // 2]


def _back(value: bytes) -> bytes:
    return value[len(value) // 2 :]


def _same(value: Value) -> Value:
    return value
