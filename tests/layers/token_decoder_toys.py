"""Small decoders of tokens, and a batch for them."""

import keras
import numpy as np
from keras import ops

from kerasseq.layers.decoder import RecurrentDecoder
from kerasseq.layers.token_decoder import TokenDecoder
from kerasseq.specs import START_ID
from tests.layers.parts import normal, randomise

VOCABULARY, BATCH, TIME = 11, 3, 5
MASK = np.arange(4) < np.array([[4], [2], [1]])
MEMORY = normal(BATCH, 4, 4)
STATES = [(normal(BATCH, 4, seed=2), normal(BATCH, 4, seed=3))]
TOKENS = np.array([[START_ID, 5, 6, 7, 8], [START_ID, 9, 0, 0, 0], [START_ID, 4, 10, 4, 0]], "int32")
LABELS = np.array([[5, 6, 7, 8, 3], [9, 3, 0, 0, 0], [4, 10, 4, 3, 0]], "int32")
ATTENTIONS = ("none", "bahdanau", "luong")


def token_decoder(
    *, embedding_dim=4, attention="luong", dropout=0.0, tie_embeddings=False, seed=0, **options
):
    layer = TokenDecoder(
        embedding=keras.layers.Embedding(VOCABULARY, embedding_dim),
        decoder=RecurrentDecoder(units=4, attention=attention, dropout=dropout, **options),
        tie_embeddings=tie_embeddings,
        dropout=dropout,
    )
    layer.build((None, None), (None, None, 4))
    return randomise(layer, seed=seed, scale=1.0)


def run(layer, tokens=TOKENS, training=False, states=STATES):
    return layer(tokens, MEMORY, MASK, states, training=training)


def array(tensor):
    return ops.convert_to_numpy(tensor)
