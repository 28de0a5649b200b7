"""What an epoch's logs have."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kerasseq.train.callbacks.gradient_clipping import GradientClipping
from kerasseq.train.callbacks.progress import Progress
from kerasseq.train.callbacks.scheduled_sampling import ScheduledSampling

VALIDATION = "validation_"


def logged_names(*, clipping: Any, scheduled_sampling: Any, measured: Iterable[str]) -> list[str]:
    """The names of all that a training logs, in the order of `history.csv`.

    Args:
        clipping: As for `train`.
        scheduled_sampling: As for `train`.
        measured: The figures of the validation split.
    """
    names = ["loss"]
    names += [] if clipping is None else GradientClipping(**clipping).logged
    names += [] if scheduled_sampling is None else ScheduledSampling(**scheduled_sampling).logged
    return [*names, *Progress.logged, *(f"{VALIDATION}{name}" for name in measured)]
