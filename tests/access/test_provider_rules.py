"""Which settings of a provider go together, each refusal with the setting that is at fault."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from pydantic import ValidationError

from mo_access.client_keys import ClientKeyError, read_client_key
from mo_access.settings import Provider, Settings


def unb64(part: str) -> bytes:
    """Return what a part of a JWT holds."""
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def short_key() -> bytes:
    """Return an RSA key of 1024 bits, as PEM."""
    key = rsa.generate_private_key(65537, 1024)  # noqa: S505 - this is what is refused
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def set_of(*keys: object) -> bytes:
    """Return a JWK Set of these."""
    return json.dumps({"keys": keys}).encode()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Keys of every kind in files of every form."""
    folder = tmp_path_factory.mktemp("keys")
    rsa_key, ec = RSAKey.generate_key(2048), ECKey.generate_key("P-256")
    contents = {
        "rsa.pem": rsa_key.as_pem(private=True),
        "ec.pem": ec.as_pem(private=True),
        "rsa.json": json.dumps(rsa_key.as_dict(private=True)).encode(),
        "ec.json": json.dumps(ec.as_dict(private=True)).encode(),
        "public.pem": rsa_key.as_pem(private=False),
        "public.json": json.dumps(ec.as_dict(private=False)).encode(),
        "p384.pem": ECKey.generate_key("P-384").as_pem(private=True),
        "short.pem": short_key(),
        "ed.json": json.dumps(OKPKey.generate_key("Ed25519").as_dict(private=True)).encode(),
        "oct.json": json.dumps(OctKey.generate_key(256).as_dict(private=True)).encode(),
        "junk": b"nothing",
        "array.json": b"[]",
        "half.json": b'{"kty": "RSA"}',
        "both.pem": ec.as_pem(private=True) + b"\n" + rsa_key.as_pem(private=True),
        "both.json": set_of(rsa_key.as_dict(private=True), ec.as_dict(private=True)),
        "one.json": set_of(ec.as_dict(private=True)),
        "none.json": set_of(),
        "odd.json": set_of("x"),
        "keys.json": b'{"keys": {"kty": "EC"}}',
        "half-public.json": set_of(rsa_key.as_dict(private=True), ec.as_dict(private=False)),
        "half-short.pem": rsa_key.as_pem(private=True) + short_key(),
        "bytes": b"\xff\xfe",
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return {name: str(folder / name) for name in (*contents, "absent")}


@pytest.mark.parametrize(
    ("name", "chosen", "algorithm"),
    [
        ("rsa.pem", None, "PS256"),
        ("rsa.json", "RS256", "RS256"),
        ("ec.pem", None, "ES256"),
        ("ec.json", "ES256", "ES256"),
    ],
)
def test_a_key_is_read(
    files: dict[str, str], name: str, chosen: str | None, algorithm: str
) -> None:
    """PEM or JWK; nothing private is published, and the name is the key's thumbprint."""
    key = read_client_key(files[name], chosen)
    assert key.algorithm == algorithm
    public = key.public()
    assert public["kid"] == key.kid == key.key.thumbprint()
    assert set(public) <= {"kty", "n", "e", "crv", "x", "y", "kid", "alg", "use"}
    assert str(key.key.as_dict(private=True)["d"]) not in repr(key)


@pytest.mark.parametrize(
    ("name", "chosen", "algorithms"),
    [
        ("both.pem", None, ["ES256", "PS256"]),
        ("both.json", None, ["PS256", "ES256"]),
        ("both.json", "RS256", ["RS256", "ES256"]),
        ("both.pem", "ES256", ["ES256", "PS256"]),
        ("one.json", None, ["ES256"]),
    ],
)
def test_more_keys_than_the_one_that_signs(
    files: dict[str, str], name: str, chosen: str | None, algorithms: list[str]
) -> None:
    """The first signs; the others are keys of their own, each by what it would sign with."""
    key = read_client_key(files[name], chosen)
    assert [one.algorithm for one in (key, *key.others)] == algorithms
    assert len({one.kid for one in (key, *key.others)}) == len(algorithms)
    assert json.loads(unb64(key.sign({}).split(".")[0]))["kid"] == key.kid


@pytest.mark.parametrize(
    ("name", "chosen", "said"),
    [
        ("rsa.pem", "ES256", "only PS256 or RS256"),
        ("ec.pem", "PS256", "only ES256"),
        ("public.pem", None, "public"),
        ("public.json", None, "public"),
        ("p384.pem", None, "P-256"),
        ("short.pem", None, "2048"),
        ("ed.json", None, "RSA or EC"),
        ("oct.json", None, "RSA or EC"),
        *((name, None, "neither") for name in ("junk", "array.json", "half.json", "bytes")),
        *((name, None, "neither") for name in ("none.json", "odd.json", "keys.json")),
        ("both.json", "ES256", "only PS256 or RS256"),
        ("half-public.json", None, "public"),
        ("half-short.pem", None, "2048"),
        ("absent", None, "cannot be read"),
    ],
)
def test_a_key_that_cannot_be_used(
    files: dict[str, str], name: str, chosen: str | None, said: str
) -> None:
    """The reason is told; nothing of the file is."""
    with pytest.raises(ClientKeyError, match=said) as refused:
        read_client_key(files[name], chosen)
    assert "nothing" not in str(refused.value)


JWT = {"client_auth": "private_key_jwt", "client_key_file": "rsa.pem"}
TLS = {"client_auth": "tls_client_auth", "client_certificate_file": "junk"}
FAPI = {"fapi2": True, "algorithms": "PS256"}


def told(files: dict[str, str], fields: dict[str, object]) -> dict[str, object]:
    """Return the fields of a provider, files named by where they are."""
    named = {n: files[str(v)] if n.endswith("_file") and v else v for n, v in fields.items()}
    return {"name": "op", "issuer": "https://op.example", "client_id": "mo", **named}


@pytest.mark.parametrize(
    ("fields", "at_fault"),
    [
        ({"client_auth": "client_secret_basic"}, "client_secret"),
        ({"client_auth": "client_secret_post"}, "client_secret"),
        ({"client_auth": "private_key_jwt"}, "client_key_file"),
        ({"client_auth": "tls_client_auth"}, "client_certificate_file"),
        ({"client_key_file": "rsa.pem"}, "client_auth"),
        ({**JWT, "client_key_file": "junk"}, "client_key_file"),
        ({**JWT, "client_key_file": "absent"}, "client_key_file"),
        ({**JWT, "client_key_algorithm": "ES256"}, "client_key_file"),
        ({**TLS, "client_certificate_file": "absent"}, "client_certificate_file"),
        ({**TLS, "client_certificate_key_file": "absent"}, "client_certificate_key_file"),
        ({"client_certificate_key_file": "junk"}, "client_certificate_file"),
        ({**TLS, "issuer": "http://127.0.0.1:1"}, "client_certificate_file"),
        ({"dpop": True, "userinfo_by": "body"}, "userinfo_by"),
        (FAPI, "client_auth"),
        ({**FAPI, "client_auth": "client_secret_post", "client_secret": "s"}, "client_auth"),
        ({**FAPI, **JWT, "algorithms": "PS256 RS256"}, "algorithms"),
        ({**FAPI, **JWT, "client_key_algorithm": "RS256"}, "client_key_algorithm"),
        ({**FAPI, **TLS, "userinfo_by": "body"}, "userinfo_by"),
    ],
)
def test_what_cannot_be_together(
    files: dict[str, str], fields: dict[str, object], at_fault: str
) -> None:
    """One line that begins with the setting to change."""
    with pytest.raises(ValidationError) as refused:
        Provider.model_validate(told(files, fields))
    [fault] = refused.value.errors()
    assert str(fault["ctx"]["error"]).startswith(f"{at_fault}: ")


@pytest.mark.parametrize(
    ("fields", "bound"),
    [
        ({}, False),
        ({"client_auth": "", "client_key_file": "", "client_key_algorithm": ""}, False),
        ({"dpop": True}, True),
        (JWT, False),
        ({**FAPI, **JWT}, True),
        ({**FAPI, **TLS}, False),
        ({**FAPI, **TLS, "dpop": True}, True),
        ({**FAPI, **JWT, "client_certificate_file": "junk"}, False),
    ],
)
def test_what_can(files: dict[str, str], fields: dict[str, object], bound: bool) -> None:
    """FAPI 2.0 binds tokens to the certificate where there is one, else by DPoP."""
    assert Provider.model_validate(told(files, fields)).binds_by_dpop is bound


def test_the_line_names_the_setting(tmp_path: Path) -> None:
    """At start: the setting as one sets it, and the provider."""
    with pytest.raises(ValidationError, match=r"oidc_client_auth: fapi2 needs.*'default'"):
        Settings(
            var=tmp_path, oidc_issuer="https://op.example", oidc_client_id="x", oidc_fapi2=True
        )
