"""Tokens handed out while they are produced, several steps of the graph at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from keras import ops

from kerasseq.decode.progress import Progress

FIRST_STEPS = 2
STEPS = 8


class Chunk(NamedTuple):
    """What the rows became since the last chunk.

    tokens: (rows, steps) ids, a row's padded from where it ended.
    is_finished: (rows,), True where nothing follows.
    log_probabilities: (rows,), of all of a row so far.
    """

    tokens: np.ndarray
    is_finished: np.ndarray
    log_probabilities: np.ndarray


def stream(
    progress: Progress,
    extend: Callable[[Progress, int], tuple[Progress, Any]],
    *,
    first_steps: int = FIRST_STEPS,
    steps: int = STEPS,
) -> Iterator[Chunk]:
    """Yields chunks until every row has ended: together, the tokens of a call of the decoder.

    ```python
    extend = tf.function(lambda progress, num_steps: decoder.extend(step, progress, num_steps=num_steps)[:2])
    for chunk in stream(decoder.open(state, batch_size=1, max_length=500), extend):
        print(decode(chunk.tokens)[0], end="", flush=True)
    ```

    Args:
        progress: From a decoder's `open`.
        extend: `extend(progress, num_steps) -> (progress, tokens (rows, num_steps))`, a decoder's `extend`
            around a model's step, compiled.
        first_steps: Steps to the first chunk, positive: few, so that it comes soon.
        steps: Steps to every other chunk, positive.
    """
    num_steps, length = first_steps, _longest(progress)
    while ops.convert_to_numpy(progress.is_alive).any():
        progress, tokens = extend(progress, num_steps)
        tokens = ops.convert_to_numpy(tokens)[:, : _longest(progress) - length]
        num_steps, length = steps, _longest(progress)
        yield Chunk(
            tokens=tokens,
            is_finished=~ops.convert_to_numpy(progress.is_alive),
            log_probabilities=ops.convert_to_numpy(progress.log_probabilities),
        )


def _longest(progress: Progress) -> int:
    return int(ops.convert_to_numpy(progress.lengths).max())
