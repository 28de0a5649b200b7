"""Small translation models and batches."""

import numpy as np

from kerasseq.models.seq2seq import build_seq2seq
from tests.layers.parts import randomise

VOCABULARY = 13
UNITS = 6


def small_model(*, seed=0, scale=0.5, encoder=None, decoder=None, **options):
    """A random model whose encoder outputs are as wide as the decoder's state."""
    model = build_seq2seq(
        **{
            "source_vocabulary_size": VOCABULARY,
            "target_vocabulary_size": VOCABULARY,
            "embedding_dim": UNITS,
            "encoder": {"type": "recurrent", "units": UNITS, **(encoder or {})},
            "decoder": {"units": UNITS, **(decoder or {})},
            **options,
        }
    )
    return randomise(model, seed=seed, scale=scale)


def encoded(sequences, width=None):
    """`<s> ids </s>` for each sequence, padded on the right."""
    rows = [[2, *sequence, 3] for sequence in sequences]
    width = width or max(map(len, rows))
    return np.array([row + [0] * (width - len(row)) for row in rows], "int32")


def batch(num_examples=3, *, seed=1, padding=0):
    """Random sources and targets of different lengths, with columns of padding behind."""
    random = np.random.default_rng(seed)
    fields = {}
    for field in ("source", "target"):
        lengths = [1, 4, *random.integers(1, 5, size=num_examples)][:num_examples]
        sequences = [list(random.integers(4, VOCABULARY, size=length)) for length in lengths]
        fields[field] = encoded(sequences, width=6 + padding)
    return fields


def row_of(fields, index):
    """One example alone, without its padding."""
    return {name: ids[index : index + 1, : (ids[index] != 0).sum()] for name, ids in fields.items()}


def reversal(num_examples=10, *, seed=3):
    """Different random sequences, each to be put out in reverse."""
    random = np.random.default_rng(seed)
    sources = [list(random.integers(4, VOCABULARY, size=random.integers(2, 5))) for _ in range(num_examples)]
    return {"source": encoded(sources), "target": encoded([source[::-1] for source in sources])}
