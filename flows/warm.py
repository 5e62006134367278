"""What every worker needs, imported once: `flows/pool.py` forks workers from a process that has imported this module and nothing else.

Nothing here may start a thread, open a file for good or read the environment into a cache: a fork would share it.
"""

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

gc.collect()
gc.freeze()  # else the first collection of every worker would write to, and so copy, all these pages of memory
