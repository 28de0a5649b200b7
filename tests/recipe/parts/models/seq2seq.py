"""A model: a function with sections of its own, and the fields it reads."""

from __future__ import annotations

from typing import Annotated, Any

from kerasseq.registry import register
from kerasseq.specs import Attention, Cell, Encoder, Options, PositiveInt, Supplied

FIELDS = ("source", "target")
RECIPE_CONSTRAINTS = (("data.batch_size < 1000 or model.encoder.cell.type != 'gru'", "lower the one"),)
Decoder = Annotated[Any, Options("parts.models.seq2seq:build_decoder")]


@register("model")
def build_seq2seq(
    *,
    source_vocabulary_size: Supplied[PositiveInt],
    embedding_dim: PositiveInt = 64,
    encoder: Encoder = "recurrent",
    decoder: Decoder,
) -> Any:
    """An encoder and a decoder.

    Args:
        source_vocabulary_size: Of the source.
        embedding_dim: Width of the embeddings.
        encoder: Reads the source.
        decoder: Writes the target.
    """


def build_decoder(
    *, cell: Cell = "lstm", units: PositiveInt = 128, attention: Attention | None = None
) -> Any:
    """A decoder."""
