"""Another way to prepare data, which a model's file asks for."""

from __future__ import annotations

from kerasseq.specs import PositiveInt


def prepare_windows(*, path: str, window: PositiveInt = 24) -> None:
    """Cuts a series into windows.

    Args:
        path: The file.
        window: Steps of one window.
    """
