"""Objects in MinIO or any S3 server, through minio-py; our own sha256 travels in the object's metadata."""

from __future__ import annotations

import io
import ipaddress
import os
import re
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

import certifi
import urllib3
from minio import Minio
from minio.error import InvalidResponseError, S3Error, ServerError

from pipeline.errors import NotProved, NotWritten, Unreachable, UsageError
from storage.objects import CHUNK, S3_SCHEME, NoSuchObject, ObjectInfo, check_key, digest, digest_chunks

T = TypeVar("T")

#: Waits between tries, seconds: a server that restarts comes back within them or the batch's own retry takes over.
BACKOFF = (0.2, 0.6, 1.5)
CONNECT_TIMEOUT = 5.0
READ_TIMEOUT = 60.0

_LOCATION = re.compile(r"s3://(?P<host>\[[0-9A-Fa-f:]+\]|[^/:@]+)(?::(?P<port>\d{1,5}))?/(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/?")
_MISSING = {"NoSuchKey", "NoSuchObject", "NoSuchVersion"}
_AGAIN = {"SlowDown", "InternalError", "ServiceUnavailable", "RequestTimeout", "XMinioServerNotInitialized", "SlowDownRead", "SlowDownWrite"}
_FULL = {"XMinioStorageFull", "InsufficientStorage", "QuotaExceeded", "XMinioAdminBucketQuotaExceeded"}
_DENIED = {"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "AllAccessDisabled"}

#: Pairs of names that a user and a secret may have, in the environment or in the file that SOHOA_CREDENTIALS names.
_CREDENTIALS = (
    ("MINIO_ACCESS_KEY", "MINIO_SECRET_KEY"),
    ("MINIO_ROOT_USER", "MINIO_ROOT_PASSWORD"),
    ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
)


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


class S3Store:
    """Objects of one bucket. Calls that fail for the moment are tried again after `BACKOFF`, then raise `Unreachable`."""

    def __init__(self, client: Minio, endpoint: str, bucket: str) -> None:
        self._client = client
        self.endpoint = endpoint
        self.bucket = bucket

    @classmethod
    def open(cls, location: str, *, tls: bool = True, create: bool = True) -> S3Store:
        """Raises UsageError (location, credentials, no such bucket), Unreachable, NotWritten (bucket cannot be made)."""
        endpoint, bucket = parse_location(location)
        user, secret = credentials()
        secure = tls and not is_loopback(endpoint)
        client = Minio(endpoint, access_key=user, secret_key=secret, secure=secure, http_client=_http(secure))
        store = cls(client, endpoint, bucket)
        if not store._call(lambda: client.bucket_exists(bucket)):
            if not create:
                raise UsageError("no_archive", location=location)
            store._call(lambda: _make_bucket(client, bucket), writing=True)
        return store

    def __str__(self) -> str:
        return f"{S3_SCHEME}{self.endpoint}/{self.bucket}"

    def put(self, key: str, data: bytes | Path, *, sha256: str, media_type: str) -> None:
        check_key(key)
        size = len(data) if isinstance(data, bytes) else data.stat().st_size
        found = self.stat(key)
        if found and found.sha256 == sha256 and found.size == size:
            return
        if digest(data) != sha256:
            raise NotProved("changed_meanwhile")

        def send() -> None:
            with io.BytesIO(data) if isinstance(data, bytes) else data.open("rb") as stream:
                self._client.put_object(self.bucket, key, stream, size, content_type=media_type, metadata={"sha256": sha256})

        self._call(send, writing=True)

    def read(self, key: str) -> bytes:
        def receive() -> bytes:
            with closing(self._client.get_object(self.bucket, check_key(key))) as answer:
                return bytes(answer.read())

        return self._call(receive, key=key)

    def fetch(self, key: str, to: Path) -> None:
        part = to.with_name(f".{to.name}.{os.getpid()}.part")

        def receive() -> None:
            with closing(self._client.get_object(self.bucket, check_key(key))) as answer, part.open("wb") as out:
                for chunk in answer.stream(CHUNK):
                    out.write(chunk)

        try:
            self._call(receive, key=key)
            part.replace(to)
        except OSError as e:
            raise NotWritten("not_written", where=str(to), error=e.strerror or type(e).__name__) from e
        finally:
            part.unlink(missing_ok=True)

    def stat(self, key: str) -> ObjectInfo | None:
        try:
            info = self._call(lambda: self._client.stat_object(self.bucket, check_key(key)), key=key)
        except NoSuchObject:
            return None
        metadata = {k.lower(): v for k, v in (info.metadata or {}).items()}
        return ObjectInfo(key, int(info.size or 0), str(metadata.get("x-amz-meta-sha256", "")))

    def keys(self, prefix: str = "") -> Iterator[str]:
        listed = self._call(lambda: [o.object_name for o in self._client.list_objects(self.bucket, prefix=prefix, recursive=True)])
        yield from sorted(k for k in listed if k)

    def prove(self, key: str, sha256: str) -> None:
        def receive() -> str:
            with closing(self._client.get_object(self.bucket, check_key(key))) as answer:
                return digest_chunks(answer.stream(CHUNK))

        try:
            same = self._call(receive, key=key) == sha256
        except NoSuchObject as e:
            raise NotProved("not_proved", object=key) from e
        if not same:
            raise NotProved("not_proved", object=key)

    def delete(self, key: str) -> None:
        self._call(lambda: self._client.remove_object(self.bucket, check_key(key)), writing=True)

    def _call(self, what: Callable[[], T], *, key: str = "", writing: bool = False) -> T:
        """`what()`, tried again while the failure may pass; failures come out as errors of the house."""
        for wait in (*BACKOFF, None):
            try:
                return what()
            except S3Error as e:
                if e.code in _MISSING:
                    raise NoSuchObject("no_such_object", object=key) from e
                if wait is None or e.code not in _AGAIN:
                    raise self._told(str(e.code), writing) from e
            except (urllib3.exceptions.HTTPError, ServerError, InvalidResponseError, ConnectionError) as e:
                if wait is None or isinstance(e, urllib3.exceptions.SSLError):
                    raise Unreachable("store_unreachable", where=str(self), error=type(e).__name__) from e
            time.sleep(wait)
        raise AssertionError("unreachable: the last try returns or raises")

    def _told(self, code: str, writing: bool) -> NotWritten | Unreachable:
        if code in _FULL:
            return NotWritten("disk_full", where=str(self), error=code)
        if code in _DENIED:
            return NotWritten("s3_denied", where=str(self), error=code) if writing else Unreachable("s3_denied", where=str(self), error=code)
        return NotWritten("not_written", where=str(self), error=code) if writing else Unreachable("store_unreachable", where=str(self), error=code)


def _make_bucket(client: Minio, bucket: str) -> None:
    try:
        client.make_bucket(bucket)
    except S3Error as e:
        if e.code not in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
            raise


def _http(secure: bool) -> urllib3.PoolManager:
    """One try per call (trying again is ours), short waits; the system's certificates, SSL_CERT_FILE's, and the usual public ones."""
    options: dict[str, Any] = {
        "timeout": urllib3.Timeout(connect=CONNECT_TIMEOUT, read=READ_TIMEOUT),
        "retries": urllib3.Retry(total=0, redirect=2),
        "maxsize": 4,
    }
    if secure:
        context = ssl.create_default_context()
        context.load_verify_locations(certifi.where())
        options["ssl_context"] = context
    return urllib3.PoolManager(**options)
