"""All settings, with the text that asks for them: `sohoa.toml` in the working folder plus `SOHOA_...` variables.

A nested setting is reached as `SOHOA_PAGE__MIN_DPI=200`.
"""

from __future__ import annotations

import hashlib
import json
import os
import tomllib
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError, TomlConfigSettingsSource

from pipeline.errors import UsageError
from pipeline.recognition import files

ROOT = Path(__file__).parents[1]


class Section(BaseModel):
    """A misspelt name is an error, not a setting without effect."""

    model_config = ConfigDict(extra="forbid")


class Intake(Section):
    """Guards against bombs and foreign files."""

    max_bytes: int = Field(2 * 1024**3, description="largest file taken, bytes")
    max_pages: int = Field(5000, description="most pages in one file")
    max_pixels: int = Field(250_000_000, description="most pixels in one page image (A0 at 400 dpi is 246 million)")
    page_timeout: float = Field(90.0, description="seconds one page may take to render or to read")
    settle: float = Field(3.0, description="seconds a file must lie unchanged in a served folder before it is taken")


class PageSettings(Section):
    """How a page is straightened and judged."""

    raster_dpi: int = Field(300, description="dpi for pages that have to be rendered; TT 05/2025/TT-BNV art. 8 asks 200, 300 for maps and drawings")
    min_dpi: int = Field(200, description="below this a page is doubtful; TT 05/2025/TT-BNV art. 8, NĐ 30/2020/NĐ-CP annex I part II")
    blank_ink: float = Field(0.0005, description="share of dark pixels inside the margins below which a page is blank")
    max_skew: float = Field(10.0, description="largest skew looked for, degrees either way")
    engine: Literal["auto", "batched", "pytesseract"] = Field(
        "auto", description="what reads: batched (own network), pytesseract (Tesseract), auto (batched, and doubtful pages by both)"
    )
    network: str = Field("office", description="network of the batched engine: office (the shipped one), or an installed Tesseract pack, as vie")
    context: bool = Field(True, description="weigh what the network doubts with the Vietnamese language model")
    languages: str = Field("vie", description="Tesseract languages")
    doubtful_quality: float = Field(0.95, description="share of words expected to be right below which a page is doubtful")
    failed_quality: float = Field(0.75, description="share of words expected to be right below which a page counts as unreadable")


class Archive(Section):
    """Where things are kept."""

    location: str = Field("var/archive", description="a folder, or s3://host:port/bucket (credentials from the environment or a file)")
    data: str = Field("var/data", description="catalogue and index of archives that are not folders")
    catalogue: str = Field(
        "", description="catalogue in PostgreSQL for several hosts: postgresql://HOST:PORT/DATABASE, without password; empty: SQLite beside the index"
    )
    quarantine: str = Field("", description="folder for files with a secrecy mark; empty: quarantine/ beside the archive's catalogue")
    pdfa_part: str = Field("2b", description="PDF/A part and level; TT 05/2025/TT-BNV sample package uses 2b")
    profile: Literal["archive", "compact"] = Field(
        "archive", description="pictures in the PDF: archive (the scan's own, nothing lost; TT 05/2025/TT-BNV), compact (small ones, to read from)"
    )
    check_days: int = Field(
        90,
        ge=0,
        description="days within which the nightly check reads every object once; 0: no check at night (QCVN 12:2026/BCA: periodic automatic check)",
    )
    audit_months: int = Field(
        12, ge=12, description="months for which the store refuses to delete the audit in the journal; QCVN 12:2026/BCA: logs of 12 months at least"
    )
    tls: bool = Field(True, description="TLS to S3 servers; loopback addresses are spoken to in the clear")
    encryption: Literal["auto", "on", "off"] = Field(
        "auto", description="encryption at rest by the S3 server: auto (where it has a key service), on (refuse a server without), off"
    )
    patience: float = Field(900.0, ge=0, description="seconds for which a batch waits for an S3 server that went away before it gives up")
    separate: tuple[Literal["public", "internal", "restricted", "confidential"], ...] = Field(
        ("confidential",),
        description="levels of sensitivity with a bucket (<bucket>-<level>) or folder (.<level>) of their own; QCVN 12:2026/BCA",
    )
    lock: Literal["governance", "compliance", "off"] = Field(
        "governance",
        description="object lock of new buckets: governance (lifted by who has a special right), compliance (by nobody before its time), off",
    )
    retention: dict[str, Annotated[int, Field(ge=0, le=100)]] = Field(
        default_factory=lambda: {"permanent": 99, "dossier": 5},
        description="years for which an object cannot be deleted, by type of paper, code of procedure, else permanent or dossier as the type says;"
        " 0: no lock (TT 10/2022/TT-BNV names no period for dossiers of one-stop offices: give the office's own list)",
    )


class Night(Section):
    """The unattended run."""

    cron: str = Field("0 22 * * *", description="when the night begins")
    timezone: str = Field("Asia/Ho_Chi_Minh", description="zone of the schedule")
    error_budget: float = Field(0.5, description="share of files that may fail before the batch stops, once 20 were tried")


class Review(Section):
    """What passes without a person's look: everything about a document above these, see `./sohoa bench understanding` for what is wrong of that."""

    type: float = Field(0.80, description="score of a type of paper below which somebody has to look")
    field: float = Field(0.80, description="confidence of a value below which somebody has to look")
    fields: dict[str, float] = Field(
        default_factory=lambda: {"issued_on": 0.60, "reference": 0.70},
        description="the same for single fields, instead of `field`: reference, issued_on, issuer, subject, signer ...",
    )
    same_page: int = Field(7, ge=0, le=7, description="bits in which the pictures of two pages may differ that count as one sheet scanned twice")


class Settings(BaseSettings):
    """Everything that can be set."""

    model_config = SettingsConfigDict(env_prefix="SOHOA_", env_nested_delimiter="__", extra="forbid")

    workers: int = Field(0, description="pages read at once; 0: one per core")
    intake: Intake = Intake()
    page: PageSettings = PageSettings()
    archive: Archive = Archive()
    night: Night = Night()
    review: Review = Review()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        path = Path(os.environ.get("SOHOA_CONFIG", "sohoa.toml"))
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, path)

    def pool_size(self) -> int:
        return self.workers or len(os.sched_getaffinity(0))

    def reading_digest(self) -> str:
        """Digest of what changes a reading: equal digests and equal bytes give an equal record."""
        what = {"page": self.page.model_dump(), "pdfa": self.archive.pdfa_part, "models": files.digest(self.page.network)}
        if self.archive.profile != "archive":
            what["profile"] = self.archive.profile
        return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:16]


@cache
def settings() -> Settings:
    """The settings of this process. Raises UsageError naming the setting that is wrong."""
    path = Path(os.environ.get("SOHOA_CONFIG", "sohoa.toml"))
    if "SOHOA_CONFIG" in os.environ and not path.is_file():
        raise UsageError("no_settings_file", name=str(path))
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        raise UsageError("bad_setting", setting=".".join(map(str, first["loc"])), why=first["msg"], name=str(path)) from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError("bad_settings_file", name=str(path), why=str(error)) from error
    except SettingsError as error:
        raise UsageError("bad_settings_file", name="SOHOA_...", why=str(error)) from error
