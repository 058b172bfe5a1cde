"""Checks that what is answered is on the disk (SQLite), that must not go missing.

Rows of (file, what stands there, what stands there instead, the tests that must notice).
"""

from __future__ import annotations

from typing import Final

_LOG, _SOURCE = "mo_access/storage/write_ahead.py", "mo_access/storage/sqlite_source.py"
_ENGINE = "mo_access/storage/engine.py"
_TESTS = "tests/storage/write_ahead"
_DOOR = "tests/scim/endpoints/test_not_on_the_disk.py"

ROWS: Final[tuple[tuple[str, str, str, str], ...]] = (
    (_LOG, "{path.resolve()}-wal", "{path}-wal", _TESTS),
    (_LOG, "            covered = self._asked\n", "            covered = mine\n", _TESTS),
    (
        _LOG,
        "            self._flushed = covered\n",
        "            self._flushed = self._asked\n",
        _TESTS,
    ),
    (_LOG, "            if self._flushed >= mine:\n", "            if False:\n", _TESTS),
    (_LOG, "acquire(timeout=self._seconds)", "acquire()", _TESTS),
    (
        _LOG,
        '        if self.failed:\n            raise OSError("an',
        '        if False:\n            raise OSError("an',
        _TESTS,
    ),
    (_LOG, "            self.failed = True\n            raise\n", "            raise\n", _TESTS),
    (
        _LOG,
        "            self._synced(os.fsync, folder)\n",
        "            os.fsync(folder)\n",
        _TESTS,
    ),
    (_LOG, "        if not self._entered:\n", "        if True:\n", _TESTS),
    (_LOG, "        if not self._entered:\n", "        if False:\n", _TESTS),
    (_LOG, "self._file, -1, False\n", "self._file, -1, self._entered\n", _TESTS),
    (_LOG, "            os.close(folder)\n", "            pass\n", _TESTS),
    (
        _LOG,
        "        if file >= 0:\n            os.close(file)\n",
        "        if False:\n            pass\n",
        _TESTS,
    ),
    (_LOG, " and os.path.samestat(os.fstat(file), self._path.stat())", "", _TESTS),
    (_SOURCE, '    "synchronous=NORMAL",\n', '    "synchronous=OFF",\n', _TESTS),
    (_SOURCE, "        self._log.follow()\n", "        pass\n", _TESTS),
    (_SOURCE, "        if self._log.failed:\n", "        if False:\n", _TESTS),
    (_SOURCE, "        self._log.close()\n", "        pass\n", _TESTS),
    (_SOURCE, '        if journal != "wal":\n', "        if False:\n", _TESTS),
    (_ENGINE, "        self.database.source.check()\n", "        pass\n", _TESTS),
    (
        _ENGINE,
        "            self._give_turn()\n            self.flush()\n",
        "            self.flush()\n            self._give_turn()\n",
        _TESTS,
    ),
    (
        _ENGINE,
        "            self._give_turn()\n            self.flush()\n",
        "            self._give_turn()\n",
        _TESTS,
    ),
    (
        "mo_access/storage/resealing.py",
        "        conn.begin()\n        conn.commit()\n",
        "        conn.begin()\n        conn.rollback()\n",
        _TESTS,
    ),
    ("mo_access/service/idempotency.py", "    uow.flush()\n", "    pass\n", _DOOR),
    ("mo_access/service/health.py", "        database.source.check()\n", "        pass\n", _DOOR),
    (
        "mo_access/storage/migrating.py",
        '        raw.execute("PRAGMA synchronous=FULL")\n',
        '        raw.execute("PRAGMA synchronous=NORMAL")\n',
        "tests/storage/test_migrations.py",
    ),
)
