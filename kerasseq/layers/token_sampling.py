"""Scheduled sampling: in training a decoder reads true tokens x_t, or predictions of its own in their place.

`stepwise`, exact: the prediction that takes the place of x_t is made by step t - 1, which has read what was
fed so far, own predictions among it. Bengio et al. 2015, section 2.4, https://arxiv.org/abs/1506.03099

`parallel`, in two passes: it is the prediction of a first pass at t - 1, which has read true tokens alone; a
second pass reads the mix. Both are as parallel as teacher forcing, but no prediction follows upon another. Of
the mixes in Mihaylova and Martins 2019, section 3, https://arxiv.org/abs/1906.07651, this is that of single
tokens, the best or drawn ones, and not of a weighted mean of embeddings; of the gradients that of the second
pass alone. The first pass has no dropout: it predicts as the model does that is tested, and the random
generators of dropout move on as under teacher forcing.

In both the loss is that of the true tokens, and which token is predicted has no gradient. `<s>` is always
read, and so is what follows the last token that has a label.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from kerasseq.specs import END_ID, PAD_ID


def are_read(tokens: Any) -> Any:
    """True where a true token follows: before `</s>` and padding, (batch, target_time)."""
    return ops.logical_and(tokens != PAD_ID, tokens != END_ID)


def are_own(tokens: Any, probability: Any, *, seed: Any) -> Any:
    """True where an own prediction takes a true token's place.

    Args:
        tokens: The true ones, `<s>` first, (batch, target_time).
        probability: Of each token that may be replaced, a scalar.
        seed: A `keras.random.SeedGenerator`.
    Returns:
        (batch, target_time).
    """
    is_drawn = keras.random.uniform(ops.shape(tokens), seed=seed) < ops.convert_to_tensor(probability)
    is_later = ops.arange(ops.shape(tokens)[1]) > 0
    return ops.logical_and(ops.logical_and(is_drawn, is_later), are_read(tokens))


def own_tokens(scores: Any, draw: Callable[[Any, Any], Any] | None, uniform: Any) -> Any:
    """Predictions: the best tokens, or drawn ones.

    Args:
        scores: Logits or log-probabilities, (..., vocabulary).
        draw: From scores (rows, vocabulary) and numbers (rows,) to tokens (rows,); None takes the best.
        uniform: In [0, 1), (...), where they are drawn.
    Returns:
        (...), int32.
    """
    if draw is None:
        return ops.cast(ops.argmax(scores, axis=-1), "int32")
    rows = ops.reshape(ops.cast(scores, "float32"), (-1, scores.shape[-1]))
    return ops.reshape(draw(rows, ops.reshape(uniform, (-1,))), ops.shape(scores)[:-1])


def mixed(tokens: Any, own: Any, is_own: Any) -> Any:
    """What the second pass reads: at t the true token, or what was predicted at t - 1.

    All are (batch, target_time).
    """
    before = ops.concatenate([tokens[:, :1], ops.cast(own[:, :-1], tokens.dtype)], axis=1)
    return ops.where(is_own, before, tokens)
