"""Objects in MinIO or any S3 server, through minio-py; our own sha256 travels in the object's metadata."""

from __future__ import annotations

import base64
import io
import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from minio import Minio
from minio.error import MinioException, S3Error
from minio.retention import Retention

from pipeline.errors import NotProved, NotWritten, UsageError
from storage import s3_bucket
from storage.keeping import held_prefix, hold_name
from storage.objects import (
    AS_IT_IS,
    CHUNK,
    S3_SCHEME,
    Keep,
    NoSuchObject,
    ObjectInfo,
    Proof,
    Version,
    check_key,
    check_removable,
    digest,
    digest_chunks,
)
from storage.patience import Patience
from storage.s3_bucket import connect, credentials, is_loopback, lower, moment, parse_location, sha256_of, today
from storage.s3_calls import MISSING, S3Calls

if TYPE_CHECKING:
    from pipeline.settings import Archive as ArchiveSettings

__all__ = ["S3Store", "credentials", "is_loopback", "open_buckets", "parse_location"]

T = TypeVar("T")

#: Bytes of one part of a big object: larger ones are sent in parts, of which a lost one is sent again alone by the server's protocol.
PART_SIZE = 16 << 20

#: Seconds for which the list of holds is believed; another host may set one.
HOLDS_FOR = 30.0

#: Own objects lie where no key of the archive can.
HOLDS = ".sohoa/holds/"
PROBE = ".sohoa/probe"
PROBE_SECONDS = 20


def open_buckets(location: str, settings: ArchiveSettings, *, create: bool) -> Iterator[tuple[str, S3Store]]:
    """The archive's bucket as "", and `<bucket>-<level>` for each level of sensitivity that has one of its own.

    A reader does without those that there are not: an archive older than they are has none.
    """
    yield "", S3Store.open(location, tls=settings.tls, create=create, settings=settings)
    for level in settings.separate:
        try:
            yield level, S3Store.open(f"{location.rstrip('/')}-{level}", tls=settings.tls, create=create, settings=settings)
        except UsageError as e:
            if e.key != "no_archive":
                raise


class S3Store(S3Calls):
    """Objects of one bucket. Calls that fail for the moment are tried again as long as `patience` says, then raise `Unreachable`."""

    def __init__(self, client: Minio, endpoint: str, bucket: str, *, mode: str = "off", patience: Patience | None = None) -> None:
        self._client = client
        self.endpoint = endpoint
        self.bucket = bucket
        self._mode = mode  #: off, governance or compliance
        self._patience = patience or Patience()
        self._lock: bool | None = None
        self._held: tuple[float, list[str]] | None = None

    @classmethod
    def open(cls, location: str, *, tls: bool = True, create: bool = True, settings: ArchiveSettings | None = None) -> S3Store:
        """A new bucket gets versions, object lock and encryption as far as the server has them.

        A server that does not answer at first is not waited for: the address may be wrong. Raises UsageError (location, credentials, no such
        bucket, no encryption where it must be), Unreachable, NotWritten (bucket cannot be made).
        """
        if settings is None:
            from pipeline.settings import Archive

            settings = Archive()
        endpoint, bucket = parse_location(location)
        client = connect(endpoint, tls=tls)
        store = cls(client, endpoint, bucket, mode=settings.lock)
        there = store._call(lambda: client.bucket_exists(bucket))
        if not there and not create:
            raise UsageError("no_archive", location=location)
        if not there:
            store._call(lambda: s3_bucket.make_bucket(client, bucket, lock=settings.lock != "off"), writing=True)
        if create:
            store._call(lambda: s3_bucket.switch_versions_on(client, bucket), writing=True)
            store._call(lambda: s3_bucket.switch_encryption_on(client, bucket, wanted=settings.encryption), writing=True)
        store._patience = Patience(settings.patience)
        return store

    def __str__(self) -> str:
        return f"{S3_SCHEME}{self.endpoint}/{self.bucket}"

    def put(self, key: str, data: bytes | Path, *, sha256: str, media_type: str, keep: Keep = AS_IT_IS) -> None:
        check_key(key)
        size = len(data) if isinstance(data, bytes) else data.stat().st_size
        found, kept = self._look(key)
        if found and found.sha256 == sha256 and found.size == size:
            if keep.until > kept.until:
                self._retain(key, keep.until)
            return
        if digest(data) != sha256:
            raise NotProved("changed_meanwhile")
        keep = keep | kept
        headers = {"sha256": sha256}
        if size <= PART_SIZE:  # the server compares what arrives with our own digest; parts of big ones travel with digests of their own
            headers["x-amz-checksum-sha256"] = base64.b64encode(bytes.fromhex(sha256)).decode()
        locked = self._locks()
        retention = Retention(self._mode.upper(), moment(keep.until)) if locked and keep.until > today() else None
        hold = locked and self._is_held(key)
        tried = False

        def send() -> None:
            nonlocal tried
            if tried and self._has(key, sha256, size):
                return  # it had arrived, only the answer was lost
            tried = True
            with io.BytesIO(data) if isinstance(data, bytes) else data.open("rb") as stream:
                self._client.put_object(
                    self.bucket, key, stream, size,
                    content_type=media_type, metadata=dict(headers), part_size=PART_SIZE, retention=retention, legal_hold=hold,
                )  # fmt: skip

        self._call(send, writing=True)

    def read(self, key: str) -> bytes:
        return self._read(key, None)

    def _read(self, key: str, version: str | None) -> bytes:
        def receive() -> bytes:
            with closing(self._client.get_object(self.bucket, check_key(key), version_id=version)) as answer:
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
        return self._look(key)[0]

    def has(self, key: str) -> bool:
        return self.stat(key) is not None

    def keys(self, prefix: str = "") -> Iterator[str]:
        listed = self._call(lambda: [o.object_name for o in self._client.list_objects(self.bucket, prefix=prefix, recursive=True)])
        yield from sorted(k for k in listed if k and not k.startswith("."))

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
        check_removable(check_key(key), self.holds(), self.kept(key).until, today())
        self.hide(key)

    def hide(self, key: str) -> None:
        """With versions on, the server puts a marker over the object; where it keeps none, it is gone, as `proof` tells."""
        if self._look(check_key(key))[0] is not None:  # else each call would lay another marker
            self._call(lambda: self._client.remove_object(self.bucket, key), writing=True)

    def versions(self, key: str) -> list[Version]:
        out = []
        for v in reversed(self._versions(check_key(key))):
            if v.object_name == key:
                id_ = str(v.version_id or "null")
                info = self._call(lambda id_=id_: self._client.stat_object(self.bucket, key, version_id=id_), key=key)  # type: ignore[misc]
                at = v.last_modified.isoformat(timespec="seconds") if v.last_modified else ""
                out.append(Version(id_, sha256_of(info.metadata), int(info.size or 0), at, str(v.is_latest).lower() == "true"))
        return out

    def read_version(self, key: str, version: str) -> bytes:
        found = next((v for v in self.versions(key) if v.id == version), None)
        if found is None:
            raise NoSuchObject("no_such_object", object=key)
        data = self._read(key, version)
        if digest(data) != found.sha256:
            raise NotProved("not_proved", object=key)
        return data

    def earlier(self, due: Callable[[str], bool]) -> Iterator[tuple[str, bool]]:
        listed = self._client.list_objects(self.bucket, recursive=True, include_version=True)
        while (v := self._call(lambda: next(listed, None))) is not None:  # page by page: there may be millions
            key, version = str(v.object_name), str(v.version_id or "")
            name = f"{key}?versionId={version}"
            if v.is_delete_marker or str(v.is_latest).lower() == "true" or key.startswith(".") or not due(name):
                continue
            yield name, self._is_whole(key, version)

    def _is_whole(self, key: str, version: str) -> bool:
        def receive() -> bool:
            with closing(self._client.get_object(self.bucket, key, version_id=version)) as answer:
                return digest_chunks(answer.stream(CHUNK)) == sha256_of(answer.headers)

        return self._call(receive, key=key)

    def kept(self, key: str) -> Keep:
        return self._look(check_key(key))[1]

    def hold(self, prefix: str, on: bool) -> int:
        """The mark that makes later objects held comes first and goes last, so that a crash in between leaves more held, never less."""
        name = HOLDS + hold_name(prefix)
        self._held = None
        if on:
            self._call(lambda: self._client.put_object(self.bucket, name, io.BytesIO(b""), 0), writing=True)
        count = 0
        if self._locks():
            switch = self._client.enable_object_legal_hold if on else self._client.disable_object_legal_hold
            for v in self._versions(prefix):
                name_, id_ = str(v.object_name), v.version_id
                self._call(lambda n=name_, i=id_: switch(self.bucket, n, version_id=i), key=name_, writing=True)  # type: ignore[misc]
                count += 1
        if not on:
            self._call(lambda: self._client.remove_object(self.bucket, name), writing=True)
        return count

    def holds(self) -> list[str]:
        if self._held is None or time.monotonic() - self._held[0] > HOLDS_FOR:
            listed = self._call(lambda: [str(o.object_name) for o in self._client.list_objects(self.bucket, prefix=HOLDS, recursive=True)])
            self._held = time.monotonic(), sorted(held_prefix(n.removeprefix(HOLDS)) for n in listed)
        return self._held[1]

    def proof(self) -> Proof:
        """Two versions of an object of its own, the first locked for some seconds: is it there, and is its deletion refused?"""
        self._clear_probes()
        mode = self._mode if self._mode != "off" else "governance"
        locks, why = False, ""
        first, second = (f"{word} {time.time_ns()}".encode() for word in ("first", "second"))
        retention = Retention(mode.upper(), datetime.now(UTC) + timedelta(seconds=PROBE_SECONDS))

        def send(data: bytes, retention: Retention | None) -> str:
            return self._client.put_object(self.bucket, PROBE, io.BytesIO(data), len(data), retention=retention).version_id or ""

        id_ = ""
        try:
            id_ = self._client_call(lambda: send(first, retention))
        except S3Error as e:
            why = str(e.code)
            id_ = self._call(lambda: send(first, None), writing=True)
        if id_ and not why:
            try:
                self._client_call(lambda: self._client.remove_object(self.bucket, PROBE, version_id=id_))
            except S3Error as e:
                why = str(e.code)
            left = [v for v in self._versions(PROBE) if v.version_id == id_]
            locks = bool(why and left)
        self._call(lambda: send(second, None), writing=True)
        versions = s3_bucket.keeps_versions(self._client, self.bucket) and (
            not id_ or not locks or self._call(lambda: self._probe_version(id_)) == first
        )
        encrypted = self._call(lambda: s3_bucket.is_encrypted(self._client, self.bucket))
        self._call(lambda: self._client.remove_object(self.bucket, PROBE), writing=True)
        return Proof(str(self), versions, locks, encrypted, "" if locks else why or ("deleted" if id_ else "no_versions"))

    def sweep(self) -> int:
        """Nothing is swept: servers drop uploads that were never completed (MinIO within a day), and no reader ever sees them."""
        return 0

    # inside

    def _probe_version(self, id_: str) -> bytes:
        with closing(self._client.get_object(self.bucket, PROBE, version_id=id_)) as answer:
            return bytes(answer.read())

    def _clear_probes(self) -> None:
        for v in self._versions(PROBE):
            with suppress(MinioException):  # still locked: the next examination removes it
                self._client.remove_object(self.bucket, PROBE, version_id=v.version_id)

    def _versions(self, prefix: str) -> list[Any]:
        """Versions of everything below `prefix`, the latest of each key first, markers of deletion left out."""
        listed = self._call(lambda: list(self._client.list_objects(self.bucket, prefix=prefix, recursive=True, include_version=True)))
        return [v for v in listed if not v.is_delete_marker]

    def _look(self, key: str) -> tuple[ObjectInfo | None, Keep]:
        try:
            info = self._call(lambda: self._client.stat_object(self.bucket, check_key(key)), key=key)
        except NoSuchObject:
            return None, Keep()
        until = str(lower(info.metadata).get("x-amz-object-lock-retain-until-date", ""))[:10]
        return ObjectInfo(key, int(info.size or 0), sha256_of(info.metadata)), Keep(until=until)

    def _has(self, key: str, sha256: str, size: int) -> bool:
        try:
            info = self._client.stat_object(self.bucket, key)
        except S3Error as e:
            if e.code in MISSING:
                return False
            raise
        return sha256_of(info.metadata) == sha256 and int(info.size or 0) == size

    def _locks(self) -> bool:
        """Does the bucket have object lock, and is it wanted?"""
        if self._lock is None:
            self._lock = self._mode != "off" and self._call(lambda: s3_bucket.has_lock(self._client, self.bucket))
        return self._lock

    def _is_held(self, key: str) -> bool:
        return any(key.startswith(prefix) for prefix in self.holds())

    def _retain(self, key: str, until: str) -> None:
        if self._locks() and until > today():
            retention = Retention(self._mode.upper(), moment(until))
            self._call(lambda: self._client.set_object_retention(self.bucket, key, retention), key=key, writing=True)
