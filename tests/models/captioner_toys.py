"""Small captioners, and pictures whose captions say what is in them."""

import numpy as np

from kerasseq.models.captioner import build_captioner
from tests.layers.parts import randomise
from tests.models.seq2seq_toys import encoded

SHAPE = (8, 12, 3)
VOCABULARY = ["<pad>", "<unk>", "<s>", "</s>", "red", "green", "blue", "left", "right"]
ENCODER = {"type": "cnn", "filters": [4, 6]}


class Words:
    vocabulary = VOCABULARY
    vocabulary_size = len(VOCABULARY)

    @staticmethod
    def ids_of(words):
        return [(VOCABULARY.index(word) if word in VOCABULARY else 1,) for word in words]

    @staticmethod
    def decode(ids):
        ids = np.asarray(ids)
        rows = [
            " ".join(VOCABULARY[one] for one in row[: list(row).index(3) if 3 in row else None] if one)
            for row in ids.reshape(-1, ids.shape[-1])
        ]
        return np.array([row.encode() for row in rows], object).reshape(ids.shape[:-1])


class Pictures:
    shape = SHAPE


FEATURES = {"image": Pictures(), "caption": Words()}


def decoder_of(image_as, **options):
    attention = {} if image_as == "attention" else {"attention": "none"}
    return {"cell": "gru", "units": 5, **attention, **options}


def small_model(image_as="attention", *, scale=0.5, decoder=None, **options):
    return randomise(
        build_captioner(
            **{
                "image_shape": SHAPE,
                "vocabulary_size": len(VOCABULARY),
                "embedding_dim": 4,
                "image_encoder": ENCODER,
                "image_as": image_as,
                "decoder": decoder_of(image_as, **(decoder or {})),
                **options,
            }
        ),
        scale=scale,
    )


def coloured(number=12, seed=0):
    """A square of one colour on one side of a dark picture: `<s> red left </s>`."""
    random = np.random.default_rng(seed)
    images = random.integers(0, 40, (number, *SHAPE), "uint8")
    said = []
    for image in images:
        colour, side = random.integers(3), random.integers(2)
        image[2:6, 1 + 6 * side : 5 + 6 * side, colour] = 250
        said.append([4 + colour, 7 + side])
    return {"image": images, "caption": encoded(said, width=5)}
