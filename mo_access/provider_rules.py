"""Which settings of a provider go together: how we authenticate there, and what FAPI 2.0 asks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mo_access.client_keys import ClientKey
    from mo_access.settings_types import Provider

KEY: Final = "private_key_jwt"
TLS: Final = "tls_client_auth"
PLAIN: Final = "scim"
"""The mode in which claims give no rights."""
SECRET: Final = ("client_secret_basic", "client_secret_post")
# FAPI 2.0 Security Profile §5.4.1.
FAPI_ALGORITHMS: Final = frozenset({"PS256", "ES256", "EdDSA", "Ed25519"})


def check(told: Provider) -> None:
    """Raise ``ValueError`` with ``setting: reason`` for the first combination that cannot be."""
    _check_authentication(told)
    _check_files(told)
    _check_tokens(told)
    if told.fapi2:
        _check_fapi(told)


def remarks(providers: Sequence[Provider]) -> tuple[str, ...]:
    """Tell what only several providers make a risk.

    Claims of one that give rights everywhere, and answers that may be taken for another's
    (mix-up, RFC 9700 §4.4).
    """
    if len(providers) == 1:
        return ()
    return (
        *(
            f"provider {told.name!r} is in mode {told.mode} and may give rights at every "
            "institution; say institutions = [...] if it is not meant to"
            for told in providers
            if told.mode != "scim" and not told.institutions
        ),
        *(
            f"provider {told.name!r} answers at the address of the others; say own_callback = true "
            "if it puts no iss in its answers (RFC 9207)"
            for told in providers
            if not told.own_callback and not told.fapi2
        ),
    )


def distrust(now: Provider | None, issuer: str, mode: str) -> str | None:
    """Return why a session counts no more, by what its provider is now; None while it counts.

    A name that is configured no more, or means another issuer, vouches for nobody; claims that gave
    rights do so in the mode of then alone.
    """
    if now is None or now.issuer != issuer:
        return "provider_unknown"
    return None if mode in (PLAIN, now.mode) else "provider_mode"


def client_key(told: Provider) -> ClientKey | None:
    """Return the key of the file that is named. Raises ``ValueError`` when it cannot be used."""
    if told.client_key_file is None:
        return None
    # Few installations have one, and every command reads the settings: only they load joserfc.
    from mo_access.client_keys import ClientKeyError, read_client_key  # noqa: PLC0415 - as said

    try:
        return read_client_key(told.client_key_file, told.client_key_algorithm)
    except ClientKeyError as fault:
        raise ValueError(f"client_key_file: {fault}") from None


def _check_authentication(told: Provider) -> None:
    if told.client_auth in SECRET and not told.client_secret.get_secret_value():
        raise ValueError(f"client_secret: must be set for {told.client_auth}")
    if told.client_auth == KEY and told.client_key_file is None:
        raise ValueError(f"client_key_file: must be set for {KEY}")
    if told.client_auth == TLS and told.client_certificate_file is None:
        raise ValueError(f"client_certificate_file: must be set for {TLS}")
    if told.client_auth != KEY and told.client_key_file is not None:
        raise ValueError(f'client_auth: must be "{KEY}" where client_key_file is set')


def _check_files(told: Provider) -> None:
    client_key(told)
    if told.client_certificate_key_file and not told.client_certificate_file:
        raise ValueError("client_certificate_file: must be set beside its key")
    if told.client_certificate_file and told.issuer.startswith("http://"):
        raise ValueError("client_certificate_file: needs a provider at an https address")
    for name in ("client_certificate_file", "client_certificate_key_file"):
        _check_readable(name, getattr(told, name))


def _check_readable(name: str, path: str | None) -> None:
    if path is None:
        return
    try:
        with open(path, "rb"):  # noqa: PTH123 - nothing but whether it opens
            pass
    except OSError as fault:
        raise ValueError(f"{name}: the file cannot be read ({fault.strerror})") from None


def _check_tokens(told: Provider) -> None:
    if told.binds_by_dpop and told.userinfo_by == "body":
        raise ValueError('userinfo_by: must be "header" with dpop (RFC 9449 section 7.1)')


def _check_fapi(told: Provider) -> None:
    if told.client_auth not in {KEY, TLS}:
        raise ValueError(f'client_auth: fapi2 needs "{KEY}" or "{TLS}"')
    if loose := sorted(set(told.algorithms) - FAPI_ALGORITHMS):
        raise ValueError(f"algorithms: fapi2 takes PS256, ES256 and EdDSA, not {', '.join(loose)}")
    if told.client_key_algorithm == "RS256":
        raise ValueError("client_key_algorithm: fapi2 takes PS256 or ES256")
    if told.userinfo_by == "body":
        raise ValueError('userinfo_by: fapi2 needs "header"')
