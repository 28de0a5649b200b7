"""Convolutions over the characters of a word."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from kerasseq.layers.character_encoder import CharacterEncoder
from kerasseq.registry import register
from kerasseq.specs import PositiveInt, Rate, Supplied, check_arguments


@keras.saving.register_keras_serializable("kerasseq")
@register("characters")
class CharacterCNN(CharacterEncoder):
    """The strongest response of each filter in a word.

    w_f = max_t relu(sum_k W_fk e_{t+k} + b_f)

    Args:
        embedding_dim: Width of a character's embedding.
        filters: Filters of each width.
        widths: Characters that a filter sees; filters of all widths stand side by side.
        dropout: Rate on the embedded characters.
        num_characters: Ids run from 0 (padding) to this, exclusive.
    Call arguments:
        characters: Ids of each word, (batch, time, characters), 0 being padding on the right.
    Returns:
        (batch, time, filters * number of widths).
    Raises:
        ValueError: If a size is not positive.
    Reference:
        Ma and Hovy 2016, section 2.1, https://aclanthology.org/P16-1101
    """

    def __init__(
        self,
        *,
        embedding_dim: PositiveInt = 32,
        filters: PositiveInt = 64,
        widths: list[PositiveInt] = (3,),
        dropout: Rate = 0.0,
        num_characters: Supplied[PositiveInt],
        **kwargs: Any,
    ):
        check_arguments(CharacterCNN.__init__, filters=filters)
        if not widths or min(widths) < 1:
            raise ValueError(f"`widths` must hold positive widths. Received: widths={list(widths)!r}")
        super().__init__(
            num_characters=num_characters, embedding_dim=embedding_dim, dropout=dropout, **kwargs
        )
        self.filters = filters
        self.widths: Sequence[int] = list(widths)
        self.width = filters * len(self.widths)
        self.convolutions = [
            keras.layers.Conv1D(filters, width, padding="same", activation="relu") for width in self.widths
        ]

    def build_reader(self, embedded_shape: tuple) -> None:
        for convolution in self.convolutions:
            convolution.build(embedded_shape)

    def read(self, embedded: Any, mask: Any, training: bool) -> Any:
        real = ops.cast(mask, embedded.dtype)[..., None]
        found = [ops.max(convolution(embedded) * real, axis=1) for convolution in self.convolutions]
        return ops.concatenate(found, axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "filters": self.filters, "widths": self.widths}
