"""Small language models, and texts for them."""

import numpy as np

from kerasseq.models.language_model import LanguageModelTask, build_language_model
from tests.layers.parts import randomise

VOCABULARY = 11
UNITS = 6


class Letters:
    """A text feature of letters, `a` being 4."""

    vocabulary_size = VOCABULARY
    options = {"type": "text", "tokenizer": {"type": "character"}}

    def encode(self, texts):
        rows = [[2, *(ord(letter) - ord("a") + 4 for letter in text), 3] for text in texts]
        width = max(map(len, rows))
        return np.array([row + [0] * (width - len(row)) for row in rows], "int32")

    def decode(self, ids):
        return np.array(
            ["".join(chr(token - 4 + ord("a")) for token in row if token > 3) for row in ids], "S"
        )

    encode_document, decode_document = encode, decode  # a line feed is a letter like any other

    def ids_of(self, texts):
        return tuple(tuple(row[row > 3].tolist()) for row in self.encode(texts))


TASK = LanguageModelTask({"text": Letters()})
MODELS = {
    "one_hot": {"embedding_dim": None, "cell": "rnn"},
    "embedding": {"embedding_dim": 3, "num_layers": 2},
    "tied": {"embedding_dim": UNITS, "tie_embeddings": True, "cell": "gru"},
    "tied_through_a_projection": {"embedding_dim": 4, "tie_embeddings": True, "num_layers": 2, "cell": "gru"},
    "normalised": {"embedding_dim": UNITS, "cell": {"type": "lstm", "layer_norm": True}},
    "tied_as_in_awd": {"embedding_dim": 4, "output_units": 4, "num_layers": 2, "tie_embeddings": True},
}


def small_model(*, seed=0, scale=0.5, **options):
    model = build_language_model(**{"vocabulary_size": VOCABULARY, "units": UNITS, **options})
    return randomise(model, seed=seed, scale=scale)


def random_text(rows, time, *, seed=1):
    return np.random.default_rng(seed).integers(4, VOCABULARY, size=(rows, time)).astype("int32")


def windows(text, length):
    """A stream for each row, (rows, n * length + 1), as batches of windows; every row begins a document."""
    for start in range(0, text.shape[1] - 1, length):
        yield {"text": text[:, start : start + length + 1], "reset": np.full(len(text), start == 0)}
