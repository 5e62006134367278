"""How long a server that does not answer is waited for, and what people hear of it meanwhile."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator

from pipeline.messages import say

#: Waits between the first tries, seconds: a hiccup is over within them.
BACKOFF = (0.2, 0.6, 1.5)

#: Longest wait between two later tries, seconds: a server that is back is noticed soon.
LONGEST = 15.0


def _to_stderr(text: str) -> None:
    sys.stderr.write(f"\nsohoa: {text}\n")
    sys.stderr.flush()


class Patience:
    """Waits for one store; the clock that counts never jumps."""

    def __init__(self, seconds: float = 0.0, tell: Callable[[str], object] = _to_stderr) -> None:
        self.seconds = seconds  #: how long a server may be away; 0: only the hiccup of BACKOFF is waited for
        self._tell = tell
        self._away_since: float | None = None

    def waits(self) -> Iterator[float]:
        """Seconds to wait before each further try, until it has been long enough."""
        begun = time.monotonic()
        yield from BACKOFF
        wait = 2 * BACKOFF[-1]
        while (left := self.seconds - (time.monotonic() - begun)) > 0:
            yield min(wait, left)
            wait = min(2 * wait, LONGEST)

    def away(self, where: str, error: str, wait: float) -> None:
        """The server did not answer: told once, as soon as it is no hiccup any more."""
        if wait > BACKOFF[-1] and self._away_since is None:
            self._away_since = time.monotonic()
            self._tell(say("store_away", where=where, error=error, minutes=max(1, round(self.seconds / 60))))

    def back(self, where: str) -> None:
        """It answered; told where its absence was."""
        if self._away_since is not None:
            seconds, self._away_since = time.monotonic() - self._away_since, None
            self._tell(say("store_back", where=where, seconds=round(seconds)))
