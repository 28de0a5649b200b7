"""Dropout of whole words."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kerasseq.specs import PositiveInt, Rate, check_arguments


@keras.saving.register_keras_serializable("kerasseq")
class EmbeddingDropout(keras.layers.Layer):
    """Drops rows of an embedding's matrix: in a batch, a word is missing everywhere or nowhere.

    e_t <- e_t m[x_t] / (1 - rate),    m[w] = 1 with probability 1 - rate, drawn once a batch for each word w

    Args:
        vocabulary_size: Ids run from 0 to this, exclusive.
        rate: Share of the words that is dropped.
    Call arguments:
        embedded: The embedded tokens, (batch, time, embedding_dim).
        tokens: Their ids, (batch, time).
    Returns:
        The shape of `embedded`; unchanged unless training.
    Reference:
        Gal and Ghahramani 2016, section 4.2; Merity et al. 2018, section 4.3, https://arxiv.org/abs/1708.02182
    """

    def __init__(self, *, vocabulary_size: PositiveInt, rate: Rate, **kwargs: Any):
        check_arguments(EmbeddingDropout.__init__, vocabulary_size=vocabulary_size, rate=rate)
        super().__init__(**kwargs)
        self.supports_masking = True
        self.vocabulary_size = vocabulary_size
        self.rate = rate
        self.seed_generator = keras.random.SeedGenerator()

    def call(self, embedded: Any, tokens: Any, training: bool = False) -> Any:
        if not training or not self.rate:
            return embedded
        draws = keras.random.uniform((self.vocabulary_size,), seed=self.seed_generator)
        kept = ops.cast(draws >= self.rate, embedded.dtype) / (1 - self.rate)  # (vocabulary_size,)
        return embedded * ops.take(kept, tokens)[..., None]

    def compute_output_shape(self, embedded_shape: tuple, tokens_shape: tuple) -> tuple:
        return embedded_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "vocabulary_size": self.vocabulary_size, "rate": self.rate}
