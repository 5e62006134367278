"""Reaching a bucket: location, credentials, connection; and making it so that nothing in it can be lost: versions, object lock, encryption."""

from __future__ import annotations

import ipaddress
import os
import re
import ssl
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import certifi
import urllib3
from minio import Minio
from minio.commonconfig import ENABLED
from minio.error import S3Error
from minio.sseconfig import Rule, SSEConfig
from minio.versioningconfig import VersioningConfig

from pipeline.errors import UsageError
from storage.objects import S3_SCHEME

CONNECT_TIMEOUT = 5.0
READ_TIMEOUT = 60.0

_LOCATION = re.compile(r"s3://(?P<host>\[[0-9A-Fa-f:]+\]|[^/:@]+)(?::(?P<port>\d{1,5}))?/(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/?")

#: Pairs of names that a user and a secret may have, in the environment or in the file that SOHOA_CREDENTIALS names.
_CREDENTIALS = (
    ("MINIO_ACCESS_KEY", "MINIO_SECRET_KEY"),
    ("MINIO_ROOT_USER", "MINIO_ROOT_PASSWORD"),
    ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
)

#: What a server says that does not know a thing, has none, or does not let this account.
NOT_OFFERED = {"NotImplemented", "MethodNotAllowed", "AccessDenied", "InvalidRequest", "InvalidArgument", "InvalidBucketState", "MalformedXML"}
NO_LOCK = {"ObjectLockConfigurationNotFoundError", "ObjectLockConfigurationNotFound"}


def parse_location(location: str) -> tuple[str, str]:
    """`s3://host:port/bucket` as (host:port, bucket); raises UsageError."""
    m = _LOCATION.fullmatch(location)
    if not m:
        raise UsageError("bad_location", location=S3_SCHEME + "…")
    return m["host"] + (f":{m['port']}" if m["port"] else ""), m["bucket"]


def credentials() -> tuple[str, str]:
    """User and secret, the file before the environment; raises UsageError naming the variables, never their values."""
    places: list[dict[str, str]] = [dict(os.environ)]
    if path := os.environ.get("SOHOA_CREDENTIALS"):
        try:
            lines = Path(path).read_text(encoding="utf-8").splitlines()
        except OSError as e:
            raise UsageError("credentials_unreadable", path=path) from e
        pairs = (line.removeprefix("export ").split("=", 1) for line in lines if "=" in line and not line.lstrip().startswith("#"))
        places.insert(0, {k.strip().upper(): v.strip().strip("\"'") for k, v in pairs})
    for place in places:
        for user, secret in _CREDENTIALS:
            if place.get(user) and place.get(secret):
                return place[user], place[secret]
    raise UsageError("no_credentials")


def is_loopback(endpoint: str) -> bool:
    host = re.sub(r":\d+$", "", endpoint).strip("[]")
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def connect(endpoint: str, *, tls: bool) -> Minio:
    """A client; nothing is sent yet. Loopback addresses are spoken to in the clear. Raises UsageError when there are no credentials."""
    user, secret = credentials()
    secure = tls and not is_loopback(endpoint)
    return Minio(endpoint, access_key=user, secret_key=secret, secure=secure, http_client=_http(secure))


def make_bucket(client: Minio, bucket: str, *, lock: bool) -> None:
    """With object lock, which brings versions and can be had at this moment only; without where the server knows no lock."""
    try:
        client.make_bucket(bucket, object_lock=lock)
    except S3Error as e:
        if lock and e.code in NOT_OFFERED:
            make_bucket(client, bucket, lock=False)
        elif e.code not in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
            raise


def keeps_versions(client: Minio, bucket: str) -> bool:
    try:
        return bool(client.get_bucket_versioning(bucket).status == ENABLED)
    except S3Error as e:
        if e.code in NOT_OFFERED:
            return False
        raise


def switch_versions_on(client: Minio, bucket: str) -> None:
    """A server that refuses is left as it is: the archive works, `doctor` says what is missing."""
    if keeps_versions(client, bucket):
        return
    try:
        client.set_bucket_versioning(bucket, VersioningConfig(ENABLED))
    except S3Error as e:
        if e.code not in NOT_OFFERED:
            raise


def has_lock(client: Minio, bucket: str) -> bool:
    """Was the bucket made with object lock?"""
    try:
        client.get_object_lock_config(bucket)
    except S3Error as e:
        if e.code in NO_LOCK or e.code in NOT_OFFERED:
            return False
        raise
    return True


def is_encrypted(client: Minio, bucket: str) -> bool:
    """Does the server encrypt what is put there?"""
    try:
        return client.get_bucket_encryption(bucket) is not None
    except S3Error as e:
        if e.code in NOT_OFFERED:
            return False
        raise


def switch_encryption_on(client: Minio, bucket: str, *, wanted: str) -> None:
    """SSE with the server's own key service; `wanted`: auto (where the server has one), on (else UsageError), off."""
    if wanted == "off" or is_encrypted(client, bucket):
        return
    try:
        client.set_bucket_encryption(bucket, SSEConfig(Rule.new_sse_s3_rule()))
    except S3Error as e:
        if e.code not in NOT_OFFERED and not str(e.code).startswith("KMS"):
            raise
        if wanted == "on":
            raise UsageError("no_encryption", bucket=bucket, error=e.code) from e


def _http(secure: bool) -> urllib3.PoolManager:
    """One try per call (trying again is ours), short waits; the system's certificates, SSL_CERT_FILE's, and the usual public ones."""
    options: dict[str, Any] = {
        "timeout": urllib3.Timeout(connect=CONNECT_TIMEOUT, read=READ_TIMEOUT),
        "retries": urllib3.Retry(total=0, redirect=2),
        "maxsize": 8,
    }
    if secure:
        context = ssl.create_default_context()
        context.load_verify_locations(certifi.where())
        options["ssl_context"] = context
    return urllib3.PoolManager(**options)


def lower(metadata: Any) -> dict[str, Any]:
    return {k.lower(): v for k, v in (metadata or {}).items()}


def sha256_of(metadata: Any) -> str:
    return str(lower(metadata).get("x-amz-meta-sha256", ""))


def today() -> str:
    return datetime.now(UTC).date().isoformat()


def moment(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC)
