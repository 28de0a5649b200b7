"""An LSTM over the characters of a word."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kerasseq.layers.character_encoder import CharacterEncoder
from kerasseq.layers.recurrent import Recurrent
from kerasseq.registry import register
from kerasseq.specs import PositiveInt, Rate, Supplied, check_arguments


@keras.saving.register_keras_serializable("kerasseq")
@register("characters")
class CharacterLSTM(CharacterEncoder):
    """The last states of two LSTMs, which read a word from either end.

    Args:
        embedding_dim: Width of a character's embedding.
        units: Width of each direction.
        dropout: Rate on the embedded characters.
        num_characters: Ids run from 0 (padding) to this, exclusive.
    Call arguments:
        characters: Ids of each word, (batch, time, characters), 0 being padding on the right.
    Returns:
        (batch, time, 2 * units).
    Raises:
        ValueError: If a size is not positive.
    Reference:
        Lample et al. 2016, section 4.1, https://aclanthology.org/N16-1030
    """

    def __init__(
        self,
        *,
        embedding_dim: PositiveInt = 32,
        units: PositiveInt = 32,
        dropout: Rate = 0.0,
        num_characters: Supplied[PositiveInt],
        **kwargs: Any,
    ):
        check_arguments(CharacterLSTM.__init__, units=units)
        super().__init__(
            num_characters=num_characters, embedding_dim=embedding_dim, dropout=dropout, **kwargs
        )
        self.units = units
        self.width = 2 * units
        self.from_left = Recurrent(cell="lstm", units=units)
        self.from_right = Recurrent(cell="lstm", units=units, go_backwards=True)

    def build_reader(self, embedded_shape: tuple) -> None:
        self.from_left.build(embedded_shape)
        self.from_right.build(embedded_shape)

    def read(self, embedded: Any, mask: Any, training: bool) -> Any:
        directions = (self.from_left, self.from_right)
        return ops.concatenate([read(embedded, mask=mask, training=training) for read in directions], axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}
