"""The house rules that no linter knows: sizes, docstrings, who reads the environment, the log."""

import ast
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.support.need import missing

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("mo_access", "mo_web", "mo_scim", "mo_oidc", "mo_authzen", "mo_portal", "mo_demo")
LINES_AT_MOST = 400
ENVIRONMENT_READERS = (
    *("mo_access/settings.py", "mo_access/settings_sources.py"),
    # A library's own way to be told where the workers count together, when it is imported.
    *("deploy/server.py", "mo_web/metrics.py"),
)
# Written apart, so that this file does not name what it forbids.
REGISTRIES = re.compile(
    "|".join(
        map(
            re.escape,
            (
                "pypi" + ".org",
                "python" + "hosted",
                "npmjs" + ".",
                "proxy.golang" + ".",
                "crates" + ".io",
            ),
        )
    )
)
MACHINE_PATHS = re.compile(r"(?<![\w.}>/])/(?:work|root|Users/\w+|home/\w+|tmp/probe)/")
SUPPRESSION = re.compile(r"#\s*(?:type:\s*ignore|noqa|mypy:\s*ignore|pragma:\s*no cover).*")
REASONED = (
    re.compile(r"#\s*type: ignore\[[\w, -]+\]\s+# \w"),
    re.compile(r"#\s*noqa: [A-Z]+\d+(?:, ?[A-Z]+\d+)*\s*(?:-|#|—)\s*\w"),
    re.compile(r"#\s*pragma: no cover\s*(?:-|#|—)\s*\w"),
)


@cache
def _kept() -> tuple[Path, ...]:
    """List the files that git keeps, or would keep."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        missing("git and its history (the house is checked on what git keeps)")
    listed = subprocess.run(
        [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    paths = (ROOT / name for name in listed.stdout.split("\0") if name)
    return tuple(path for path in paths if path.is_file())


def _python(*tops: str) -> Iterator[Path]:
    for path in _kept():
        if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in tops:
            yield path


def _texts() -> Iterator[tuple[str, str]]:
    for path in _kept():
        content = path.read_bytes()
        if b"\0" not in content:
            yield _name(path), content.decode("utf-8")


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _lines_with(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{name}:{number}"
        for name, text in _texts()
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]


def test_no_python_file_outgrows_a_sitting() -> None:
    """A file of Python has 400 lines at most; 280 is the aim."""
    long = {
        _name(path): count
        for path in _python(*PACKAGES, "deploy", "tests", "bench")
        if (count := len(path.read_text("utf-8").splitlines())) > LINES_AT_MOST
    }
    assert long == {}


def test_every_module_says_what_it_is_for() -> None:
    """A module with code in it starts with a docstring."""
    silent = []
    for path in _python(*PACKAGES, "deploy", "tests"):
        tree = ast.parse(path.read_text("utf-8"))
        if tree.body and ast.get_docstring(tree) is None:
            silent.append(_name(path))
    assert silent == []


def test_every_test_states_a_contract() -> None:
    """A test has a docstring: the one sentence that it holds the code to."""
    silent = [
        f"{_name(path)}:{node.lineno} {node.name}"
        for path in _python("tests")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
        if ast.get_docstring(node) is None
    ]
    assert silent == []


def test_only_settings_read_the_environment() -> None:
    """`os.environ` and `os.getenv` stand in settings; all others are told what they need."""
    readers = [
        f"{_name(path)}: {ast.unparse(node)}"
        for path in _python(*PACKAGES, "deploy")
        if _name(path) not in ENVIRONMENT_READERS
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if _reads_environment(node)
    ]
    assert readers == []


def _reads_environment(node: ast.AST) -> bool:
    names = {"environ", "environb", "getenv", "getenvb"}
    if isinstance(node, ast.ImportFrom):
        return node.module == "os" and any(alias.name in names for alias in node.names)
    return (
        isinstance(node, ast.Attribute)
        and node.attr in names
        and isinstance(node.value, ast.Name)
        and node.value.id == "os"
    )


@pytest.mark.parametrize("source", ["import os\nos.environ['A']", "from os import getenv"])
def test_reading_the_environment_is_recognised(source: str) -> None:
    """The rule above sees both ways to the environment."""
    assert any(_reads_environment(node) for node in ast.walk(ast.parse(source)))


def test_no_file_names_a_package_registry() -> None:
    """Where packages come from is the business of whoever installs."""
    assert _lines_with(REGISTRIES) == []


def test_no_file_names_a_path_of_one_machine() -> None:
    """What is kept works from any folder."""
    assert _lines_with(MACHINE_PATHS) == []


def test_every_suppression_has_a_code_and_a_reason() -> None:
    """`type: ignore` and `noqa` name what they silence, and why."""
    bare = [
        f"{_name(path)}:{number}"
        for path in _python(*PACKAGES, "deploy", "tests")
        if path != Path(__file__).resolve()
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if SUPPRESSION.search(line) and not any(reasoned.search(line) for reasoned in REASONED)
    ]
    assert bare == []


def test_the_changelog_is_ready_for_the_next_change() -> None:
    """CHANGELOG.md has its section for what is not released yet."""
    assert "\n## [Unreleased]\n" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_locks_name_versions_and_hashes_only() -> None:
    """Each locked package has one version and at least one hash; no option and no address."""
    for lock in sorted((ROOT / "requirements").glob("*.txt")):
        for line in lock.read_text("utf-8").splitlines():
            assert re.match(
                r"[a-z0-9-]+==\S+( ; .+)? \\$|    --hash=sha256:[0-9a-f]{64}( \\)?$", line
            ), f"{lock.name}: {line}"
