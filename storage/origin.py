"""Who changes an archive and from where: account, machine, command. Imports nothing heavy, for every command passes here."""

from __future__ import annotations

import getpass
import os
import socket
from functools import cache

#: Lengths that the catalogue's columns take.
WHO, HOST, COMMAND = 100, 100, 32

_command = ""


def set_command(name: str) -> None:
    """What this process does, as its audit rows shall say."""
    global _command  # noqa: PLW0603  one process, one command
    _command = name[:COMMAND]


def command() -> str:
    """Empty where the archive was opened by another program than the command line."""
    return _command


@cache
def account() -> str:
    try:
        return getpass.getuser()[:WHO]
    except (KeyError, OSError):  # a number without a name, as in containers
        return f"uid {os.getuid()}"


@cache
def host() -> str:
    return socket.gethostname()[:HOST]
