"""How a mistake in the data is told."""

from __future__ import annotations

from dataclasses import replace

from kerasseq.errors import DataError, Problem


def data_error(
    message: str, *, place: object = "", fix: str = "", allowed: tuple[str, ...] = ()
) -> DataError:
    """An error with its place, what would be right and how to mend it."""
    return DataError(str(Problem(message, str(place), allowed, fix)))


class UnusableValue(DataError):
    """A value that a field cannot take.

    Args:
        value: As it stands in the data.
        message: What is wrong with it.
        allowed: What would be right.
        fix: How to mend it.
    """

    def __init__(self, value: str, message: str, *, allowed: tuple[str, ...] = (), fix: str = ""):
        self.value = value
        self._problem = Problem(message, "", allowed, fix)
        super().__init__(str(self._problem))

    def at(self, place: str) -> DataError:
        """The same error with its place."""
        return DataError(str(replace(self._problem, place=place)))
