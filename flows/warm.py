"""What every worker needs, imported, loaded and tried once: `flows/pool.py` forks workers from a process that has imported this module.

Nothing here may start a thread, open a file for good or read the environment into a cache: a fork would share it.
"""

import contextlib
import ctypes
import gc

gc.disable()  # importing makes much and leaves next to nothing to collect

import numpy.ma  # noqa: E402  a median imports it
import pikepdf.pdfa  # noqa: E402
import PIL.Image  # noqa: E402
import PIL.TiffImagePlugin  # noqa: E402  not among those that PIL loads itself before it loads all forty

import classifiers  # noqa: E402
import flows.jobs  # noqa: E402
import flows.reading  # noqa: E402
import pipeline.alto  # noqa: E402
import pipeline.page  # noqa: E402
import pipeline.pdfa  # noqa: E402
import pipeline.recognition.models  # noqa: E402
from pipeline.handwriting.reader import reader  # noqa: E402
from pipeline.recognition.files import OFFICE  # noqa: E402
from pipeline.records import Line, Page, PageState, Reading, SourceFile, Word  # noqa: E402

__all__ = ["PIL", "classifiers", "flows", "numpy", "pikepdf", "pipeline"]

#: glibc's mallopt: from which size on memory comes from the kernel and goes back to it at once, and how much of the rest is kept, bytes.
_MMAP_THRESHOLD, _TRIM_THRESHOLD = -3, -1
_LARGEST, _KEPT = 64 << 20, 128 << 20

#: A letter that has of each kind of thing one: what is understood of it asks for all tables and patterns, which are made when first asked for.
_LETTER = """ỦY BAN NHÂN DÂN CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM
Số: 12/QĐ-UBND Hà Nội, ngày 01 tháng 02 năm 2026
QUYẾT ĐỊNH
Về việc giao nhiệm vụ
Căn cứ Nghị định số 30/2020/NĐ-CP ngày 05 tháng 3 năm 2020 của Chính phủ;
Điều 1. Họ và tên: Nguyễn Văn A, sinh ngày 01/02/1990, số định danh cá nhân: 001090000001
Nơi nhận: KT. CHỦ TỊCH
- Như Điều 1; PHÓ CHỦ TỊCH
- Lưu: VT. Trần Thị B"""


def _rehearse() -> None:
    """Loads the shipped networks, the language model and what understanding goes by, so that no worker has to; what is broken it will find itself."""
    PIL.Image.preinit()
    with contextlib.suppress(Exception):
        pipeline.recognition.models.network(OFFICE)
    with contextlib.suppress(Exception):
        pipeline.recognition.models.language()
    with contextlib.suppress(Exception):
        reader()
    with contextlib.suppress(Exception):
        classifiers.understand(SourceFile("", "", "0" * 64, 0, "application/pdf", "pdf", 1), (_page(),))


def _page() -> Page:
    lines = []
    for number, text in enumerate(_LETTER.splitlines()):
        top = 0.05 + 0.03 * number
        words = text.split()
        at = [0.1 + 0.8 * n / len(words) for n in range(len(words) + 1)]
        shown = tuple(Word(w, (at[n], top, at[n + 1] - 0.005, top + 0.012), 0.99) for n, w in enumerate(words))
        lines.append(Line(shown, (0.1, top, 0.9, top + 0.012)))
    return Page(1, PageState.GOOD, width=2480, height=3508, dpi=300.0, quality=0.99, reading=Reading(tuple(lines), 0.99, 0.99, 0.99))


_rehearse()
gc.freeze()  # else the first collection of every worker would write to, and so copy, all these pages of memory
gc.set_threshold(50_000, 20, 100)  # a page makes thousands of small tuples and no cycles to speak of
gc.enable()
with contextlib.suppress(OSError, AttributeError):  # another C library
    # every page needs arrays of the same few megabytes: fetched from the kernel each time they cost a twentieth of the page
    libc = ctypes.CDLL(None)
    libc.mallopt(_MMAP_THRESHOLD, _LARGEST)
    libc.mallopt(_TRIM_THRESHOLD, _KEPT)
