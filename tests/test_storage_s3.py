"""Objects on a real MinIO server: outages, lost answers, object lock, encryption, what a wrong location or secret gives."""

from __future__ import annotations

import io
import time
from pathlib import Path

import pytest
import urllib3

from pipeline.errors import Exit, NotProved, Unreachable, UsageError
from pipeline.settings import Archive, Settings
from storage.objects import digest, open_store
from storage.s3 import S3Store, credentials, is_loopback, parse_location
from tests.minio import bucket, minio  # noqa: F401  fixtures
from tests.test_storage_objects import put


def one(location: str, **settings: object) -> S3Store:
    """The one bucket of an archive without any kept apart."""
    store = open_store(location, Settings(archive=Archive(separate=(), **settings)))  # type: ignore[arg-type]
    assert isinstance(store, S3Store)
    return store


def test_a_server_that_does_not_answer_is_unreachable_within_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIO_ACCESS_KEY", "specimen")
    monkeypatch.setenv("MINIO_SECRET_KEY", "specimen-secret")
    begun = time.monotonic()
    with pytest.raises(Unreachable) as e:
        open_store("s3://127.0.0.1:9/sohoa", Settings())
    assert time.monotonic() - begun < 10
    assert e.value.exit_code is Exit.UNREACHABLE
    assert "specimen" not in str(e.value) + repr(e.value.facts)


def test_a_server_that_comes_back_is_not_noticed(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    store = one(bucket)
    real = urllib3.PoolManager.urlopen
    failures = iter([urllib3.exceptions.ProtocolError("reset"), urllib3.exceptions.ReadTimeoutError(None, "", "late")])  # type: ignore[arg-type]

    def urlopen(self: urllib3.PoolManager, *a: object, **k: object) -> object:
        if error := next(failures, None):
            raise error
        return real(self, *a, **k)  # type: ignore[arg-type]

    monkeypatch.setattr(urllib3.PoolManager, "urlopen", urlopen)
    put(store, "k", b"x")
    assert store.read("k") == b"x"
    assert next(failures, None) is None


def test_a_wrong_key_is_told_without_showing_it(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    monkeypatch.setenv("MINIO_SECRET_KEY", "not-the-right-one")
    with pytest.raises(Unreachable) as e:
        open_store(bucket, Settings())
    assert "not-the-right-one" not in str(e.value)
    assert e.value.key == "s3_denied"


def test_an_object_lost_on_the_server_is_not_proved(bucket: str) -> None:  # noqa: F811
    store = one(bucket)
    put(store, "k", b"right")
    store._client.put_object(store.bucket, "k", io.BytesIO(b"wrong"), 5, metadata={"sha256": digest(b"right")})
    with pytest.raises(NotProved):
        store.prove("k", digest(b"right"))


def test_reading_makes_no_bucket(bucket: str) -> None:  # noqa: F811
    with pytest.raises(UsageError):
        open_store(bucket, Settings(), create=False)


@pytest.mark.parametrize(
    ("location", "endpoint", "bucket_name"),
    [
        ("s3://127.0.0.1:9000/sohoa", "127.0.0.1:9000", "sohoa"),
        ("s3://minio.example.vn/a-b", "minio.example.vn", "a-b"),
        ("s3://[::1]:9000/abc/", "[::1]:9000", "abc"),
    ],
)
def test_locations(location: str, endpoint: str, bucket_name: str) -> None:
    assert parse_location(location) == (endpoint, bucket_name)


@pytest.mark.parametrize("location", ["s3://", "s3://host", "s3://host/B", "s3://u:p@host/bucket", "http://host/bucket", "ftp://x"])
def test_what_is_no_location_is_a_usage_error_that_shows_no_secret(location: str) -> None:
    with pytest.raises(UsageError) as e:
        open_store(location, Settings())
    assert "u:p" not in str(e.value)


def test_tls_unless_loopback() -> None:
    assert is_loopback("127.0.0.1:9000") and is_loopback("localhost:9000") and is_loopback("[::1]:9000")
    assert not is_loopback("10.0.0.1:9000") and not is_loopback("localhost.example.vn:9000")


def test_credentials_come_from_a_file_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "credentials"
    file.write_text('# of the archive\nexport AWS_ACCESS_KEY_ID="from-file"\nAWS_SECRET_ACCESS_KEY=abc=def\n')
    monkeypatch.setenv("MINIO_ROOT_USER", "env")
    monkeypatch.setenv("MINIO_ROOT_PASSWORD", "env-secret")
    for name in ("MINIO_ACCESS_KEY", "MINIO_SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SOHOA_CREDENTIALS", str(file))
    assert credentials() == ("from-file", "abc=def")
    monkeypatch.delenv("SOHOA_CREDENTIALS")
    assert credentials() == ("env", "env-secret")
    monkeypatch.delenv("MINIO_ROOT_PASSWORD")
    with pytest.raises(UsageError):
        credentials()
