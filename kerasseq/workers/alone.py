"""One process on one device, which does everything itself: what the others have to look like."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from typing import Any


class Alone:
    """Stands where several workers may stand, too.

    Args:
        index: The number of this process among the workers.
        count: How many processes there are.
        devices: How many devices each of them trains on.
    """

    def __init__(self, *, index: int = 0, count: int = 1, devices: int = 1):
        self.index, self.count, self.devices = index, count, devices

    @property
    def is_chief(self) -> bool:
        """Whether this is the one that writes."""
        return self.index == 0

    @property
    def replicas(self) -> int:
        """How many shares a batch is in."""
        return self.count * self.devices

    def scope(self) -> AbstractContextManager[Any]:
        """Where a model has to be built."""
        return nullcontext()

    def mine(self, items: Iterable[Any]) -> Iterable[Any]:
        """The items that this process sees to: every one, unless there are several."""
        return items if self.count == 1 else islice(items, self.index, None, self.count)

    def gathered(self, value: Any) -> list[Any]:
        """What every worker gave, in their order; all of them have to call this."""
        return [value]

    def of_chief(self, function: Callable[[], Any]) -> Any:
        """What a function returned in the chief, which alone calls it; or raises what it raised there."""
        return function()
