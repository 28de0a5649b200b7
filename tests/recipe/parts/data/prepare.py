"""The data section."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kerasseq.specs import Feature, PositiveInt, Supplied


def prepare_data(
    *,
    path: str,
    features: dict[str, Feature],
    batch_size: PositiveInt = 64,
    folder: Supplied,
    writer: Supplied[Path | None] = None,
) -> Any:
    """Reads the data.

    Args:
        path: Of the file.
        features: One for each field.
        batch_size: Examples in a batch.
    """
