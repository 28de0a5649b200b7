"""Several batches at a time: the steps of a search are too small to fill even two cores on their own."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import Any

import keras

from kerasseq.threads import batches_at_once


def side_by_side(
    function: Callable[[Any], Any], items: Iterable[Any], *, is_traced: bool = False
) -> Iterator[Any]:
    """The results of a function for some items, in their order, as `map` gives them.

    Few items are read ahead. Only on TensorFlow are there several at a time; elsewhere the function is not
    compiled, and threads gain nothing.

    Args:
        function: Of one item; several threads may call it at once.
        items: Read in this thread.
        is_traced: Whether the function has been compiled; else the first item is seen to alone.
    """
    if keras.backend.backend() != "tensorflow":
        yield from map(function, items)
        return
    items = iter(items)
    for first in items:
        if is_traced:
            items = chain([first], items)
        else:
            yield function(first)
        break
    num_workers = batches_at_once()
    with ThreadPoolExecutor(num_workers) as workers:
        waiting: deque[Any] = deque()
        for item in items:
            waiting.append(workers.submit(function, item))
            if len(waiting) > num_workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
