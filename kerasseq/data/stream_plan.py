"""Which row of a batch reads what of a stream, and when."""

from __future__ import annotations

import heapq
from typing import NamedTuple

import numpy as np

POOL_GROUPS = 256
WASTEFUL = 2


class Window(NamedTuple):
    """What the rows of a batch read, (rows,) each; an idle row begins where it ends.

    firsts: The place of the first input.
    ends: The place of the last label, and one.
    resets: Whether a document, or a cut stretch of one, begins there.
    """

    firsts: np.ndarray
    ends: np.ndarray
    resets: np.ndarray


class Stretches:
    """Stretches of a stream dealt to rows, each read one after the other.

    Args:
        rows: The row that reads each stretch.
        firsts: The place of each stretch's first input.
        lasts: The place of its last label.
        num_rows: Rows of a batch.
        window: Labels in a window.
    """

    def __init__(
        self, *, rows: np.ndarray, firsts: np.ndarray, lasts: np.ndarray, num_rows: int, window: int
    ):
        order = np.argsort(rows, kind="stable")
        rows, self._firsts, self._lasts = rows[order].astype(np.int64), firsts[order], lasts[order]
        sizes = -(-(self._lasts - self._firsts) // window)
        begins = np.cumsum(sizes) - sizes
        first_of_row = np.searchsorted(rows, np.arange(num_rows))
        starts = begins - np.append(begins, 0)[first_of_row][rows]
        self.steps = int((starts + sizes).max(initial=0))
        self._keys = rows * self.steps + starts
        self._num_rows, self._window = num_rows, window

    def window(self, step: int) -> Window:
        """What is read in a step, the first one being 0."""
        wanted = np.arange(self._num_rows) * self.steps + step
        found = np.searchsorted(self._keys, wanted, side="right") - 1
        since = wanted - self._keys[found]
        firsts = self._firsts[found] + since * self._window
        is_active = (found >= 0) & (since <= step) & (firsts < self._lasts[found])
        ends = np.minimum(firsts + self._window, self._lasts[found]) + 1
        return Window(firsts * is_active, ends * is_active, is_active & (since == 0))


class Plan:
    """An epoch: groups of documents, each document with a row of its own, and stretches, in some order.

    Args:
        groups: Documents that are read side by side in as many windows as each other, (groups, rows).
        stretches: What is read beside these.
        turns: The order of the groups; the stretches' number is one higher than the last group's.
        offsets: Where each document begins in the stream, and the end of the last one.
        window: Labels in a window.
    """

    def __init__(
        self, *, groups: np.ndarray, stretches: Stretches, turns: np.ndarray, offsets: np.ndarray, window: int
    ):
        first = groups[:, 0]
        sizes = np.append(-(-(offsets[first + 1] - offsets[first] - 1) // window), stretches.steps)[turns]
        self._begins = np.cumsum(sizes) - sizes
        self._groups, self._stretches, self._turns = groups, stretches, turns
        self._offsets, self._window = offsets, window

    def window(self, step: int) -> Window:
        """What is read in a step of the epoch."""
        place = np.searchsorted(self._begins, step, side="right") - 1
        turn, since = self._turns[place], step - self._begins[place]
        if turn == len(self._groups):
            return self._stretches.window(since)
        documents = self._groups[turn]
        firsts = self._offsets[documents] + since * self._window
        ends = np.minimum(firsts + self._window + 1, self._offsets[documents + 1])
        return Window(firsts, ends, np.full(len(documents), since == 0))


class Dealer:
    """Deals the documents of a split to the rows of a batch.

    Documents stay whole, and a row takes up its next one with a window of its own. Documents that take as
    many windows as each other are exchangeable: as many of them as there are rows go side by side, those of
    like length together, and what is left of each kind is dealt out so that all rows end at about the same
    time. So every epoch takes as many steps as the others, whatever its order.

    Where that would leave rows idle for long, because there are fewer documents than rows or one is far
    longer than the rest, the stream is cut into a stretch for each row instead, in the order of the files.

    Args:
        offsets: Where each document begins in the stream, and the end of the last one.
        num_rows: Rows of a batch.
        window: Labels in a window.
    """

    def __init__(self, *, offsets: np.ndarray, num_rows: int, window: int):
        self._offsets, self._num_rows, self._window = offsets, num_rows, window
        self._sizes = self._windows(self._labels()).astype(np.int32)
        self._kinds, self._counts = np.unique(self._sizes, return_counts=True)
        sizes_left = np.repeat(self._kinds, self._counts % num_rows)[::-1]
        self._rows_left, steps_left = _dealt(sizes_left, num_rows)
        steps = int((self._kinds * (self._counts // num_rows)).sum(dtype=np.int64)) + steps_left
        fair = -(-int(self._sizes.sum(dtype=np.int64)) // num_rows)
        self.is_cut = len(self._sizes) < num_rows or steps > WASTEFUL * fair
        self._cut = self._equal() if self.is_cut else None
        self.steps = self._cut.steps if self.is_cut else steps

    def plan(self, rng: np.random.Generator | None) -> Plan | Stretches:
        """The order of an epoch; by length where there are no random numbers."""
        if self._cut is not None:
            return self._cut
        groups, left = self._ordered(rng)
        turns = np.arange(len(groups) + 1) if rng is None else rng.permutation(len(groups) + 1)
        shuffled = np.arange(len(left)) if rng is None else rng.permutation(len(left))
        stretches = self._stretches(
            self._rows_left[shuffled], self._offsets[left][shuffled], self._offsets[left + 1][shuffled] - 1
        )
        return Plan(
            groups=groups, stretches=stretches, turns=turns, offsets=self._offsets, window=self._window
        )

    def _labels(self) -> np.ndarray:
        return np.diff(self._offsets) - 1

    def _windows(self, labels: np.ndarray) -> np.ndarray:
        return -(-labels // self._window)

    def _ordered(self, rng: np.random.Generator | None) -> tuple[np.ndarray, np.ndarray]:
        """Documents in groups, (groups, rows), and those left over, the longest first."""
        labels, rows = self._labels(), self._num_rows
        order = np.argsort(labels, kind="stable") if rng is None else rng.permutation(len(labels))
        order = order.astype(np.uint32)
        order = order[np.argsort(self._sizes[order], kind="stable")]
        groups, left = [np.zeros((0, rows), np.uint32)], [np.zeros(0, np.uint32)]
        for kind in np.split(order, np.cumsum(self._counts)[:-1]):
            full = kind[: len(kind) // rows * rows]
            pools = np.arange(len(full)) // (POOL_GROUPS * rows)
            groups.append(full[np.lexsort((labels[full], pools))].reshape(-1, rows))
            left.append(kind[len(full) :])
        return np.concatenate(groups), np.concatenate(left)[::-1]

    def _equal(self) -> Stretches:
        """A stretch of one length for each row, divided where documents begin."""
        document_begins = np.append(0, np.cumsum(self._labels()))  # counted in labels
        total = int(document_begins[-1])
        share = -(-total // self._num_rows)
        begins = np.union1d(document_begins[:-1], np.arange(0, total, share))
        documents = np.searchsorted(document_begins, begins, side="right") - 1
        firsts = self._offsets[documents] + begins - document_begins[documents]
        return self._stretches(begins // share, firsts, firsts + np.diff(np.append(begins, total)))

    def _stretches(self, rows: np.ndarray, firsts: np.ndarray, lasts: np.ndarray) -> Stretches:
        return Stretches(rows=rows, firsts=firsts, lasts=lasts, num_rows=self._num_rows, window=self._window)


def _dealt(sizes: np.ndarray, num_rows: int) -> tuple[np.ndarray, int]:
    """The row of each size, always the one with the least so far, and the most that a row gets."""
    loads = [(0, row) for row in range(num_rows)]
    rows = np.zeros(len(sizes), np.int64)
    for place, size in enumerate(sizes.tolist()):
        load, rows[place] = loads[0]
        heapq.heapreplace(loads, (load + size, int(rows[place])))
    return rows, max(loads)[0]
