"""How a process shares the cores: within an operation, or among batches that are answered at once."""

from __future__ import annotations

import os

WITHIN_AN_OPERATION = "TF_NUM_INTRAOP_THREADS"  # TensorFlow reads it before its first operation
FEW_BATCHES = 2
MANY_BATCHES = 8


def one_thread_an_operation() -> None:
    """Gives TensorFlow a single thread for each operation, unless the environment has its own setting.

    The steps of a search are too small to be worth sharing out; batches side by side fill the cores instead,
    and of one batch its gates. It holds for the whole process, and only if nothing has run in it yet.
    """
    os.environ.setdefault(WITHIN_AN_OPERATION, "1")


def batches_at_once() -> int:
    """How many batches to answer side by side: two, or where an operation has one thread one more than cores.

    The one more keeps the cores at work while another batch's answers are read or its question is made.
    """
    return min(num_cores() + 1, MANY_BATCHES) if has_one_thread_an_operation() else FEW_BATCHES


def has_one_thread_an_operation() -> bool:
    """Whether operations are not shared out among the cores."""
    return os.environ.get(WITHIN_AN_OPERATION) == "1"


def num_cores() -> int:
    """The cores that this process may use, as TensorFlow counts them for its threads."""
    has_affinity = hasattr(os, "sched_getaffinity")
    return len(os.sched_getaffinity(0)) if has_affinity else os.cpu_count() or 1
