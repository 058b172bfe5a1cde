"""The mapping file: what it may say, how its faults read, and how it stands beside settings."""

from __future__ import annotations

import json
import string
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mo_access import mapping_file, mapping_patterns, settings
from mo_access.mapping_file import MappingFault, parsed
from mo_access.settings import ConfigError
from mo_oidc.providers import rules_of as claim_rules
from mo_scim.endpoints.leeway import rules_of
from mo_scim.profiles import rules

ROOT = Path(__file__).parent.parent.parent
EXAMPLE = ROOT / "docs" / "how-to" / "mapping.toml"
SCHEMA = ROOT / "docs" / "how-to" / "mapping.schema.json"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in an empty folder without any ``MO_`` variable."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MO_CONFIG", raising=False)
    return tmp_path


def named(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> Path:
    """Write a mapping file and name it."""
    path = folder / "mapping.toml"
    path.write_text("version = 1\n" + text, encoding="utf-8")
    monkeypatch.setenv("MO_MAPPING_FILE", str(path))
    return path


def problems(text: str) -> tuple[str, ...]:
    """Read a file that must be refused, and give the lines."""
    with pytest.raises(MappingFault) as refused:
        parsed("version = 1\n" + text)
    return refused.value.problems


def test_the_example_of_the_manual_is_what_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """It holds every table, and the service starts with it."""
    monkeypatch.setenv("MO_MAPPING_FILE", str(EXAMPLE))
    found = settings.load(make_keys=False)
    assert found.mapping.model_fields_set == set(mapping_file.MappingFile.model_fields)
    assert "Mijn Onderwijs Portaal Beheerder" in found.beheerder_rights
    rules = rules_of(found)
    assert rules.institutions["voorbeeld-gent"] == "900001"
    assert rules.words["school-admin"].value == "beheerder"
    assert claim_rules(found).institutions == rules.institutions


def test_the_published_schema_is_that_of_this_release() -> None:
    """Written by ``mo-access config schema > docs/how-to/mapping.schema.json``."""
    published = json.loads(SCHEMA.read_text(encoding="utf-8"))
    assert published == mapping_file.json_schema()
    assert published["additionalProperties"] is False


def test_without_a_file_everything_is_as_the_settings_say() -> None:
    """The words are those of before the file existed."""
    rules = rules_of(settings.load(make_keys=False))
    words = {word: role.value for word, role in rules.words.items()}
    assert words == {"beheerder": "beheerder", "gebruiker": "gebruiker", "user": "gebruiker"}
    assert (rules.themes, rules.institutions) == ({}, {})


def test_the_file_wins_over_what_is_only_a_default(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it does not say stays the setting's."""
    named(folder, monkeypatch, '[rights]\nBaas = "beheerder"\n')
    monkeypatch.setenv("MO_GROUP_PATTERNS", "X_{institution}_{theme}")
    found = settings.load(make_keys=False)
    assert (found.beheerder_rights, found.gebruiker_rights) == (("Baas",), ())
    assert found.group_patterns == ("X_{institution}_{theme}",)
    assert "mijnonderwijsportaalbeheerder" not in rules_of(found).rights
    assert claim_rules(found).rights == {"Baas": "beheerder"}


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("MO_BEHEERDER_RIGHTS", "Chef", '[rights]\nBaas = "beheerder"\n'),
        ("MO_THEME_RIGHTS", "A-b=c", '[theme_rights]\nA-b = "d"\n'),
        (
            "MO_GROUP_PATTERNS",
            "A_{institution}_{theme}",
            '[groups]\npatterns = ["{institution}-{theme}"]\n',
        ),
        ("MO_OIDC_CAPACITY_CLAIM", "org", '[claims]\ncapacity = "ander"\n'),
        ("MO_OIDC_ROLE_CLAIMS", "rol", '[claims]\nroles = ["rol", "rol2"]\n'),
        ("MO_OIDC_TARGET_GROUPS", "OV EA", '[claims]\ntarget_groups = ["OV"]\n'),
    ],
)
def test_a_setting_that_says_something_else_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, text: str
) -> None:
    """Which of the two counts must not be a guess."""
    path = named(folder, monkeypatch, text)
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError) as refused:
        settings.load(make_keys=False)
    assert refused.value.problems == (
        f"MO_MAPPING_FILE: {name}: says something else than {path}; keep one of them",
    )


def test_a_setting_that_says_the_same_is_fine(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Order and case are no difference."""
    named(folder, monkeypatch, '[rights]\nBaas = "beheerder"\nChef = "beheerder"\n')
    monkeypatch.setenv("MO_BEHEERDER_RIGHTS", "chef Baas")
    assert settings.load(make_keys=False).beheerder_rights == ("Baas", "Chef")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("rihgts = 1", "rihgts: unknown key; did you mean 'rights'?"),
        ("[claims]\nrole = []", "claims.role: unknown key; did you mean 'roles'?"),
        ("[groups]\npattern = []", "groups.pattern: unknown key; did you mean 'patterns'?"),
        (
            '[rights]\nA = "baas"',
            "rights.A: Input should be 'beheerder' or 'gebruiker' (given: 'baas')",
        ),
        (
            "[institutions]\nA = 900001",
            "institutions.A: Input should be a valid string (given: '900001')",
        ),
        (
            '[rights]\nA = "beheerder"\na = "gebruiker"',
            "rights.a: is there in another case already; keep one",
        ),
        (
            '[roles]\nBeheerder = "gebruiker"',
            "roles.Beheerder: always means beheerder; leave it out",
        ),
        (
            '[rights]\nX = "beheerder"\n[roles]\nx = "gebruiker"',
            "roles.x: stands in rights too; a text has one meaning",
        ),
        (
            '[themes]\ny = "a"\n[institutions]\nY = "900001"',
            "institutions.Y: stands in themes too; a text has one meaning",
        ),
        (
            '[themes]\nX = "a"\n[institutions]\nx = "900001"',
            "institutions.x: stands in themes too; a text has one meaning",
        ),
        (
            '[institutions]\n90001 = "900001"',
            "institutions.90001: is a number; a code has a letter",
        ),
    ],
)
def test_each_fault_is_told_with_its_key(text: str, line: str) -> None:
    """One line, which somebody can act on."""
    assert line in problems(text)


@pytest.mark.parametrize(
    ("patterns", "line"),
    [
        (
            ["MO_{institution}_{theme}", "MO_{theme}"],
            "overlaps with groups.patterns[0]; both read the name 'mo_9_x'",
        ),
        (["{institution}-{theme}", "{institution}-{role}"], "overlaps with groups.patterns[0]"),
        (["{institution}{theme}"], "parts its places by ''"),
        (["{institution}x{theme}"], "parts its places by 'x'"),
        (["{theme}"], "reads every name"),
        (["MO_{institution}"], "must hold either {theme} or {role}"),
        (["{role}_x"], "has {role} without {institution}"),
        (["MO_{school}_{theme}"], "{school} is unknown"),
        (["{theme}_{institution}_{theme}"], "names a place twice"),
    ],
)
def test_patterns_that_read_a_name_in_two_ways_are_refused(patterns: list[str], line: str) -> None:
    """A name of a group has one meaning or none."""
    (told,) = problems(f"[groups]\npatterns = {json.dumps(patterns)}")
    assert told.startswith(f"groups.patterns[{len(patterns) - 1}]: ")
    assert line in told


def test_a_code_that_holds_the_sign_between_places_is_refused() -> None:
    """``MO_A_B_x`` would be x at A_B or B_x at A."""
    (line,) = problems(
        '[institutions]\nA_B = "900001"\n[groups]\npatterns = ["MO_{institution}_{theme}"]'
    )
    assert line == "groups.patterns[0]: parts its places by '_', which institutions.A_B holds"


def test_patterns_that_share_no_name_stand_side_by_side() -> None:
    """Also where they begin alike."""
    patterns = [
        "MO_{institution}_{theme}",
        "MO-{institution}-{theme}",
        "Rol {role} @ {institution}",
    ]
    found = parsed(f"version = 1\n[groups]\npatterns = {json.dumps(patterns)}")
    assert found.groups.patterns == patterns


NAMES = st.text("_-9x", min_size=1, max_size=6)
PIECES = st.lists(
    st.sampled_from(["_", "-", "x", "{institution}", "{theme}"]), min_size=1, max_size=5
)


@given(PIECES, PIECES, NAMES)
def test_a_name_that_two_patterns_read_is_found(
    one: list[str], other: list[str], name: str
) -> None:
    """The search is compared with expressions on names that are tried."""
    left, right = "".join(one), "".join(other)
    words: dict[str, list[str]] = {}
    found = mapping_patterns.common(left, right, words)
    if found is None:
        assert not (_reads(left, name) and _reads(right, name))
    else:
        assert _reads(left, found)
        assert _reads(right, found)


def _reads(pattern: str, name: str) -> bool:
    """Match without the code under test: split by hand, recursively."""
    if not pattern:
        return not name
    for place, signs in (("{institution}", string.digits), ("{theme}", None)):
        if pattern.startswith(place):
            rest = pattern.removeprefix(place)
            taken = range(1, len(name) + 1)
            return any(
                (signs is None or set(name[:n]) <= set(signs)) and _reads(rest, name[n:])
                for n in taken
            )
    return name[:1] == pattern[0] and _reads(pattern[1:], name[1:])


def test_a_file_that_cannot_be_read_is_told_without_a_trace(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Absent, not UTF-8, no TOML."""
    path = named(folder, monkeypatch, "x = [")
    for raw in (None, b"\xff\xfe", b"version = 1\nx = ["):
        path.unlink() if raw is None else path.write_bytes(raw)
        with pytest.raises(ConfigError, match=r"^MO_MAPPING_FILE: "):
            settings.load(make_keys=False)


def test_five_thousand_codes_are_checked_and_read_in_no_time(folder: Path) -> None:
    """An office may have a code for each institution there is."""
    codes = "\n".join(f'school-{n:05} = "{900_000 + n}"' for n in range(5_000))
    names = ["MO_{institution}_{theme}", "Rol {role} @ {institution}", "{institution}/{theme}"]
    path = folder / "large.toml"
    path.write_text(
        f"version = 1\n[groups]\npatterns = {json.dumps(names)}\n[institutions]\n{codes}\n",
        encoding="utf-8",
    )
    begin = time.process_time()
    found = mapping_file.read(path)
    told = rules((), (), {}, found.groups.patterns or (), found)
    assert time.process_time() - begin < 10
    begin = time.process_time()
    for _ in range(100):
        assert told.group_names[0].fullmatch("MO_school-04999_x")
        assert told.group_names[0].fullmatch("MO_school-05000_x") is None
    assert time.process_time() - begin < 2


def test_a_place_twice_is_refused_in_the_setting_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be a trace at start."""
    monkeypatch.setenv("MO_GROUP_PATTERNS", "{theme}_{theme}")
    with pytest.raises(ConfigError, match=r"^MO_GROUP_PATTERNS: .* names a place twice"):
        settings.load(make_keys=False)
