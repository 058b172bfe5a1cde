"""Where the software of others is kept between runs, so that it is fetched once."""

import os
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
CACHE: Final = Path(os.environ.get("MO_TEST_INTEROP_CACHE") or ROOT / "var" / "interop").resolve()
"""The folder of ``MO_TEST_INTEROP_CACHE``, which several work trees may share."""
