"""Java trusts what this machine trusts: the system's certificates as a Java key store.

Behind an office's gateway the system's bundle knows the gateway's authority, and Java's own list may not.
"""

from __future__ import annotations

import hashlib
import ssl
import struct
from pathlib import Path

BUNDLES = ("/etc/ssl/certs/ca-certificates.crt",)
PASSWORD = "changeit"


def java_options(folder: Path) -> list[str]:
    """System properties that make Java use the system's certificates; none where there is no bundle."""
    bundle = next((Path(b) for b in BUNDLES if Path(b).exists()), None)
    if bundle is None:
        return []
    store = folder / "trust.jks"
    store.write_bytes(key_store(bundle.read_text(encoding="ascii", errors="ignore")))
    return [f"-Djavax.net.ssl.trustStore={store}", f"-Djavax.net.ssl.trustStorePassword={PASSWORD}", "-Djavax.net.ssl.trustStoreType=JKS"]


def key_store(pem: str) -> bytes:
    """The certificates of a PEM bundle in the JKS format (magic, version 2, trusted entries, salted SHA-1 of all)."""
    end = "-----END CERTIFICATE-----"
    certificates = [ssl.PEM_cert_to_DER_cert(part[part.index("-----BEGIN") :] + end) for part in pem.split(end) if "-----BEGIN CERTIFICATE" in part]
    data = struct.pack(">III", 0xFEEDFEED, 2, len(certificates))
    for number, der in enumerate(certificates):
        data += struct.pack(">I", 2) + _text(f"ca{number}") + struct.pack(">Q", 0) + _text("X.509") + struct.pack(">I", len(der)) + der
    return data + hashlib.sha1(PASSWORD.encode("utf-16-be") + b"Mighty Aphrodite" + data).digest()  # noqa: S324  the format's own


def _text(value: str) -> bytes:
    encoded = value.encode()
    return struct.pack(">H", len(encoded)) + encoded
