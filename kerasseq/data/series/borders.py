"""Where the splits of series begin: at dates, so that nothing that is later is learned from."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from kerasseq.data.faults import data_error
from kerasseq.data.series.dates import parse_dates, written
from kerasseq.specs import PositiveInt, Range, check_arguments

Extent = Annotated[int, Range(gt=0)] | Annotated[float, Range(gt=0, lt=1)] | str


class Borders:
    """Cuts series by time: the training part first, then validation, then test.

    All series are cut at the same dates. What is forecast lies within its split; the history before it may
    reach back into the split before.

    Args:
        train: Rows of the training part, from the first date on; null: all that the others leave.
        validation: The share or number of all dates that the validation split has, or the date where it
            begins.
        test: The same of the test split; null: there is none.
        end: The date where the test split ends; null: after its rows, or with the data.
    Raises:
        ValueError: If a share or a number is out of its range.
    """

    def __init__(
        self,
        *,
        train: PositiveInt | None = None,
        validation: Extent = 0.1,
        test: Extent | None = 0.2,
        end: str | None = None,
    ):
        check_arguments(Borders.__init__, train=train)
        for name, part in (("validation", validation), ("test", test)):
            if not (part is None or isinstance(part, str)) and not (
                part > 0 and (part < 1 or part == int(part))
            ):
                raise ValueError(
                    f"`{name}` must be a share below 1, a number of rows or a date. Received: {name}={part!r}"
                )
        self.train, self.validation, self.test, self.end = train, validation, test, end

    def spans(self, dates: np.ndarray) -> dict[str, tuple[int, int]]:
        """For each split its first date, and the one where it is over, in seconds since 1970.

        Args:
            dates: All dates of all series, rising, each once.
        Raises:
            DataError: If a split would be empty.
        """
        over = int(dates[-1]) + 1
        stop = len(dates) if self.end is None else int(np.searchsorted(dates, _seconds("end", self.end)))
        sizes = {"validation": _size("validation", self.validation, dates), "test": 0}
        if self.test is not None:
            sizes["test"] = _size("test", self.test, dates)
        if self.train is not None:
            counted = [size for size in sizes.values() if size is not None]
            stop = min(stop, self.train + sum(counted)) if len(counted) == len(sizes) else stop
        test = stop - sizes["test"] if sizes["test"] is not None else self._row("test", dates)
        first = (
            test - sizes["validation"] if sizes["validation"] is not None else self._row("validation", dates)
        )
        train = first if self.train is None else self.train
        if train > first >= 0:
            message = f"`data.split` asks for {train:,} training rows, and validation begins behind {first:,}"
            raise data_error(message, fix="give fewer rows to a split")
        rows = {"train": (0, train), "validation": (first, test), "test": (test, stop)}
        if self.test is None:
            del rows["test"]
        edges = [*dates.tolist(), over]
        for split, (begin, after) in rows.items():
            if not 0 <= begin < after <= len(dates):
                message = (
                    f"`data.split` leaves no row for the {split} split: there are {len(dates):,} dates, "
                )
                message += f"from {written(int(dates[0]))} to {written(int(dates[-1]))}"
                raise data_error(message, fix="give smaller shares, fewer rows or other dates")
        return {split: (edges[begin], edges[after]) for split, (begin, after) in rows.items()}

    def _row(self, split: str, dates: np.ndarray) -> int:
        return int(np.searchsorted(dates, _seconds(split, getattr(self, split))))


def _size(split: str, part: int | float | str, dates: np.ndarray) -> int | None:
    """The rows of a split; None where a date says where it begins."""
    if isinstance(part, str):
        return None
    return int(part) if part >= 1 else max(1, round(part * len(dates)))


def _seconds(key: str, text: str) -> int:
    found = parse_dates([[text]])
    for problem in found.problems.values():
        raise data_error(f"`data.split.{key}`: {problem}", fix="write it as 2016-07-01")
    return int(found.seconds[0])
