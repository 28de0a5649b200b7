"""Every registered cell and every way to attend, and layers with weights that hide no swapped gate."""

import typing

import numpy as np

from kerasseq.registry import load, names

CELLS = names("cell")


def _attentions():
    """Each attention, once for each word that one of its options takes."""
    for word in names("attention"):
        part = load("attention", word)
        hints = typing.get_type_hints(part.__init__ if isinstance(part, type) else part)
        scores = typing.get_args(hints.get("score"))
        yield from ({"type": word, "score": score} for score in scores) if scores else [{"type": word}]


ATTENTIONS = list(_attentions())


def attention_id(attention):
    return "-".join(attention.values())


def _decoders():
    """Each way to attend, with input feeding and, where the attention leaves the choice, without."""
    for attention in ATTENTIONS:
        yield attention, True
        layer = load("attention", attention["type"])(units=2, **_options(attention))
        if layer is not None and not layer.feeds_context:
            yield attention, False


def _options(attention):
    return {key: value for key, value in attention.items() if key != "type"}


WAYS_TO_ATTEND = list(_decoders())
EVERYWHERE = "lstm"
"""The cell that is tried in each way to attend; the others are in one of each kind."""
A_FEW_WAYS = [
    ({"type": "none"}, True),
    ({"type": "bahdanau"}, True),
    ({"type": "luong", "score": "dot"}, False),
]


def _stacked():
    """Every cell with one of each kind and one in each way; one layer or two, in turns."""
    for place, cell in enumerate(CELLS):
        for index, (attention, feeding) in enumerate(WAYS_TO_ATTEND if cell == EVERYWHERE else A_FEW_WAYS):
            is_deep = index // 2 % 2 if cell == EVERYWHERE else (place + index) % 2
            stack = {"num_layers": 2, "residual": True} if is_deep else {"num_layers": 1}
            yield {"cell": cell, "attention": attention, "input_feeding": feeding, **stack}


DECODERS = list(_stacked())


def decoder_id(options):
    feeding = "feeding" if options["input_feeding"] else "plain"
    return f"{options['cell']}-{attention_id(options['attention'])}-{feeding}-{options['num_layers']}"


def randomise(layer, *, seed=0, scale=0.5):
    """Gives every trainable weight, biases too, random values."""
    random = np.random.default_rng(seed)
    for variable in layer.trainable_weights:
        variable.assign(random.normal(scale=scale, size=variable.shape))
    return layer


def normal(*shape, seed=1):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")
