"""What writes down what was heard, token by token."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import keras

from kerasseq.layers.bridge import StateBridge
from kerasseq.layers.decoder import RecurrentDecoder
from kerasseq.layers.token_decoder import TokenDecoder
from kerasseq.specs import Options, PositiveInt, Rate, Supplied, check_arguments

CONSTRAINTS = (("not decoder.copy", "leave it out: a recording has no words to copy"),)
Decoder = Annotated[Any, Options("kerasseq.layers.decoder:RecurrentDecoder")]


def build_speller(
    *,
    vocabulary_size: Supplied[PositiveInt],
    embedding_dim: PositiveInt = 64,
    decoder: Decoder = {},  # noqa: B006
    bridge: Literal["copy", "zero", "dense"] = "dense",
    dropout: Rate = 0.0,
    word_dropout: Rate = 0.0,
    tie_embeddings: bool = False,
) -> tuple[StateBridge, TokenDecoder]:
    """Builds what writes token by token, looking at what was heard.

    Args:
        vocabulary_size: Ids run from 0 (padding) to this, exclusive.
        embedding_dim: Width of the embedding.
        decoder: Options of `RecurrentDecoder`, or one.
        bridge: How encoder states become decoder states.
        dropout: Rate on the embedded tokens.
        word_dropout: Share of the tokens it is fed that training replaces by the unknown one.
        tie_embeddings: The embedding scores the vocabulary as well.
    Returns:
        The bridge, and the decoder of tokens.
    Raises:
        ValueError: If an option is out of its range.
    """
    check_arguments(
        build_speller, embedding_dim=embedding_dim, bridge=bridge, dropout=dropout, word_dropout=word_dropout
    )
    decoder = RecurrentDecoder(**decoder) if isinstance(decoder, Mapping) else decoder
    initializer = keras.initializers.RandomNormal(stddev=embedding_dim**-0.5)
    embedding = keras.layers.Embedding(vocabulary_size, embedding_dim, initializer, name="embedding")
    token_decoder = TokenDecoder(
        embedding=embedding, decoder=decoder, tie_embeddings=tie_embeddings, dropout=dropout,
        word_dropout=word_dropout, name="decoder",
    )  # fmt: skip
    return StateBridge(state_sizes=decoder.state_sizes, mode=bridge, name="bridge"), token_decoder
