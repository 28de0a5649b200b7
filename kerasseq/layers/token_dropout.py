"""Tokens that training hides, so that the unknown token means something."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kerasseq.specs import SPECIAL_TOKENS, UNKNOWN_ID, Rate, check_arguments


@keras.saving.register_keras_serializable("kerasseq")
class TokenDropout(keras.layers.Layer):
    """Replaces tokens by the unknown one, each with the same probability, while training.

    Special tokens, padding among them, stay as they are.

    Args:
        rate: Share of the tokens that is replaced.
    Call arguments:
        tokens: Ids, of any shape.
    Returns:
        Ids of the same shape; the same ids unless training.
    Raises:
        ValueError: If `rate` is out of its range.
    Reference:
        Iyyer et al. 2015, section 3.2 (word dropout), https://aclanthology.org/P15-1162
    """

    def __init__(self, *, rate: Rate, **kwargs: Any):
        check_arguments(TokenDropout.__init__, rate=rate)
        super().__init__(**kwargs)
        self.rate = rate
        self.seed_generator = keras.random.SeedGenerator()

    def call(self, tokens: Any, training: bool = False) -> Any:
        if not training or not self.rate:
            return tokens
        draws = keras.random.uniform(ops.shape(tokens), seed=self.seed_generator)
        is_hidden = ops.logical_and(draws < self.rate, tokens >= len(SPECIAL_TOKENS))
        return ops.where(is_hidden, UNKNOWN_ID, tokens)

    def compute_output_shape(self, tokens_shape: tuple) -> tuple:
        return tokens_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rate": self.rate}


def with_dropout(tokens: Any, rate: float, *, name: str = "word_dropout") -> Any:
    """Tokens behind a `TokenDropout`; as they are, with no layer, at rate 0."""
    return TokenDropout(rate=rate, name=name)(tokens) if rate else tokens
