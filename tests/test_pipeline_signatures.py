"""Signatures as the file tells them: the certificate's name, else the one given; a time with its zone; broken ones give nothing, never an error."""

from __future__ import annotations

import datetime
import io
from pathlib import Path

import pikepdf
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st
from pikepdf import Array, Dictionary, Name, Pdf, String

from pipeline.intake import recognise
from pipeline.records import Signature, SourceFile
from pipeline.settings import Settings
from pipeline.signatures import iso_time, signatures
from tests import paper, sealed

START = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


def certificate(name: str, issuer: str, key: ec.EllipticCurvePrivateKey, by: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    def named(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    built = x509.CertificateBuilder().subject_name(named(name)).issuer_name(named(issuer)).public_key(key.public_key()).serial_number(7)
    return built.not_valid_before(START).not_valid_after(START + datetime.timedelta(days=365)).sign(by, hashes.SHA256())


@pytest.fixture(scope="module")
def cms() -> bytes:
    """A detached signature by a person's certificate, the issuer's before it in the message."""
    root, own = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca = certificate("CA Mẫu", "CA Mẫu", root, root)
    person = certificate("Nguyễn Văn Mẫu", "CA Mẫu", own, root)
    signed = pkcs7.PKCS7SignatureBuilder().set_data(b"bytes").add_signer(person, own, hashes.SHA256()).add_certificate(ca)
    return signed.sign(Encoding.DER, [pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary])


def pdf(tmp: Path, *values: Dictionary | None, whole: bool = True) -> Path:
    """A PDF whose form has one signature field for each of `values`."""
    with Pdf.open(io.BytesIO(paper.digital_pdf(pdfa=True))) as made:
        fields = [Dictionary(FT=Name.Sig, T=String(f"S{n}"), **({"V": made.make_indirect(v)} if v else {})) for n, v in enumerate(values)]
        made.Root.AcroForm = Dictionary(Fields=Array([made.make_indirect(f) for f in fields]), SigFlags=3)
        made.save(tmp / "signed.pdf")
    return tmp / "signed.pdf"


def value(**more: object) -> Dictionary:
    return Dictionary(Type=Name.Sig, ByteRange=Array([0, 10, 20, 30]), **more)


def test_the_certificate_says_who_signed(tmp_path: Path, cms: bytes) -> None:
    file = pdf(tmp_path, value(Contents=String(cms + bytes(500)), Name=String("Ai đó"), M=String("D:20260105090000+07'00'")))
    assert signatures(file) == (Signature("Nguyễn Văn Mẫu", "2026-01-05T09:00:00+07:00", False),)


def test_without_a_certificate_the_name_that_is_given_counts(tmp_path: Path, cms: bytes) -> None:
    broken = cms[:40] + b"\xff" * 30 + cms[70:]
    file = pdf(tmp_path, value(Contents=String(bytes(64)), Name=String("Trần  Thị\nThử")), None, value(Contents=String(broken), M=String("hôm qua")))
    assert signatures(file) == (Signature("Trần Thị Thử", "", False), Signature())


def test_a_sealed_file_is_told_whole_until_something_is_added(tmp_path: Path) -> None:
    data = sealed.seal(paper.digital_pdf(pdfa=True))
    (tmp_path / "a.pdf").write_bytes(data)
    (tmp_path / "b.pdf").write_bytes(data + b"\n% added\n")
    assert [s.whole for s in signatures(tmp_path / "a.pdf")] == [True]
    assert [s.whole for s in signatures(tmp_path / "b.pdf")] == [False]
    source = recognise(tmp_path / "a.pdf", "a.pdf", Settings())
    assert source.signed and len(source.signatures) == 1
    assert SourceFile.from_json(source.to_json()) == source
    old = {k: v for k, v in source.to_json().items() if k != "signatures"}
    assert SourceFile.from_json(old).signatures == (), "a manifest of before is read"


def test_broken_forms_and_files_give_nothing(tmp_path: Path) -> None:
    (tmp_path / "x.pdf").write_bytes(b"%PDF-1.7 nothing")
    assert signatures(tmp_path / "x.pdf") == () == signatures(tmp_path / "none.pdf")
    with Pdf.open(io.BytesIO(paper.digital_pdf(pdfa=True))) as made:
        loop = made.make_indirect(Dictionary(T=String("loop")))
        loop.Kids = Array([loop, 5, pikepdf.String("x")])
        odd = Dictionary(V=Dictionary(ByteRange=Array([String("a")]), Contents=5, Name=Name.X, M=7))
        made.Root.AcroForm = Dictionary(Fields=Array([loop, made.make_indirect(odd), 3]))
        made.save(tmp_path / "y.pdf")
    assert signatures(tmp_path / "y.pdf") == (Signature(),)


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("D:20261105114537+07'00'", "2026-11-05T11:45:37+07:00"),
        ("D:20261105114537+0700", "2026-11-05T11:45:37+07:00"),
        ("D:20261105114537Z", "2026-11-05T11:45:37+00:00"),
        ("D:20261105114537", "2026-11-05T11:45:37"),
        ("D:2026", "2026-01-01T00:00:00"),
        ("D:20261305", ""),
        ("2026-11-05", ""),
        ("", ""),
    ],
)
def test_times(text: str, iso: str) -> None:
    assert iso_time(text) == iso


@given(st.text(max_size=40))
def test_any_time_is_one_or_none(text: str) -> None:
    found = iso_time(f"D:{text}")
    assert not found or datetime.datetime.fromisoformat(found[:8] + "01" + found[10:])
