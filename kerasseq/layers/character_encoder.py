"""What readers of characters share: from the characters of each word to one vector a word."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import keras
from keras import ops

from kerasseq.layers.dropout import Dropout
from kerasseq.specs import PAD_ID, PositiveInt, Rate, check_arguments


class CharacterEncoder(keras.layers.Layer):
    """Base of readers of characters; a subclass gives `read` and its `width`.

    Args:
        num_characters: Ids run from 0 (padding) to this, exclusive.
        embedding_dim: Width of a character's embedding.
        dropout: Rate on the embedded characters.
    Call arguments:
        characters: Ids of each word, (batch, time, characters), 0 being padding on the right.
    Returns:
        (batch, time, width), 0 for a word without characters.
    """

    width: int

    def __init__(
        self, *, num_characters: PositiveInt, embedding_dim: PositiveInt, dropout: Rate, **kwargs: Any
    ):
        sizes = {"num_characters": num_characters, "embedding_dim": embedding_dim, "dropout": dropout}
        check_arguments(CharacterEncoder.__init__, **sizes)
        super().__init__(**kwargs)
        self.num_characters = num_characters
        self.embedding_dim = embedding_dim
        initializer = keras.initializers.RandomNormal(stddev=embedding_dim**-0.5)
        self.embedding = keras.layers.Embedding(num_characters, embedding_dim, initializer)
        self.dropout = Dropout(dropout)

    def build(self, characters_shape: tuple) -> None:
        self.embedding.build((None, None))
        self.build_reader((None, None, self.embedding_dim))

    @abstractmethod
    def build_reader(self, embedded_shape: tuple) -> None:
        """Makes the weights of what reads embedded characters."""

    @abstractmethod
    def read(self, embedded: Any, mask: Any, training: bool) -> Any:
        """(words, characters, embedding_dim) to (words, width); both are 0 where there is no character."""

    def call(self, characters: Any, training: bool = False) -> Any:
        batch, time, length = ops.shape(characters)
        flat = ops.reshape(characters, (-1, length))
        mask = ops.not_equal(flat, PAD_ID)  # (words, characters)
        embedded = self.embedding(flat)
        embedded = self.dropout(embedded * ops.cast(mask, embedded.dtype)[..., None], training=training)
        return ops.reshape(self.read(embedded, mask, training), (batch, time, self.width))

    def compute_output_shape(self, characters_shape: tuple) -> tuple:
        return (*characters_shape[:-1], self.width)

    def get_config(self) -> dict[str, Any]:
        sizes = {"num_characters": self.num_characters, "embedding_dim": self.embedding_dim}
        return {**super().get_config(), **sizes, "dropout": self.dropout.rate}
