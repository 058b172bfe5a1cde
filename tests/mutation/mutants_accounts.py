"""Checks of the accounts that clients have at their issuers, which must not go missing.

Rows of (file, what stands there, what stands there instead, the tests that must notice).
"""

from __future__ import annotations

from typing import Final

_SUBJECTS, _CLIENTS = "mo_web/subjects.py", "mo_access/storage/clients.py"
_TOKENS, _REGISTERED = "tests/web/test_oauth_subject.py", "tests/access/test_oauth_clients.py"
_CLIENT_ROWS = "mo_access/storage/oauth_clients.py"
_LENGTH = "    .order_by(func.length(client_oauth.c.oauth_client_id).desc())\n"

ROWS: Final[tuple[tuple[str, str, str, str], ...]] = (
    (
        _SUBJECTS,
        "any(name.casefold() in _ONLY_PERSONS for name in token.claims)",
        "False",
        _TOKENS,
    ),
    (_SUBJECTS, "() if self.account else (self.client_id,)", "(self.client_id,)", _TOKENS),
    (
        _CLIENT_ROWS,
        "and_(_o.oauth_client_id == _account, ~person)",
        "_o.oauth_client_id == _account",
        _TOKENS,
    ),
    (_CLIENT_ROWS, "or_(exists(_PINNED), exists(_MADE))", "exists(_PINNED)", _TOKENS),
    (_CLIENT_ROWS, "or_(exists(_PINNED), exists(_MADE))", "exists(_MADE)", _TOKENS),
    (_CLIENT_ROWS, "        client.c.provider == _issuer,\n", "", _TOKENS),
    (_CLIENTS, _LENGTH, "", _REGISTERED),
    (
        "mo_access/service/oauth_clients.py",
        "        _refuse_person(uow, issuer, oauth_client.parts(name)[1])\n",
        "",
        _REGISTERED,
    ),
    *(
        ("mo_access/service/oauth_clients.py", check, "", _REGISTERED)
        for check in (
            "stored.signed_in(conn, issuer, subject)\n        or ",
            "        or matching.by_subject(conn, issuer, subject)\n",
            '        or matching.by_attribute(conn, issuer, "externalId", subject)\n',
            '        or matching.by_attribute(conn, issuer, "userName", subject)\n',
        )
    ),
    (
        "mo_access/domain/oauth_client.py",
        "    if without_numbers(subject) != subject:",
        "    if False:",
        _REGISTERED,
    ),
)
