"""The progress bar: pages, rate, time left; on standard error, and only where somebody looks."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, SpinnerColumn, Task, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress
from rich.text import Text

from flows.batch import Outcome, Progress
from pipeline.messages import say
from pipeline.records import Page, PageState


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(say("rate", rate=round(speed * 60)) if speed else "", style="dim")


class Bar:
    """`with Bar() as bar: digitize(..., progress=bar.progress)`."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        self._bar = RichProgress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            _Rate(),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
            transient=True,
            refresh_per_second=4,  # a page takes longer, and each drawing takes time from the reading
        )
        self._task = self._bar.add_task(say("reading_pages"), total=None)
        self._pages = 0
        self._doubtful = 0
        self.progress = Progress(received=self._received, page=self._page, source=self._source)

    def _received(self, pages: int) -> None:
        self._pages += pages
        self._bar.update(self._task, total=self._pages)

    def _page(self, page: Page) -> None:
        self._doubtful += page.state in {PageState.DOUBTFUL, PageState.FAILED}
        text = say("reading_pages") + (f" [yellow]({say('doubtful_count', count=self._doubtful)})[/yellow]" if self._doubtful else "")
        self._bar.update(self._task, advance=1, description=text)

    def _source(self, outcome: Outcome) -> None:
        self._bar.refresh()

    def __enter__(self) -> Bar:
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._bar.stop()
