"""What the guides say exists: commands with their options, settings, links; both languages have the same pages."""

from __future__ import annotations

import re
import shlex
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from pydantic import BaseModel

from benchmarks.__main__ import BENCHMARKS
from benchmarks.__main__ import parser as bench_parser
from pipeline.settings import Settings
from storage.postgres import PASSWORD, USER

ROOT = Path(__file__).parents[1]
FOLDERS = ("docs", "deploy", "samples", "benchmarks", "pipeline", "tests")
PAGES = sorted([*ROOT.glob("*.md"), *(page for folder in FOLDERS for page in (ROOT / folder).rglob("*.md"))])
GUIDES = [p for p in PAGES if p.name != "CHANGELOG.md"]
#: Answered by the bootstrap script; their arguments are those of pytest and of the benchmarks.
BY_SCRIPT = {"test", "bench"}
#: Variables that are no settings: where settings, credentials and the language come from, and switches of single rooms.
NOT_SETTINGS = {"SOHOA_CONFIG", "SOHOA_LANG", "SOHOA_CREDENTIALS", "SOHOA_EMBEDDED", "SOHOA_DEBUG", "SOHOA_CORPUS"} | {USER, PASSWORD}

_COMMAND = re.compile(r"(?:\./|/opt/sohoa/)sohoa[ \t]+([^`\n|&;]*)")
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_SETTING = re.compile(r"`((?:intake|page|archive|night)\.[a-z_0-9]+)")


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def commands() -> dict[str, Any]:
    from flows.cli import _command

    found: dict[str, Any] = _command().commands  # type: ignore[attr-defined]
    return found


def options(command: str) -> set[str]:
    return {o for p in commands()[command].params for o in (*p.opts, *p.secondary_opts)} | {"-h", "--help"}


def bench_options(benchmark: str) -> set[str]:
    return set(re.findall(r"--[a-z-]+", _bench_help(benchmark)))


@cache
def _bench_help(benchmark: str) -> str:
    (names,) = (a for a in bench_parser()._actions if hasattr(a, "choices") and a.choices)
    return str(names.choices[benchmark].format_help())


def calls(text: str) -> Iterator[list[str]]:
    """Every `./sohoa …` of a page as words, without what is a comment."""
    for match in _COMMAND.finditer(text):
        line = re.split(r"\s{2,}#|\s#\s", match[1])[0].strip()
        try:
            yield shlex.split(line)
        except ValueError:  # a quotation that the page breaks off
            yield line.split()


@pytest.mark.parametrize("page", GUIDES, ids=name)
def test_every_command_of_the_guides_exists(page: Path) -> None:
    for words in calls(page.read_text(encoding="utf-8")):
        if not words or words[0].startswith("-") or words[0] in {"COMMAND", "LỆNH"}:
            assert set(words) <= {"--help", "COMMAND", "LỆNH"}, words
            continue
        command = words[0].strip("…,.")
        assert command in commands(), f"{name(page)}: ./sohoa {command}"
        given = {w.split("=")[0] for w in words[1:] if re.fullmatch(r"-[a-z]|--[a-z][a-z-]*(=.*)?", w)}
        if command == "bench":
            given -= bench_options(words[1] if len(words) > 1 and words[1] in BENCHMARKS else "reading")
        if command != "test":
            assert given <= options(command) | ({"-h"} if command in BY_SCRIPT else set()), f"{name(page)}: {' '.join(words)}"


def test_the_guides_name_every_command() -> None:
    for language in ("en", "vi"):
        text = "\n".join(p.read_text(encoding="utf-8") for p in (ROOT / "docs" / language).glob("*.md"))
        told = {words[0] for words in calls(text) if words}
        assert set(commands()) - BY_SCRIPT <= told, language
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert {words[0] for words in calls(readme)} >= {"digitize", "test", "search", "show", "get", "read", "night", "minio", "bench"}


def anchors(text: str) -> set[str]:
    """Anchors of the headings, as a forge makes them."""
    heads = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", unicodedata.normalize("NFC", h).lower()).replace(" ", "-") for h in heads}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_relative_link_resolves(page: Path) -> None:
    for link in _LINK.findall(page.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / unquote(path)).resolve() if path else page
        assert target.exists(), f"{name(page)}: {link}"
        assert target.is_relative_to(ROOT), f"{name(page)}: {link}"
        if anchor:
            assert anchor in anchors(target.read_text(encoding="utf-8")), f"{name(page)}: {link}"


def listed(language: str) -> list[Path]:
    """Pages of an index, in its order."""
    index = ROOT / "docs" / language / "README.md"
    rows = re.findall(r"^\| \[[^\]]+\]\(([^)]+)\)", index.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return [(index.parent / row).resolve() for row in rows]


def test_both_indexes_list_the_same_pages() -> None:
    english, vietnamese = listed("en"), listed("vi")
    assert len(english) >= 3
    assert len(english) == len(vietnamese)
    for one, other in zip(english, vietnamese, strict=True):
        for page, twin in ((one, other), (other, one)):
            assert twin in [(page.parent / link).resolve() for link in _LINK.findall(page.read_text(encoding="utf-8"))], name(page)


@pytest.mark.parametrize("language", ["en", "vi"])
def test_the_index_lists_all_pages_there_are(language: str) -> None:
    assert set(listed(language)) == {p for p in (ROOT / "docs" / language).glob("*.md") if p.name != "README.md"}


def test_twins_have_the_same_parts() -> None:
    for english, vietnamese in zip(listed("en"), listed("vi"), strict=True):
        shapes = []
        for page in (english, vietnamese):
            text = page.read_text(encoding="utf-8")
            rows = sum(line.startswith("|") for line in text.splitlines())
            shapes.append((len(re.findall(r"^## ", text, flags=re.MULTILINE)), text.count("```"), rows))
        assert shapes[0] == shapes[1], name(english)


def settings_names() -> set[str]:
    """`night.cron` and the like, and top names."""
    out = set()
    for top, info in Settings.model_fields.items():
        kind = info.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            out |= {f"{top}.{inner}" for inner in kind.model_fields}
        else:
            out.add(top)
    return out


@pytest.mark.parametrize("page", GUIDES, ids=name)
def test_every_setting_of_the_guides_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    known = settings_names()
    assert set(_SETTING.findall(text)) <= known
    for variable in set(re.findall(r"SOHOA_[A-Z][A-Z0-9_]*[A-Z0-9]", text)) - NOT_SETTINGS:
        assert variable.removeprefix("SOHOA_").lower().replace("__", ".") in known, f"{name(page)}: {variable}"


@pytest.mark.parametrize("page", GUIDES, ids=name)
def test_every_toml_example_sets_what_can_be_set(page: Path) -> None:
    import tomllib

    for block in re.findall(r"```toml\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL):
        example = tomllib.loads(block)
        sections = {top: value for top, value in example.items() if isinstance(value, dict)}
        told = (example.keys() - sections.keys()) | {f"{top}.{inner}" for top, value in sections.items() for inner in value}
        assert told <= settings_names()
        Settings.model_validate(example)


def test_the_operator_pages_tell_every_exit_code() -> None:
    from pipeline.errors import Exit

    for page in ("en/operator.md", "vi/van-hanh.md"):
        rows = set(re.findall(r"^\| (\d+) \|", (ROOT / "docs" / page).read_text(encoding="utf-8"), flags=re.MULTILINE))
        assert rows == {str(int(code)) for code in Exit}, page


def test_the_scanning_pages_tell_every_state() -> None:
    import tomllib

    from pipeline.records import PageState

    words = tomllib.loads((ROOT / "flows" / "messages.toml").read_text(encoding="utf-8"))
    for page, language in (("en/scanning.md", "en"), ("vi/quet.md", "vi")):
        rows = set(re.findall(r"^\| ([^|]+?) \|", (ROOT / "docs" / page).read_text(encoding="utf-8"), flags=re.MULTILINE))
        assert {words[f"state_{state.value}"][language] for state in PageState} <= rows, page


def test_the_compose_file_matches_what_is_pinned() -> None:
    import yaml

    from storage.minio_server import MODULE

    services = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text(encoding="utf-8"))["services"]
    assert MODULE in services["minio"]["build"]["dockerfile_inline"]
    pinned = re.search(r"^prefect==(\S+)", (ROOT / "requirements.lock").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert pinned is not None
    assert services["prefect"]["image"].split(":")[1].startswith(pinned[1] + "-")
    assert all(port.startswith("127.0.0.1:") for service in services.values() for port in service["ports"])


def test_the_unit_runs_a_command_that_exists() -> None:
    unit = (ROOT / "deploy" / "sohoa-night.service").read_text(encoding="utf-8")
    (call,) = calls("\n".join(re.findall("^ExecStart=.*$", unit, flags=re.MULTILINE)))
    assert call[0] == "night"
    assert {w for w in call if w.startswith("-")} <= options("night")


def test_the_picture_is_small_enough() -> None:
    from PIL import Image

    path = ROOT / "docs" / "picture.png"
    assert path.stat().st_size <= 400_000
    with Image.open(path) as picture:
        assert 600 <= picture.width <= 1200
