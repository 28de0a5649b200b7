"""Two batches at a time: the steps of a search are too small to fill even two cores on their own."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import keras

NUM_WORKERS = 2


def side_by_side(function: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
    """The results of a function for some items, in their order, as `map` gives them.

    The first item is seen to alone: it is where a compiled function is traced. Few items are read ahead. Only
    on TensorFlow are there two at a time; elsewhere the function is not compiled, and threads gain nothing.

    Args:
        function: Of one item; two threads may call it at once.
        items: Read in this thread.
    """
    if keras.backend.backend() != "tensorflow":
        yield from map(function, items)
        return
    items = iter(items)
    for first in items:
        yield function(first)
        break
    with ThreadPoolExecutor(NUM_WORKERS) as workers:
        waiting: deque[Any] = deque()
        for item in items:
            waiting.append(workers.submit(function, item))
            if len(waiting) > NUM_WORKERS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
