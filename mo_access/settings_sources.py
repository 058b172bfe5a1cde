"""Where settings come from besides ``MO_*``: files that ``MO_*_FILE`` name, and a TOML file."""

import os
import tomllib
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path

from pydantic.fields import FieldInfo
from pydantic_settings import PydanticBaseSettingsSource

PREFIX = "MO_"
CONFIG = "MO_CONFIG"
_FILE = "_FILE"
_NOT_SETTINGS = frozenset({CONFIG})
_TESTS = "MO_TEST_"


class SourceError(Exception):
    """A source cannot be read or names something that does not exist; one readable line."""


class _Source(PydanticBaseSettingsSource):
    """What both sources share: the library asks for whole mappings, never for one field."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[object, str, bool]:
        """Give the one value, as the library's interface wants it."""
        del field
        return self().get(field_name), field_name, False


class FileSource(_Source):
    """The content of the file that ``MO_<NAME>_FILE`` names, without its last line end."""

    def __call__(self) -> dict[str, object]:
        """Read every file that is named; naming a value and its file at once is an error."""
        fields = self.settings_cls.model_fields
        return {name: _content(name) for name in fields if _variable(name) + _FILE in os.environ}


def _variable(field: str) -> str:
    return PREFIX + field.upper()


def _content(field: str) -> str:
    variable = _variable(field)
    if variable in os.environ:
        raise SourceError(f"{variable} and {variable}{_FILE} are both set; keep one")
    try:
        return Path(os.environ[variable + _FILE]).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as fault:
        reason = fault.strerror if isinstance(fault, OSError) else "not UTF-8"
        raise SourceError(f"{variable}{_FILE}: the file cannot be read ({reason})") from None


class TomlSource(_Source):
    """The TOML file that ``MO_CONFIG`` names; nested tables are joined with ``_``."""

    def __call__(self) -> dict[str, object]:
        """Read the file; a key that is no setting is an error that names the nearest one."""
        path = os.environ.get(CONFIG, "")
        if not path:
            return {}
        known = self.settings_cls.model_fields
        return dict(_flat(_parsed(path), "", known))


def _parsed(path: str) -> dict[str, object]:
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8-sig"))
    except OSError as fault:
        raise SourceError(f"{CONFIG}: {path} cannot be read ({fault.strerror})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise SourceError(f"{path}: {fault}") from None


def _flat(
    table: Mapping[str, object], above: str, known: Mapping[str, FieldInfo]
) -> Iterator[tuple[str, object]]:
    for key, value in table.items():
        name = above + key.lower().removeprefix(PREFIX.lower())
        if name in known:
            yield name, value
        elif isinstance(value, dict):
            yield from _flat(value, name + "_", known)
        else:
            raise SourceError(f"unknown setting {name!r}{_nearest(name, known)}")


def _nearest(name: str, known: Mapping[str, FieldInfo]) -> str:
    near = get_close_matches(name, known, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def unknown_variables(known: Mapping[str, FieldInfo]) -> tuple[str, ...]:
    """List ``MO_*`` variables that are no setting, each with the nearest one that is."""
    names = {_variable(field) for field in known}
    names |= {name + _FILE for name in names} | _NOT_SETTINGS
    return tuple(
        f"unknown variable {name}{_nearest(name.removeprefix(PREFIX).lower(), known)}"
        for name in sorted(os.environ)
        if name.startswith(PREFIX) and not name.startswith(_TESTS) and name not in names
    )


def origins(known: Mapping[str, FieldInfo]) -> dict[str, str]:
    """Tell where each setting that was set comes from: its variable, a file, the TOML file."""
    path = os.environ.get(CONFIG, "")
    told = dict.fromkeys(
        (name for name, _ in _flat(_parsed(path), "", known)) if path else (), path
    )
    for name in known:
        if _variable(name) + _FILE in os.environ:
            told[name] = _variable(name) + _FILE
        elif _variable(name) in os.environ:
            told[name] = _variable(name)
    return told
