"""The process that serves: granian and the workers that it forks, without the command line.

``mo-access serve`` becomes this once the database is current (``python -m deploy.server``), so
that what only it needs is in no worker's memory. What every worker needs is imported here and
frozen before the fork: the workers share it with their parent, page by page.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import os
import sys
import tempfile
from typing import Final

from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

# structlog loads rich where it is installed, for tracebacks in colour; ours are JSON.
UNWANTED: Final = "rich"
ROOF: Final = "deploy.roof"
# Writers wait for their turn in these, a second behind a Bulk; reads need others meanwhile.
THREADS: Final = 16
BACKPRESSURE: Final = 64
STOP_SECONDS: Final = 10


def main() -> None:
    """Serve until stopped; the address and the number of workers come as arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--workers", type=int, required=True)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mo-measures-") as folder:
        # prometheus_client looks when it is imported: in these files the workers count together.
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        preload()
        serve(chosen.host, chosen.port, chosen.workers)


def preload() -> None:
    """Import what a worker runs and keep the collector off it; nothing is opened or started."""
    sys.modules.setdefault(UNWANTED, None)  # type: ignore[arg-type]  # None: cannot be imported
    importlib.import_module(ROOF)
    # A collection in a worker writes into the head of each object, and so copies its page.
    gc.collect()
    gc.freeze()


def serve(host: str, port: int, workers: int) -> None:
    """Fork the workers, each with an application of its own, and watch over them."""
    Granian(
        f"{ROOF}:build",
        factory=True,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=THREADS,
        backpressure=BACKPRESSURE,
        websockets=False,
        respawn_failed_workers=workers > 1,
        workers_kill_timeout=STOP_SECONDS,
        log_level=LogLevels.error,
    ).serve()


if __name__ == "__main__":
    main()
