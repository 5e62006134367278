"""What every worker needs, imported once: `flows/pool.py` forks workers from a process that has imported this module and nothing else.

Nothing here may start a thread, open a file for good or read the environment into a cache: a fork would share it.
"""

import contextlib
import ctypes
import gc

import pikepdf.pdfa

import classifiers
import flows.jobs
import flows.reading
import pipeline.alto
import pipeline.page
import pipeline.pdfa
import pipeline.recognition.models

__all__ = ["classifiers", "flows", "pikepdf", "pipeline"]

#: glibc's mallopt: from which size on memory comes from the kernel and goes back to it at once, and how much of the rest is kept, bytes.
_MMAP_THRESHOLD, _TRIM_THRESHOLD = -3, -1
_LARGEST, _KEPT = 64 << 20, 128 << 20

gc.collect()
gc.freeze()  # else the first collection of every worker would write to, and so copy, all these pages of memory
gc.set_threshold(50_000, 20, 100)  # a page makes thousands of small tuples and no cycles to speak of
with contextlib.suppress(OSError, AttributeError):  # another C library
    # every page needs arrays of the same few megabytes: fetched from the kernel each time they cost a twentieth of the page
    libc = ctypes.CDLL(None)
    libc.mallopt(_MMAP_THRESHOLD, _LARGEST)
    libc.mallopt(_TRIM_THRESHOLD, _KEPT)
