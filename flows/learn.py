"""The model of types learns from what people put right; it is replaced only by one that is not worse."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from classifiers import learning, model
from pipeline.errors import NotWritten
from pipeline.messages import say
from pipeline.records import Page, Record
from pipeline.settings import Settings
from storage.archive import Archive
from storage.review import TYPE


@dataclass(frozen=True)
class Learning(Record):
    """What became of one run."""

    corrections: int  #: papers that people have put right or confirmed, the latest word on each
    replaced: bool
    reason: str  #: nothing_new, replaced, or worse: the old model stays
    pages: int  #: of the frozen truth
    right_before: int
    right_after: int
    settled_before: int  #: of the corrected papers, how many the model takes for what people say they are
    settled_after: int
    digest: str  #: of the model in use from now on

    def text(self) -> str:
        return say(f"learned_{self.reason}", **self.to_json())


def learn(location: str, settings: Settings, *, anew: bool = False) -> Learning:
    """Fit the model to the shipped base and the archive's corrections, and put it into its place if it is not worse than the one in use.

    Not worse: on the frozen truth at least as many right and no surer of what is wrong, and of the corrected papers at least as many right. Without
    corrections nothing is fitted, unless `anew`. The same corrections give the same model. Raises NotWritten.
    """
    with Archive.open(location, settings, write=False) as archive:
        said = list(corrections(archive))
    old, truth = model.current(), learning.frozen_truth()
    put_right = learning.of_corrections(said)
    before, settled = learning.measure(old, truth), learning.measure(old, put_right)
    same = Learning(len(said), False, "nothing_new", before.pages, before.right, before.right, settled.right, settled.right, old.digest)
    if not said and not anew:
        return same
    for trust in learning.TRUST if said else learning.TRUST[:1]:
        new = learning.fit_papers(learning.base(), put_right, trust)
        if new.digest == old.digest:
            return same
        after, settled_after = learning.measure(new, truth), learning.measure(new, put_right)
        better = after.not_worse(before) and settled_after.right >= settled.right
        if better:
            break
    if better:
        try:
            learning.keep(new, model.office_model())
        except OSError as error:
            raise NotWritten("output_not_written", name=str(model.office_model()), why=error.strerror or say("os_error_unknown")) from error
    reason, digest = ("replaced", new.digest) if better else ("worse", old.digest)
    return Learning(len(said), better, reason, before.pages, before.right, after.right, settled.right, settled_after.right, digest)


def corrections(archive: Archive) -> Iterator[tuple[Sequence[Page], str]]:
    """The pages of each paper whose type a person has said, and that type; the last word on a paper counts."""
    latest = {(c.source, c.pages): c.after for c in archive.corrections() if c.field == TYPE and c.pages}
    for (source, numbers), name in latest.items():
        pages = archive.catalogue.pages(source, numbers)
        if pages:
            yield pages, name
