"""What Sohoa says to people, in Vietnamese and English, from the `messages.toml` of each room."""

from __future__ import annotations

import os
import tomllib
from functools import cache
from pathlib import Path

ROOMS = ("pipeline", "classifiers", "storage", "flows")


def language() -> str:
    """`vi` or `en`: SOHOA_LANG first, then the locale; Vietnamese unless English is asked for."""
    asked = os.environ.get("SOHOA_LANG") or os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return "en" if asked.lower().startswith(("en", "c.", "posix")) or asked == "C" else "vi"


@cache
def _catalogue() -> dict[str, dict[str, str]]:
    out: dict[str, dict[str, str]] = {}
    for room in ROOMS:
        path = Path(__file__).parents[1] / room / "messages.toml"
        if path.exists():
            out.update(tomllib.loads(path.read_text(encoding="utf-8")))
    return out


class _Facts(dict[str, object]):
    """What a message may name; what nobody told is shown as an ellipsis, for a message must not fail over its words."""

    def __missing__(self, name: str) -> str:
        return "…"


def say(key: str, /, **facts: object) -> str:
    """The message `key` with its facts filled in; a key that no room knows is returned as it is."""
    entry = _catalogue().get(key)
    return entry[language()].format_map(_Facts(facts)) if entry else key


def in_every_language(key: str) -> tuple[str, ...]:
    """What the message `key` is in each language, without facts."""
    return tuple(_catalogue().get(key, {}).values())
