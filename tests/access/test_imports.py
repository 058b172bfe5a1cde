"""Imports: all or nothing, the fault named by line and column, repeatable (design section 4)."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from mo_access.domain.model import Institution
from mo_access.service import audit, catalogue, import_documents, imports
from mo_access.service.csv_table import BadTable
from mo_access.service.imports import Outcome
from mo_access.service.unit_of_work import UnitOfWork

Unit = Callable[..., UnitOfWork]
HEAD = "number,name,kind,board,successor\n"
SCHOOLS = HEAD + '900100,De Koepel,board,,\n900001,"Het Voorbeeld, een school",School,900100,\n'
THEMES = (
    "slug,name,confidentiality,min_level\n"
    "open,Leerlingen (openbaar),public,0\nsecret,Geheim,confidential,25\n"
)
DOCUMENTS = (
    "id,title,institution,themes,contact_name,contact_email,file\n"
    "een,Telling,900001,open;secret,Lotte,lotte@example.org,files/een.txt\n"
)


def written(tmp_path: Path, text: str | bytes) -> Path:
    """Write the CSV file and give its path."""
    path = tmp_path / "import.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def load(unit: Unit, path: Path, what: Callable[[UnitOfWork, Path], Outcome]) -> Outcome:
    """Run an import and commit it."""
    with unit() as uow:
        outcome = what(uow, path)
        uow.commit()
    return outcome


def problems(unit: Unit, path: Path, what: Callable[[UnitOfWork, Path], Outcome]) -> list[str]:
    """Run an import that must be refused, and give its lines."""
    with pytest.raises(BadTable) as refused:
        load(unit, path, what)
    return list(refused.value.problems)


def known(unit: Unit) -> dict[str, Institution]:
    """Give every stored institution by number."""
    with unit() as uow:
        return {i.number: i for i in catalogue.every_institution(uow)}


def test_an_import_can_be_repeated(unit: Unit, tmp_path: Path) -> None:
    """The second time nothing changes and nothing is written to the trail."""
    path = written(tmp_path, SCHOOLS)
    assert load(unit, path, imports.institutions) == Outcome(2, 0, 0)
    with unit() as uow:
        before = len(list(audit.following(uow, 0)))
    assert load(unit, path, imports.institutions) == Outcome(0, 0, 2)
    with unit() as uow:
        assert len(list(audit.following(uow, 0))) == before
    assert known(unit)["900001"] == Institution(
        "900001", "Het Voorbeeld, een school", "school", "900100", None
    )


def test_a_later_import_changes_what_differs(unit: Unit, tmp_path: Path) -> None:
    """A row with a known number is an update; rows that are not named stay."""
    load(unit, written(tmp_path, SCHOOLS), imports.institutions)
    later = HEAD + "900002,Nieuw,,900100,\n900001,Anders,school,900100,900002\n"
    assert load(unit, written(tmp_path, later), imports.institutions) == Outcome(1, 1, 0)
    assert known(unit)["900001"].successor == "900002"
    assert len(known(unit)) == 3


@pytest.mark.parametrize(
    "text",
    [
        b"\xef\xbb\xbfnumber;name;kind;board;successor\r\n90001;\xc3\x89\xc3\xa9n;clb;;\r\n",
        "NUMBER, Name\n90001 , Één\n".encode(),
        "name;number\nÉén;090001".encode(),
    ],
)
def test_real_files_are_read(unit: Unit, tmp_path: Path, text: bytes) -> None:
    """BOM, semicolons, CRLF, column order, lost leading zeros, no last line end."""
    load(unit, written(tmp_path, text), imports.institutions)
    assert known(unit)["090001"].name == "Één"


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("9001,Kort,,,\n", "line 2, column 1 (number): '9001' is no institution number"),
        ("900001,,,,\n", "line 2, column 2 (name): must not be empty"),
        ("900001,A,castle,,\n", "line 2, column 3 (kind): 'castle' is none of"),
        ("900001,A,,900009,\n", "line 2, column 4 (board): institution 900009 is neither"),
        ("900001,A,,,900001\n", "line 2, column 5 (successor): an institution cannot be its own"),
        ("900001,A,,\n", "line 2, column 5: 4 values, the header has 5"),
        ('900001,"A\nB",,,\n900001,C,,,\n', "line 4, column 1 (number): '900001' stands in"),
        ('900001,"A,,,\n', "line 2: unexpected end of data"),
        ("900001,A,,,900002\n900002,B,,,900001\n", "line 2, column 5 (successor): successors form"),
    ],
)
def test_a_fault_is_named_and_nothing_is_stored(
    unit: Unit, tmp_path: Path, rows: str, expected: str
) -> None:
    """Line and column count from 1; a good row beside a bad one is not stored either."""
    path = written(tmp_path, HEAD + rows + "900005,Goed,,,\n" * (rows.count('"') != 1))
    assert any(line.startswith(expected) for line in problems(unit, path, imports.institutions))
    assert known(unit) == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"", "line 1: column number is missing"),
        (b"number,nam\n", "line 1, column 2: unknown column 'nam'; did you mean name?"),
        (b"number,name\n900001,\xff\n", "line 2, byte 8: the file is not UTF-8"),
        (b"number,name\n900001,a\0b\n", "line 2: the file is not text"),
    ],
)
def test_a_file_of_another_shape_is_refused(
    unit: Unit, tmp_path: Path, text: bytes, expected: str
) -> None:
    """What is no such file says so in one line."""
    assert expected in problems(unit, written(tmp_path, text), imports.institutions)


def test_a_missing_file_is_refused(unit: Unit, tmp_path: Path) -> None:
    """No trace of Python, just the reason."""
    found = problems(unit, tmp_path / "none.csv", imports.institutions)
    assert found == ["none.csv cannot be read (No such file or directory)"]


def test_themes_may_be_named_by_slug_or_name(unit: Unit, tmp_path: Path) -> None:
    """The catalogue finds a theme by either, whatever the case; the seed list imports as it is."""
    seed = Path(imports.__file__).parents[1] / "data" / "themes.csv"
    assert load(unit, seed, imports.themes).added >= 17
    with unit() as uow:
        slugs = {theme.slug for theme in catalogue.every_theme(uow)}
    assert {"leerlingen-openbaar", "leerlingen-vertrouwelijk"} <= slugs


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("Open,A,public,0", "line 2, column 1 (slug)"),
        ("open,A,closed,0", "line 2, column 3 (confidentiality)"),
        ("open,A,public,-1", "line 2, column 4 (min_level)"),
        ("open,A,public,0\nother,OPEN,public,0", "line 3, column 2 (name): means theme 'open'"),
    ],
)
def test_a_bad_theme_is_named(unit: Unit, tmp_path: Path, row: str, expected: str) -> None:
    """Slugs, kinds and levels are checked, and no two themes answer to one name."""
    path = written(tmp_path, THEMES.split("\n", 1)[0] + "\n" + row + "\n")
    assert problems(unit, path, imports.themes)[0].startswith(expected)


@pytest.fixture
def seeded(unit: Unit, tmp_path: Path) -> Unit:
    """Give a database with institutions and themes, and a file beside the CSV file."""
    load(unit, written(tmp_path, SCHOOLS), imports.institutions)
    load(unit, written(tmp_path, THEMES), imports.themes)
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "een.txt").write_text("inhoud", encoding="utf-8")
    return unit


def test_a_document_is_copied_into_the_store(seeded: Unit, tmp_path: Path) -> None:
    """The bytes stand under their SHA-256, readable by us only; a repeat changes nothing."""
    store, path = tmp_path / "store", written(tmp_path, DOCUMENTS)
    for expected in (Outcome(1, 0, 0), Outcome(0, 0, 1)):
        with seeded() as uow:
            assert import_documents.documents(uow, path, store) == expected
            uow.commit()
    kept = store / sha256(b"inhoud").hexdigest()
    assert kept.read_bytes() == b"inhoud"
    assert [file.name for file in store.iterdir()] == [kept.name]
    assert kept.stat().st_mode & 0o077 == 0
    with seeded() as uow:
        (document,) = catalogue.every_document(uow)
    assert (document.themes, document.media_type) == (("open", "secret"), "text/plain")


def test_a_semicolon_file_quotes_its_themes(seeded: Unit, tmp_path: Path) -> None:
    """With ``;`` as the delimiter, several themes stand in quotes."""
    text = DOCUMENTS.replace("open;secret", '"open|Geheim"').replace(",", ";").replace("|", ";")
    with seeded() as uow:
        assert import_documents.documents(uow, written(tmp_path, text), tmp_path / "s").added == 1


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("files/een.txt", "../secret.txt", "(file): leads out of the folder"),
        ("files/een.txt", "/etc/passwd", "(file): must be a relative path"),
        ("files/een.txt", "files/link.txt", "(file): leads out of the folder"),
        ("files/een.txt", "files", "(file): there is no file"),
        ("files/een.txt", "", "(file): must not be empty"),
        ("open;secret", "open;what", "(themes): unknown theme what"),
        ("open;secret", ";", "(themes): name"),
        ("900001", "900777", "(institution): institution 900777 is unknown"),
        ("lotte@example.org", "lotte", "(contact_email)"),
        ("een,Telling", "../een,Telling", "(id)"),
    ],
)
def test_a_bad_document_is_named(
    seeded: Unit, tmp_path: Path, old: str, new: str, expected: str
) -> None:
    """Paths that lead elsewhere, also by a link, and unknown names are refused; none is stored."""
    outside = tmp_path.parent / f"outside-{tmp_path.name}.txt"
    outside.write_text("not yours", encoding="utf-8")
    (tmp_path / "files" / "link.txt").symlink_to(outside)
    path = written(tmp_path, DOCUMENTS.replace(old, new))
    found = problems(seeded, path, lambda u, p: import_documents.documents(u, p, tmp_path / "s"))
    assert expected in found[0]
    assert not (tmp_path / "s").exists()
