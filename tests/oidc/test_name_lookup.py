"""Looking up a name and connecting: within the deadline of the answer, whoever keeps silent."""

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from mo_web import deadline, fetch
from mo_web.fetch import FetchError, FetchFault, get_json
from mo_web.lookup import Lookups

SECONDS = 5.0


class _Peer(BaseHTTPRequestHandler):
    """Answers an empty object."""

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.fixture
def port() -> Iterator[int]:
    """The port of a server at 127.0.0.1 and at no other address of this machine."""
    server = HTTPServer(("127.0.0.1", 0), _Peer)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join(5)
    server.server_close()


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """What keeps a name server silent; open in the end, so that no thread stays behind."""
    made = threading.Event()
    yield made
    made.set()


class Network:
    """Addresses that connect, refuse or keep silent, and a clock that only their silence moves."""

    def __init__(self, told: dict[str, str], look_up: float = 1.0) -> None:
        """Remember what each address does, and how long the look-up takes."""
        self.told, self.look_up, self.now = told, look_up, 100.0
        self.tried: list[tuple[str, float]] = []
        self.left: list[float] = []

    def addresses(self, _: str, seconds: float) -> tuple[str, ...]:
        """Return them all, after a while."""
        assert seconds == SECONDS
        self.now += self.look_up
        return tuple(self.told)

    def connect(self, where: tuple[str, int], seconds: float, *_: object) -> object:
        """Do what the address does."""
        self.tried.append((where[0], seconds))
        way = self.told[where[0]]
        if way == "silent":
            self.now += seconds
            raise TimeoutError
        if way == "closed":
            raise ConnectionRefusedError
        return SimpleNamespace(settimeout=self.left.append)


def connect(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    """Connect by this network."""
    monkeypatch.setattr(deadline, "lookups", lambda: network)
    monkeypatch.setattr(deadline, "create_connection", network.connect)
    monkeypatch.setattr(deadline, "time", SimpleNamespace(monotonic=lambda: network.now))
    [kind] = {pool.ConnectionCls for pool in deadline.POOLS.values() if pool.scheme == "http"}
    made = kind("broker.example", timeout=SECONDS)
    made.connect()


def fault(url: str) -> FetchFault:
    """Return what went wrong with an address."""
    with pytest.raises(FetchError) as error:
        get_json(url)
    return error.value.fault


def test_a_name_server_that_never_answers_is_given_up(
    gate: threading.Event, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """We go on while the resolver hangs, in one thread for the name; once it answers, all works."""
    theirs, asked = socket.getaddrinfo, list[str]()

    def silent(host: str, *told: Any) -> Any:  # noqa: ANN401 - what the system gives
        asked.append(host)
        gate.wait(5)
        return theirs(host, *told)

    url = f"http://localhost:{port}/"
    monkeypatch.setattr(socket, "getaddrinfo", silent)
    monkeypatch.setattr(fetch, "TIMEOUT_SECONDS", 0.1)
    assert [fault(url) for _ in range(3)] == [FetchFault.TIMEOUT] * 3
    assert asked == ["localhost"]
    monkeypatch.setattr(fetch, "TIMEOUT_SECONDS", SECONDS)
    gate.set()
    assert get_json(url) == {}


def test_a_name_that_nobody_knows_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The resolver's no is no time-out, and is not kept: the next one asks again."""
    answers = iter([socket.gaierror("unknown"), UnicodeError("no name")])

    def refuse(*_: object) -> NoReturn:
        raise next(answers)

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert [fault("https://nobody.example/") for _ in range(2)] == [FetchFault.UNREACHABLE] * 2


def test_each_address_of_a_name_gets_its_share(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that keeps silent leaves time for the next; TLS gets what is left in the end."""
    network = Network({"first": "silent", "second": "closed", "third": "open"})
    connect(network, monkeypatch)
    assert [address for address, _ in network.tried] == ["first", "second", "third"]
    shares = [seconds for _, seconds in network.tried]
    assert [*shares, *network.left] == pytest.approx([4 / 3, 4 / 3, 8 / 3, 8 / 3])


def test_many_silent_addresses_take_no_longer_than_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The deadline is one for all of them, the look-up included."""
    network = Network({f"a{number}": "silent" for number in range(8)})
    with pytest.raises(ConnectTimeoutError):
        connect(network, monkeypatch)
    assert network.now == pytest.approx(100 + SECONDS)
    assert len(network.tried) == 8


def test_nothing_is_tried_when_the_look_up_took_all_the_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No time left is no time to connect in, rather than a socket that never waits."""
    network = Network({"first": "open"}, look_up=SECONDS)
    with pytest.raises(ConnectTimeoutError):
        connect(network, monkeypatch)
    assert network.tried == []


def test_a_name_without_an_open_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens: that is no time-out."""
    with pytest.raises(NewConnectionError):
        connect(Network({"first": "silent", "second": "closed"}), monkeypatch)


def test_a_look_up_is_forgotten_once_it_is_answered() -> None:
    """Nothing is kept: the next one asks the system, which may know better by then."""
    asked: list[str] = []

    def answer(host: str) -> tuple[str, ...]:
        asked.append(host)
        return (str(len(asked)),)

    names = Lookups(answer)
    assert [names.addresses("a", SECONDS) for _ in range(3)] == [("1",), ("2",), ("3",)]
