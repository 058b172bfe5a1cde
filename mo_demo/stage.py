"""The stage of the demo: broker and service in a fresh folder, started and stopped together."""

import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path

from mo_demo.broker_venv import ensure_broker_venv
from mo_demo.canaille import Canaille
from mo_demo.process import reserved_port
from mo_demo.service import Service

SERVICE_PORT = 8460
BROKER_PORT = 8461


@dataclass(frozen=True)
class Ports:
    """The ports that are asked for; 0 or one that is taken means any free one."""

    service: int = SERVICE_PORT
    broker: int = BROKER_PORT


@dataclass(frozen=True)
class Stage:
    """Both servers, running."""

    broker: Canaille
    service: Service


@contextmanager
def running_stage(ports: Ports) -> Iterator[Stage]:
    """Set up and start broker and service; stop both and remove the folder at the end.

    When something goes wrong the folder stays, and the error says where it is.
    """
    venv = ensure_broker_venv(Path("var"))
    folder = Path(tempfile.mkdtemp(prefix="mo-demo-"))
    failed = False
    try:
        with ExitStack() as held:
            taken = [held.enter_context(reserved_port(port)) for port in astuple(ports)]
            stage = _set_up(venv, folder, Ports(*taken))
            for server in (stage.broker, stage.service):
                held.callback(server.start().stop)
            yield stage
    except Exception as error:
        failed = True
        error.add_note(f"Logs and data are kept in {folder}")
        raise
    finally:
        if not failed:
            shutil.rmtree(folder)


def _set_up(venv: Path, folder: Path, ports: Ports) -> Stage:
    broker = Canaille(venv, folder / "broker", ports.broker)
    service = Service(folder / "service", ports.service, broker)
    with ThreadPoolExecutor() as pool:
        tasks = (pool.submit(broker.install, service.url), pool.submit(service.prepare))
        for prepared in tasks:
            prepared.result()
    return Stage(broker, service)
