"""Objects on a real MinIO server: outages, lost answers, object lock, encryption, what a wrong location or secret gives."""

from __future__ import annotations

import base64
import contextlib
import io
import socket
import socketserver
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3
from minio.error import S3Error

from pipeline.errors import Exit, NotProved, NotWritten, SohoaError, Unreachable, UsageError
from pipeline.settings import Archive, Settings
from storage import s3_bucket
from storage.minio_server import Server, start
from storage.objects import Keep, digest, open_store
from storage.s3 import S3Store, credentials, is_loopback, parse_location
from tests.minio import bucket, minio  # noqa: F401  fixtures
from tests.test_storage_objects import put

SECRET = "specimen-secret-0003"  # of servers that live for a test


@pytest.fixture
def own(tmp_path: Path, minio: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with start(tmp_path / "server", user="specimen", secret=SECRET) as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        yield server


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


def test_a_server_that_comes_back_is_not_noticed(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_a_wrong_key_is_told_without_showing_it(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIO_SECRET_KEY", "not-the-right-one")
    with pytest.raises(Unreachable) as e:
        open_store(bucket, Settings())
    assert "not-the-right-one" not in str(e.value)
    assert e.value.key == "s3_denied"


def test_an_object_lost_on_the_server_is_not_proved(bucket: str) -> None:
    store = one(bucket)
    put(store, "k", b"right")
    store._client.put_object(store.bucket, "k", io.BytesIO(b"wrong"), 5, metadata={"sha256": digest(b"right")})
    with pytest.raises(NotProved):
        store.prove("k", digest(b"right"))


def test_reading_makes_no_bucket(bucket: str) -> None:
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


# what the server itself refuses


def destroy(store: S3Store, key: str) -> list[str]:
    """Try to destroy every version of a key past Sohoa, with the rights it has; what the server says to each."""
    said = []
    for v in store.versions(key):
        try:
            store._client.remove_object(store.bucket, key, version_id=v.id)
            said.append("destroyed")
        except S3Error as e:
            said.append(str(e.code))
    return said


def test_the_server_destroys_nothing_that_is_under_retention(bucket: str) -> None:
    store = one(bucket)
    put(store, "originals/aa/a.pdf", b"x", Keep(until="2090-01-01"))
    put(store, "originals/aa/a.pdf", b"y")
    put(store, "originals/aa/b.pdf", bytes(17 << 20), Keep(until="2090-01-01"))
    assert "destroyed" not in destroy(store, "originals/aa/a.pdf") + destroy(store, "originals/aa/b.pdf")
    assert [v.size for v in store.versions("originals/aa/a.pdf")] == [1, 1], "the later version is kept as long as the earlier"
    assert str(store._client.get_object_retention(store.bucket, "originals/aa/a.pdf").mode) == "GOVERNANCE"  # type: ignore[union-attr]


def test_compliance_is_asked_for_where_it_is_set(bucket: str) -> None:
    store = one(bucket, lock="compliance")
    put(store, "originals/aa/a.pdf", b"x", Keep(until="2090-01-01"))
    assert str(store._client.get_object_retention(store.bucket, "originals/aa/a.pdf").mode) == "COMPLIANCE"  # type: ignore[union-attr]


def test_the_server_destroys_nothing_that_is_under_hold_earlier_and_later(bucket: str) -> None:
    store = one(bucket)
    put(store, "dossiers/H/1.json", b"first")
    put(store, "dossiers/H/1.json", b"second")
    assert store.hold("dossiers/H/", True) == 2
    put(store, "dossiers/H/1.json", b"third")
    put(store, "dossiers/H/2.json", b"new")
    assert "destroyed" not in destroy(store, "dossiers/H/1.json") + destroy(store, "dossiers/H/2.json")
    assert one(bucket).holds() == ["dossiers/H/"], "another process knows of it"
    assert store.hold("dossiers/H/", False) == 4
    assert destroy(store, "dossiers/H/2.json") == ["destroyed"]


def test_a_bucket_without_lock_is_told_plainly(bucket: str) -> None:
    """As one made by hand, or by an older Sohoa: versions can still be switched on, the lock cannot."""
    endpoint, name = parse_location(bucket)
    s3_bucket.connect(endpoint, tls=False).make_bucket(name)
    before = one(bucket)
    put(before, "originals/aa/a.pdf", b"x", Keep(until="2090-01-01"))
    proof = before.proof()
    assert (proof.versions, proof.locks) == (True, False)
    assert proof.why == "InvalidRequest"
    assert before.hold("originals/aa/a.", True) == 0, "no version is held by the server"


def test_a_server_that_lets_locked_objects_go_is_found_out(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some servers take the headers of a lock and forget them: as if no retention had been sent."""
    store = one(bucket)
    real = store._client.put_object

    def forgets(*a: Any, retention: object = None, **k: Any) -> Any:
        del retention
        return real(*a, **k)

    monkeypatch.setattr(store._client, "put_object", forgets)
    proof = store.proof()
    assert (proof.versions, proof.locks, proof.why) == (True, False, "deleted")


def test_what_arrives_altered_is_refused_by_the_server(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store = one(bucket)
    monkeypatch.setattr("storage.s3.digest", lambda data: digest(b"what was received"))
    with pytest.raises(NotWritten) as e:
        store.put("originals/aa/a.pdf", b"what was altereD!", sha256=digest(b"what was received"), media_type="x")
    assert e.value.key == "s3_altered_on_the_way"
    assert store.versions("originals/aa/a.pdf") == []


# encryption at rest


def test_a_server_with_a_key_service_encrypts(tmp_path: Path, minio: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    key = base64.b64encode(bytes(range(32))).decode()
    with start(tmp_path / "server", user="specimen", secret=SECRET, more={"MINIO_KMS_SECRET_KEY": f"specimen-key:{key}"}) as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        store = one(server.location("sealed"), encryption="on")
        content = b"nobody reads this on the disk " * 10
        put(store, "originals/aa/a.pdf", content, Keep(until="2090-01-01"))
        big = content * 70_000
        put(store, "originals/aa/big.pdf", big)
        assert store.read("originals/aa/a.pdf") == content
        store.prove("originals/aa/big.pdf", digest(big))
        assert store.proof().encrypted is True
        on_disk = b"".join(p.read_bytes() for p in (tmp_path / "server/sealed").rglob("*") if p.is_file())
        assert content[:30] not in on_disk


def test_a_server_without_one_is_refused_only_where_it_must_be(bucket: str) -> None:
    assert one(bucket).proof().encrypted is False
    with pytest.raises(UsageError) as e:
        one(bucket, encryption="on")
    assert e.value.key == "no_encryption"


# TLS


@pytest.fixture
def sealed(own: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Path]]:
    """Endpoint of the server behind TLS, and the certificate that a client has to trust for it; loopback counts as any other address."""
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=specimen -addext subjectAltName=IP:127.0.0.1"
    subprocess.run([*command.split(), "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    behind = own.endpoint.split(":")
    monkeypatch.setattr(s3_bucket, "is_loopback", lambda endpoint: False)

    def pump(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    class Seal(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with (
                contextlib.suppress(OSError),
                context.wrap_socket(self.request, server_side=True) as client,
                socket.create_connection((behind[0], int(behind[1]))) as server,
            ):
                up = threading.Thread(target=pump, args=(client, server), daemon=True)
                up.start()
                pump(server, client)
                up.join(5)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Seal) as proxy:
        proxy.daemon_threads = True
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{proxy.server_address[1]}", certificate
        proxy.shutdown()


def test_tls_is_spoken_and_a_stranger_is_not_trusted(sealed: tuple[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint, certificate = sealed
    begun = time.monotonic()
    with pytest.raises(Unreachable):
        one(f"s3://{endpoint}/sealed")
    assert time.monotonic() - begun < 10
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    store = one(f"s3://{endpoint}/sealed")
    put(store, "originals/aa/a.pdf", b"x", Keep(until="2090-01-01"))
    put(store, "originals/aa/b.pdf", bytes(17 << 20))
    store.prove("originals/aa/b.pdf", digest(bytes(17 << 20)))
    assert store.proof().locks
    with pytest.raises(SohoaError):
        one(f"s3://{endpoint}/sealed", tls=False)
