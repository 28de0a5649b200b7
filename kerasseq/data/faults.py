"""How a mistake in the data is told."""

from __future__ import annotations

from kerasseq.errors import DataError, Problem


def data_error(
    message: str, *, place: object = "", fix: str = "", allowed: tuple[str, ...] = ()
) -> DataError:
    """An error with its place, what would be right and how to mend it."""
    return DataError(str(Problem(message, str(place), allowed, fix)))
