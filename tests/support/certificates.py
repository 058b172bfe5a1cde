"""Certificates for tests: by an authority of one's own, or signed by nobody but themselves."""

from __future__ import annotations

import base64
import hashlib
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True)
class Certified:
    """A certificate and its key, as values and in two files."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    file: str
    key_file: str

    @property
    def files(self) -> tuple[str, str]:
        """Return both files, as `requests` takes them."""
        return self.file, self.key_file

    @property
    def jwk(self) -> dict[str, object]:
        """Return the public key with its certificate, as clients publish it (RFC 8705 §2.2.2)."""
        numbers, der = self.key.public_key().public_numbers(), self.der
        return {
            "kty": "EC",
            "crv": "P-256",
            "x": _b64(numbers.x.to_bytes(32, "big")),
            "y": _b64(numbers.y.to_bytes(32, "big")),
            "x5c": [base64.b64encode(der).decode()],
            "x5t#S256": _b64(hashlib.sha256(der).digest()),
        }

    def stand_in_for(self, other: Certified) -> None:
        """Put this one in the files of another."""
        for ours, theirs in zip(self.files, other.files, strict=True):
            shutil.copyfile(ours, theirs)

    @property
    def der(self) -> bytes:
        """Return the certificate as bytes."""
        return self.certificate.public_bytes(Encoding.DER)


def certified(folder: Path, file: str, name: str, by: Certified | None = None) -> Certified:
    """Make a certificate for a name and for this machine; without a signer it signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    made = _described(name, key, by).sign(by.key if by else key, hashes.SHA256())
    files = folder / f"{file}.pem", folder / f"{file}.key"
    files[0].write_bytes(made.public_bytes(Encoding.PEM))
    files[1].touch(mode=0o600)
    files[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return Certified(made, key, str(files[0]), str(files[1]))


def _described(
    name: str, key: ec.EllipticCurvePrivateKey, by: Certified | None
) -> x509.CertificateBuilder:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    signer = by.key if by else key
    names = [
        x509.DNSName(name),
        x509.DNSName("localhost"),
        x509.IPAddress(IPv4Address("127.0.0.1")),
    ]
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _HOUR)
        .not_valid_after(now + _HOUR)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=by is None, path_length=None), critical=True)
        .add_extension(_key_usage(signs=by is None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    )


def _key_usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
