"""Texts that a model goes on from, and what it wrote behind them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from keras import ops

from kerasseq.specs import END_ID, PAD_ID

LONGEST_BEGINNING = 32


def beginning_of(document: str) -> str:
    """What a document begins with: whole words where it has several, and at most half of it."""
    start = document[: min(len(document) // 2, LONGEST_BEGINNING)]
    return start.rpartition(" ")[0] or start


def prompts_of(encoded: Any) -> Any:
    """`<s> ids </s>` without the end, (batch, time), padded on the right; a `</s>` among the ids stays."""
    is_end = ops.equal(ops.arange(ops.shape(encoded)[1]), lengths_of(encoded)[:, None] - 1)
    return ops.where(is_end, PAD_ID, encoded)


def lengths_of(prompts: Any) -> Any:
    """Tokens of each prompt, `<s>` included, (batch,)."""
    return ops.sum(ops.cast(ops.not_equal(prompts, PAD_ID), "int32"), axis=1)


def joined(prompts: Any, written: Any) -> Any:
    """Each prompt's tokens and right behind them what was written.

    Args:
        prompts: (batch, time), padded on the right.
        written: (batch, n_best, written_time), alike.
    Returns:
        (batch, n_best, time + written_time).
    """
    n_best, width = ops.shape(written)[1], ops.shape(prompts)[1]
    padded = ops.pad(written, ((0, 0), (0, 0), (0, width)))
    both = ops.concatenate([ops.tile(prompts[:, None], (1, n_best, 1)), padded], axis=-1)
    place = ops.arange(ops.shape(both)[-1] - width, dtype="int32")
    length = lengths_of(prompts)[:, None]
    source = ops.where(place < length, place, place + width - length)  # (batch, time + written_time)
    source = ops.broadcast_to(source[:, None], (*ops.shape(both)[:2], ops.shape(source)[1]))
    return ops.take_along_axis(both, source, axis=-1)


def steps_of(
    texts: Any, likeliest: Any, probabilities: Any, *, vocabulary: list[str]
) -> list[dict[str, Any]]:
    """A text token by token, but for a `</s>` behind it: what was read, and then expected, how surely.

    Args:
        texts: Ids of one example's texts, (n_best, time), NumPy; the first is shown.
        likeliest: The likeliest tokens after each, (time, number).
        probabilities: Theirs, alike.
        vocabulary: Every token by its id.
    """
    shown = []
    length = np.count_nonzero(texts[0] != PAD_ID)
    is_ended = length and texts[0][length - 1] == END_ID
    tokens = texts[0][: length - 1 if is_ended else length]
    for token, expected, shares in zip(tokens, likeliest, probabilities, strict=False):
        named = {
            vocabulary[place]: round(float(share), 4) for place, share in zip(expected, shares, strict=True)
        }
        shown.append({"input": vocabulary[token], "expected": named})
    return shown


def pieces_of(feature: Any, prompts: Any, written: Iterable[Any]) -> Iterator[str]:
    """The text of one prompt, (1, time), and then of what is written behind it, (1, steps), as it comes."""
    tokens, shown = ops.convert_to_numpy(prompts), ""
    for more in itertools.chain([tokens[:, :0]], written):
        tokens = np.concatenate([tokens, more], axis=1)
        (text,) = ops.convert_to_numpy(feature.decode_document(tokens))
        yield text.decode()[len(shown) :]
        shown = text.decode()
