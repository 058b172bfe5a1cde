"""Settings: where they come from, and one readable line for each fault (design section 4)."""

import base64
import json
import stat
from pathlib import Path

import pytest

from mo_access import provider_rules, settings, settings_types
from mo_access.domain.keys import SealBroken
from mo_access.domain.terms import Terms
from mo_access.key_files import drop_keys, prepare, switch
from mo_access.settings import ConfigError
from mo_web import keys

ISSUER = {"MO_OIDC_ISSUER": "https://op.example", "MO_OIDC_CLIENT_ID": "mo"}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in an empty folder without any ``MO_`` variable."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MO_CONFIG", raising=False)
    return tmp_path


def problems() -> tuple[str, ...]:
    """Load settings that must be refused, and give the lines."""
    with pytest.raises(ConfigError) as refused:
        settings.load()
    return refused.value.problems


def told(monkeypatch: pytest.MonkeyPatch, values: dict[str, str]) -> None:
    """Set variables."""
    for name, value in values.items():
        monkeypatch.setenv(name, value)


def configured(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Write a TOML file and name it."""
    path = folder / "settings.toml"
    path.write_text(text, encoding="utf-8")
    monkeypatch.setenv("MO_CONFIG", str(path))


def test_nothing_set_is_sqlite_on_loopback(folder: Path) -> None:
    """The defaults start: SQLite in ./var, http on loopback, a secret made once, mode 600."""
    first, again = settings.load(), settings.load()
    assert first.database_url == f"sqlite:///{folder}/var/mo.sqlite"
    assert (first.base_url, first.plain_http, first.providers) == (
        "http://127.0.0.1:8000",
        True,
        (),
    )
    assert len(first.secret) >= 32
    assert first.secret == again.secret
    assert stat.S_IMODE((folder / "var" / "secret_key").stat().st_mode) == 0o600


def test_reading_alone_makes_no_files(folder: Path) -> None:
    """``config check`` looks and leaves nothing behind."""
    assert not settings.load(make_keys=False).secret
    assert list(folder.iterdir()) == []


def test_a_variable_wins_over_its_file_in_toml(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Environment first, then ``_FILE``, then TOML; tables are joined."""
    secret = folder / "secret"
    secret.write_text("from the file\n", encoding="utf-8")
    configured(
        folder,
        monkeypatch,
        'metrics_port = 9000\nlog_level = "debug"\n'
        '[oidc]\nissuer = "https://op.example"\nclient_id = "toml"\nclient_secret = "toml"\n',
    )
    told(monkeypatch, {"MO_METRICS_PORT": "9001", "MO_OIDC_CLIENT_SECRET_FILE": str(secret)})
    found = settings.load()
    (provider,) = found.providers
    assert (found.metrics_port, found.log_level) == (9001, "debug")
    assert provider.client_secret.get_secret_value() == "from the file"


def test_several_providers_share_what_they_leave_out(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A provider of the TOML file has the settings of ``[oidc]`` where it says nothing."""
    configured(
        folder,
        monkeypatch,
        '[oidc]\nlink = "sub:userName"\n[[oidc.providers]]\nname = "one"\nlabel = "Een"\n'
        'issuer = "https://one.example"\nclient_id = "a"\n'
        '[[oidc.providers]]\nname = "two"\nissuer = "https://two.example"\nclient_id = "b"\n'
        'link = "urn:x:rrn:insz"\nresponse_mode = "form_post"\n',
    )
    one, two = settings.load().providers
    assert (one.shown, one.link, one.response_mode) == ("Een", (("sub", "userName"),), "query")
    assert (two.link, two.response_mode) == ((("urn:x:rrn", "insz"),), "form_post")


def test_a_provider_without_label_is_shown_by_its_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """People know where they will come; the internal name means nothing to them."""
    told(monkeypatch, ISSUER | {"MO_OIDC_ISSUER": "https://sso.school.example:8443/realms/a"})
    (provider,) = settings.load().providers
    assert (provider.name, provider.shown) == ("default", "sso.school.example")
    told(monkeypatch, {"MO_OIDC_LABEL": "uw schoolaccount"})
    assert settings.load().providers[0].shown == "uw schoolaccount"


@pytest.mark.parametrize("mode", ["scim", "jit", "hybrid"])
def test_a_mode_is_that_of_each_provider(
    folder: Path, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    """`MO_OIDC_MODE` is that of all which say nothing else; institutions are padded numbers."""
    provider = '[[oidc.providers]]\nname = "two"\nissuer = "https://two.example"\n'
    more = f'client_id = "b"\nmode = "{mode}"\ninstitutions = ["90001", "900002", "090001"]\n'
    configured(folder, monkeypatch, provider + more)
    told(monkeypatch, ISSUER | {"MO_OIDC_MODE": "jit"})
    one, two = settings.load().providers
    assert (one.mode, one.institutions) == ("jit", ())
    assert (two.mode, two.institutions) == (mode, ("090001", "900002"))


def test_an_institution_of_a_provider_is_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line names the setting and what is wrong."""
    told(monkeypatch, ISSUER | {"MO_OIDC_INSTITUTIONS": "900001 school"})
    (found,) = problems()
    assert found.startswith("MO_OIDC_INSTITUTIONS: 'school' is no institution number of 6 digits")


@pytest.mark.parametrize(
    ("mode", "institutions", "others", "warned"),
    [
        ("jit", "", True, True),
        ("hybrid", "", True, True),
        ("jit", "900001", True, False),
        ("jit", "", False, False),
        ("scim", "", True, False),
    ],
)
def test_a_provider_that_speaks_of_everywhere_is_remarked(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    mode: str,
    institutions: str,
    others: bool,
    warned: bool,
) -> None:
    """Beside other providers, one whose claims give rights everywhere is perhaps a mistake."""
    provider = '[[oidc.providers]]\nname = "two"\nissuer = "https://two.example"\nmode = "scim"\n'
    configured(folder, monkeypatch, provider + 'client_id = "b"\n' if others else "")
    more = {"MO_OIDC_MODE": mode, "MO_OIDC_INSTITUTIONS": institutions}
    told(monkeypatch, ISSUER | more)
    found = provider_rules.remarks(settings.load().providers)
    everywhere = [line for line in found if "at every institution" in line]
    assert [line.startswith("provider 'default'") for line in everywhere] == [True] * warned


@pytest.mark.parametrize(
    ("others", "own", "warned"),
    [(True, "false", ["default", "two"]), (True, "true", []), (False, "false", [])],
)
def test_providers_that_share_an_address_are_remarked(
    folder: Path, monkeypatch: pytest.MonkeyPatch, others: bool, own: str, warned: list[str]
) -> None:
    """One that sends no ``iss`` could have its codes sent to another of them (RFC 9700)."""
    provider = '[[oidc.providers]]\nname = "two"\nissuer = "https://two.example"\n'
    configured(folder, monkeypatch, provider + 'client_id = "b"\n' if others else "")
    told(monkeypatch, ISSUER | {"MO_OIDC_OWN_CALLBACK": own})
    found = provider_rules.remarks(settings.load().providers)
    assert [line.split("'")[1] for line in found if "own_callback" in line] == warned


def test_the_values_that_are_built_may_be_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """To write a default down is no fault."""
    values = {"MO_OIDC_MODE": "scim", "MO_LAST_BEHEERDER": "allow", "MO_BEHEERDER_READS": "0"}
    told(monkeypatch, ISSUER | values)
    found = settings.load()
    assert (found.last_beheerder, found.beheerder_reads) == ("allow", False)
    assert found.providers[0].mode == "scim"


def test_the_choices_about_beheerders_are_told_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """By default the last one may go, none reads by the role, and no level is asked."""
    told(monkeypatch, {})
    assert settings.load().terms == Terms("allow", beheerder_reads=False, beheerder_level=0)
    values = {"MO_LAST_BEHEERDER": "retain", "MO_BEHEERDER_READS": "true"}
    told(monkeypatch, values | {"MO_BEHEERDER_MIN_LEVEL": "25"})
    assert settings.load().terms == Terms("retain", beheerder_reads=True, beheerder_level=25)


@pytest.mark.parametrize(
    ("name", "value"), [("LAST_BEHEERDER", "keep"), ("BEHEERDER_MIN_LEVEL", "101")]
)
def test_a_choice_about_beheerders_that_there_is_not(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """One line names the setting."""
    told(monkeypatch, {f"MO_{name}": value})
    (found,) = problems()
    assert found.startswith(f"MO_{name}: ")


def test_lists_are_separated_by_spaces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Algorithms, scopes, pairs and levels are words."""
    more = {"MO_OIDC_ALGORITHMS": "RS256 ES256", "MO_OIDC_ACR_LEVELS": "urn:a:b=3 c=4"}
    told(monkeypatch, ISSUER | more)
    found = settings.load()
    assert found.providers[0].algorithms == ("RS256", "ES256")
    assert found.oidc_acr_levels == {"urn:a:b": 3, "c": 4}


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({"MO_SECRET_KEY": ""}, "MO_SECRET_KEY: must have 32 characters or more"),
        ({"MO_SECRET_KEY": "hunter2"}, "MO_SECRET_KEY: must have 32 characters or more"),
        ({"MO_METRICS_PORT": "x"}, "MO_METRICS_PORT: Input should be a valid integer"),
        ({"MO_BASE_URL": "http://mo.example"}, "MO_BASE_URL: must be https, except on loopback"),
        ({"MO_BASE_URL": "https://mo.example/x"}, "MO_BASE_URL: must be scheme, host and port"),
        ({"MO_BASE_URL": "mo.example"}, "MO_BASE_URL: must be an address"),
        (
            {"MO_DATABASE_URL": "mysql://u:hunter2@db/x"},
            "MO_DATABASE_URL: must be sqlite:///path or",
        ),
        ({"MO_DATABASE_URL": "mo.sqlite"}, "MO_DATABASE_URL: must be sqlite:///path or"),
        ({"MO_OIDC_LINK": "sub"}, "MO_OIDC_LINK: 'sub' must be claim:attribute"),
        ({"MO_OIDC_MODE": "all"}, "MO_OIDC_MODE: Input should be 'scim', 'jit' or 'hybrid'"),
        ({"MO_OIDC_CLIENT_ID": ""}, "MO_OIDC_CLIENT_ID: must be set"),
        ({"MO_OIDC_ISSUER": ""}, "MO_OIDC_ISSUER: must be set beside oidc_client_id"),
        ({"MO_OIDC_ALGORITHMS": "none"}, "MO_OIDC_ALGORITHMS: none is not accepted"),
        ({"MO_OIDC_SCOPES": "profile"}, "MO_OIDC_SCOPES: must hold openid"),
        (
            {"MO_BASE_URL": "https://mo.example", "MO_OIDC_ISSUER": "http://op.example"},
            "MO_OIDC_ISSUER: default must be https",
        ),
        ({"MO_BASE_URL_FILE": "/nowhere"}, "MO_BASE_URL_FILE: the file cannot be read"),
        ({"MO_CONFIG": "/nowhere.toml"}, "MO_CONFIG: /nowhere.toml cannot be read"),
    ],
)
def test_a_bad_value_is_one_line(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str], line: str
) -> None:
    """The line names the setting, and never shows a secret."""
    told(monkeypatch, ISSUER | values)
    (found,) = problems()
    assert found.startswith(line)
    assert "hunter2" not in found


@pytest.mark.parametrize("name", sorted(settings_types.ALGORITHMS))
def test_every_signature_that_may_be_named_can_be_verified(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """RFC 9864's Ed25519 among them, which providers write instead of EdDSA."""
    told(monkeypatch, ISSUER | {"MO_OIDC_ALGORITHMS": name, "MO_SCIM_TOKEN_ALGORITHMS": name})
    found = settings.load()
    assert found.providers[0].algorithms == found.scim_token_algorithms == (name,)
    assert name in keys.ALGORITHMS


def test_a_value_and_its_file_at_once_are_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which of both counts would be a riddle."""
    told(monkeypatch, {"MO_LOG_LEVEL": "info", "MO_LOG_LEVEL_FILE": str(folder)})
    assert problems() == ("MO_LOG_LEVEL and MO_LOG_LEVEL_FILE are both set; keep one",)


def test_an_unknown_key_names_the_nearest(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slip of the pen is an error, not a default."""
    configured(folder, monkeypatch, '[oidc]\nisuer = "https://op.example"\n')
    assert problems() == ("unknown setting 'oidc_isuer'; did you mean 'oidc_issuer'?",)


def test_keys_are_made_once_and_theirs_only(folder: Path) -> None:
    """The key file has mode 600 and gives the same keys again."""
    found = settings.load()
    sealed = settings.keys(found).seal("row", "text")
    assert settings.keys(found).open("row", sealed) == "text"
    assert stat.S_IMODE(found.key_file.stat().st_mode) == 0o600
    found.key_file.write_text("{}", encoding="utf-8")
    with pytest.raises(ConfigError, match="must hold a current key"):
        settings.keys(found)


def test_a_running_server_takes_up_a_later_key() -> None:
    """It follows each step of a rotation, with no moment at which it cannot find or open."""
    found = settings.load()
    path, running = found.key_file, settings.keys(found)
    sealed, index, signed = running.seal("row", "text"), running.index("text"), running.sign(b"h")
    assert prepare(path)
    assert not prepare(path)
    assert (running.current, running.index("text")) == ("k1", index)
    assert len(set(running.indexes("text"))) == 2
    turn = running.turn("text")
    assert switch(path)
    assert not switch(path)
    assert running.current == "k2"
    assert (running.index("text"), index) == running.indexes("text")
    assert running.open("row", sealed) == "text"
    assert (running.turn("text"), running.sign(b"h")) == (turn, signed)
    drop_keys(path)
    assert not running.rotating
    assert running.sign(b"h") == signed


def test_forgotten_keys_open_nothing() -> None:
    """Not even the first is kept: of it only the key of signatures."""
    found = settings.load()
    ring = settings.keys(found)
    sealed, signed = ring.seal("row", "text"), ring.sign(b"h")
    (first,) = json.loads(found.key_file.read_text())["keys"].values()
    left = ring
    for _ in range(2):
        prepare(found.key_file)
        switch(found.key_file)
        left = drop_keys(found.key_file)
    assert first not in found.key_file.read_text()
    assert (left.current, left.sign(b"h")) == ("k3", signed)
    with pytest.raises(SealBroken):
        left.open("row", sealed)


def test_a_ring_of_before_keeps_its_index_until_it_rotates() -> None:
    """Earlier releases replaced only the key that seals: numbers stand under the first."""
    found = settings.load()
    settings.keys(found)
    content = json.loads(found.key_file.read_text())
    content["keys"]["k2"] = base64.b64encode(b"n" * 32).decode()
    found.key_file.write_text(json.dumps({**content, "current": "k2"}))
    before = settings.keys(found)
    kept = drop_keys(found.key_file)
    assert (kept.index("x"), kept.sign(b"x")) == (before.index("x"), before.sign(b"x"))
    assert kept.current == "k2"


def test_a_key_file_that_is_gone_for_a_moment_changes_nothing() -> None:
    """A running server keeps what it read, also when the file is being restored."""
    found = settings.load()
    running = settings.keys(found)
    index = running.index("text")
    found.key_file.unlink()
    assert running.index("text") == index
