"""Defective UserInfo, wishes that are not met, and people who may not come in."""

from collections.abc import Mapping
from typing import Any, Final

from joserfc.jwk import OctKey

from tests.oidc.broker import CLIENT_ID, Answer, Script
from tests.oidc.kinds.bad_answers import NONSENSE
from tests.oidc.kinds.good import ITSME, OTHER, PASSWORD, now
from tests.oidc.kinds.kind import Kind
from tests.support.jose import b64, sign

JWT: Final = {"Content-Type": "application/jwt"}


def _said(answer: Answer) -> dict[str, Any]:
    return {"answers": {"userinfo": answer}}


def _signed(script: Script, **changed: object) -> Answer:
    return 200, JWT, sign({"sub": "person-1", **changed}, script.key)


_SAID: Final[Mapping[str, tuple[Mapping[str, Any], str]]] = {
    "of somebody else": ({"userinfo": {"sub": "person-2"}}, "userinfo_subject"),
    "of nobody": ({"userinfo": {"vo_id": "8a4d"}}, "userinfo_subject"),
    "of a list": ({"userinfo": {"sub": ["person-1"]}}, "userinfo_subject"),
    "of another case": ({"userinfo": {"sub": "Person-1"}}, "userinfo_subject"),
    "signed by another": (_said((200, JWT, sign({"sub": "person-1"}, OTHER))), "signature"),
    "unsigned": (
        _said((200, JWT, b64(b'{"alg":"none"}') + "." + b64(b'{"sub":"person-1"}') + ".")),
        "token_form",
    ),
    "signed with a secret": (
        _said(
            (
                200,
                JWT,
                sign({"sub": "person-1"}, OctKey.import_key("s" * 40, {"kid": "k1"}), "HS256"),
            )
        ),
        "algorithm",
    ),
    "signed, by another issuer": (
        {"answers": lambda s: {"userinfo": _signed(s, iss="https://evil.example")}},
        "userinfo_issuer",
    ),
    "signed, for another": (
        {"answers": lambda s: {"userinfo": _signed(s, aud="other")}},
        "userinfo_audience",
    ),
    "signed, of somebody else": (
        {"answers": lambda s: {"userinfo": _signed(s, sub="person-2", aud=CLIENT_ID)}},
        "userinfo_subject",
    ),
    **{
        f"in trouble: {name}": ({"answers": {"userinfo": answer}}, "")
        for name, answer in NONSENSE.items()
    },
}
_USERINFO: Final = [
    *(
        Kind(f"UserInfo: {name}", told, variant="userinfo", code=code)
        for name, (told, code) in _SAID.items()
    ),
    Kind(
        "UserInfo: of somebody else, and not required",
        {"userinfo": {"sub": "person-2"}},
        variant="optional userinfo",
        code="userinfo_subject",
    ),
]
_ASKED: Final = [
    Kind("asked: acr, none told", query=f"?acr_values={ITSME}", code="acr_too_low"),
    Kind(
        "asked: acr, a lower one",
        {"claims": {"acr": PASSWORD}},
        query=f"?acr_values={ITSME}",
        code="acr_too_low",
    ),
    Kind(
        "asked: acr, an unknown one",
        {"claims": {"acr": "loa-9"}},
        query=f"?acr_values={ITSME}",
        code="acr_too_low",
    ),
    Kind("asked: acr, a number", {"claims": {"acr": 35}}, query=f"?acr_values={ITSME}", code="acr"),
    Kind(
        "asked: acr, another case",
        {"claims": {"acr": ITSME.upper()}},
        query=f"?acr_values={ITSME}",
        code="acr_too_low",
    ),
    Kind(
        "asked: an acr of its own, a higher one told",
        {"claims": {"acr": ITSME}},
        query="?acr_values=loa-3",
        code="acr_too_low",
    ),
    Kind(
        "asked: acr, told by UserInfo",
        {"userinfo": {"sub": "person-1", "acr": ITSME}},
        query=f"?acr_values={ITSME}",
        variant="userinfo",
        code="acr_too_low",
    ),
    Kind(
        "asked: by the configuration, less by the link",
        {"claims": {"acr": PASSWORD}},
        query=f"?acr_values={PASSWORD}",
        variant="level",
        code="acr_too_low",
    ),
    Kind(
        "asked: by the configuration, an acr of its own by the link",
        {"claims": {"acr": "loa-3"}},
        query="?acr_values=loa-3",
        variant="level",
        code="acr_too_low",
    ),
    Kind("asked: max_age, nothing told", query="?max_age=60", code="auth_time_missing"),
    Kind(
        "asked: max_age, too long ago",
        {"claims": {"auth_time": now(-900)}},
        query="?max_age=60",
        code="auth_time",
    ),
    Kind(
        "asked: max_age, to come",
        {"claims": {"auth_time": now(900)}},
        query="?max_age=60",
        code="auth_time",
    ),
    Kind(
        "asked: max_age, text",
        {"claims": {"auth_time": "now"}},
        query="?max_age=60",
        code="auth_time_type",
    ),
    Kind(
        "asked: max_age, true",
        {"claims": {"auth_time": True}},
        query="?max_age=60",
        code="auth_time_type",
    ),
    Kind("asked: by the configuration, none told", variant="level", code="acr_too_low"),
    Kind(
        "asked: by the configuration, a lower one",
        {"claims": {"acr": PASSWORD}},
        variant="level",
        code="acr_too_low",
    ),
    *(
        Kind(f"asked: {query}", query=f"?{query}", code=code)
        for query, code in {
            "max_age=-1": "max_age_invalid",
            "max_age=1.5": "max_age_invalid",
            "max_age=%D9%A3": "max_age_invalid",
            "prompt=evil": "prompt_invalid",
            "login_hint=a%0d%0ab": "login_hint_invalid",
            "acr_values=a%00b": "acr_values_invalid",
            "provider=none": "provider_unknown",
            "iss=https://evil.example": "provider_unknown",
            "next=/a&next=/b": "parameter_repeated",
        }.items()
    ),
]
_PEOPLE: Final = [
    Kind("person: unknown", {"claims": {"vo_id": "nobody", "sub": "p-9"}}, code="unknown_person"),
    Kind(
        "person: no link told",
        {"claims": {"vo_id": None, "sub": "p-9"}, "userinfo": {"sub": "p-9"}},
        code="unknown_person",
    ),
    Kind(
        "person: a link that is a list",
        {"claims": {"vo_id": ["8a4d"], "sub": "p-9"}, "userinfo": {"sub": "p-9"}},
        code="unknown_person",
    ),
    Kind(
        "person: by e-mail only",
        {
            "claims": {"vo_id": None, "sub": "p-9", "email": "an@school.example"},
            "userinfo": {"sub": "p-9"},
        },
        code="unknown_person",
    ),
    Kind("person: inactive", {"claims": {"vo_id": "inactive", "sub": "person-3"}}, code="inactive"),
    Kind(
        "person: two at once",
        {"claims": {"rrn": "85073003427", "sub": "person-4"}},
        code="identity_conflict",
    ),
    Kind("target group: not let in", {"claims": {"vo_doelgroepcode": "EA"}}, code="target_group"),
    Kind(
        "target group: an object",
        {"claims": {"vo_doelgroepcode": {"a": "OV"}}},
        code="target_group",
    ),
    Kind("target group: a part of one", {"claims": {"vo_doelgroepcode": "O"}}, code="target_group"),
]
BAD_PEOPLE: Final = [*_USERINFO, *_ASKED, *_PEOPLE]
