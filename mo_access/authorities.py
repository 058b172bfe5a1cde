"""The file of certificate authorities that are believed besides the public ones."""

import ssl


def check(path: str | None) -> None:
    """Raise ``ValueError`` unless every certificate of the file can be read, and one may sign."""
    if path is None:
        return
    found = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        found.load_verify_locations(cafile=path)
    except ssl.SSLError:
        raise ValueError("ca_file: must hold certificates in PEM, none of them broken") from None
    except OSError as fault:
        raise ValueError(f"ca_file: the file cannot be read ({fault.strerror})") from None
    if not found.cert_store_stats()["x509_ca"]:
        raise ValueError("ca_file: holds no certificate of an authority, one that may sign others")
