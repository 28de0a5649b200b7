"""Small random models to decode, and slow, plain decoders in NumPy to hold the fast ones against."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import keras
import numpy as np
from keras import ops

FORBIDDEN = (0, 2)
START, END = 2, 3


class Toy:
    """A model whose next-token distribution depends on the example and on everything produced so far.

    The state is a hash of what was read; `memory` says which example a row belongs to.
    """

    def __init__(
        self,
        *,
        seed: int,
        vocabulary_size: int = 6,
        source_time: int = 3,
        end_bonus: float = 0.0,
        num_codes: int = 997,
    ):
        random = np.random.default_rng(seed)
        self.vocabulary_size, self.num_codes = vocabulary_size, num_codes
        self.logits = random.normal(size=(num_codes, vocabulary_size)).astype("float32") * 2
        self.logits[:, END] += end_bonus
        weights = random.random(size=(num_codes, source_time)).astype("float32")
        self.attention = weights / weights.sum(-1, keepdims=True)

    def code(self, example, code, token):
        """The hash of one more token; works on integers and on tensors."""
        return (code * 31 + token * 7 + example * 13 + 5) % self.num_codes

    def step(self, tokens, state):
        code = self.code(self.examples(state), state["code"], tokens)
        logits = ops.take(ops.convert_to_tensor(self.logits), code, axis=0)
        weights = ops.take(ops.convert_to_tensor(self.attention), code, axis=0)
        return logits, {"code": code, "attention_weights": weights}

    def examples(self, state):
        """The example of each row."""
        examples = state["memory"]["example"]
        return ops.take(examples, state["beams"]["examples"], axis=0) if "beams" in state else examples

    def begin(self, examples):
        examples = ops.cast(examples, "int32")
        weights = ops.take(ops.zeros_like(ops.convert_to_tensor(self.attention)), examples, axis=0)
        return {"code": examples * 0, "attention_weights": weights, "memory": {"example": examples}}

    def log_probabilities(self, code):
        logits = self.logits[code].astype("float64")
        return logits - np.log(np.exp(logits).sum())


class Found(NamedTuple):
    is_finished: bool
    score: float
    log_probability: float
    tokens: tuple


def decode(toy, decoder, examples, **options):
    """Decodes examples into NumPy, operation by operation: a graph takes longer to make than to run."""
    return _in_numpy(_decoding(toy, decoder, **options)(np.asarray(examples, "int32")))


def compiled(toy, decoder, **options):
    """A function from examples to their hypotheses in NumPy, compiled for any batch size."""
    graph = compile_for(_decoding(toy, decoder, **options), "int32")
    return lambda examples: _in_numpy(graph(np.asarray(examples, "int32")))


def _decoding(toy, decoder, *, max_length, **options):
    def run(examples):
        state = toy.begin(examples)
        batch_size = ops.shape(examples)[0]
        return decoder(toy.step, state, batch_size=batch_size, max_length=max_length, **options)

    return run


def _in_numpy(result):
    return type(result)(*(value if value is None else ops.convert_to_numpy(value) for value in result))


def compile_for(run, dtype):
    """`tf.function` of a vector of unknown length, or `jax.jit`."""
    if keras.backend.backend() == "jax":
        import jax

        return jax.jit(run)
    import tensorflow as tf

    return tf.function(run, input_signature=[tf.TensorSpec((None,), dtype)], autograph=False)


def found(result, row):
    """One row's hypotheses as `Found`, without those that do not exist."""
    hypotheses = []
    for tokens, score, log_probability, length in zip(
        result.tokens[row],
        result.scores[row],
        result.log_probabilities[row],
        result.lengths[row],
        strict=True,
    ):
        assert (tokens[length:] == 0).all()
        if length:
            tokens = tuple(int(token) for token in tokens[:length])
            hypotheses.append(Found(tokens[-1] == END, float(score), float(log_probability), tokens))
    return hypotheses


def ranked(hypotheses, count):
    return sorted(hypotheses, key=lambda one: (one.is_finished, one.score), reverse=True)[:count]


def penalty(length, alpha):
    return ((5 + length) / 6) ** alpha


def allowed(toy, step, min_length):
    banned = {*FORBIDDEN, *((END,) if step < min_length else ())}
    return [token for token in range(toy.vocabulary_size) if token not in banned]


def brute_force(toy, example, *, max_length, alpha, count, min_length=0):
    """Scores every sequence there is."""
    hypotheses = []
    words = [token for token in range(toy.vocabulary_size) if token not in (*FORBIDDEN, END)]
    for num_words in range(max_length + 1):
        for sequence in itertools.product(words, repeat=num_words):
            tokens = (*sequence, END) if num_words < max_length else sequence
            if num_words < max_length and num_words < min_length:
                continue
            code, read, total = 0, START, 0.0
            for token in tokens:
                code = toy.code(example, code, read)
                total += toy.log_probabilities(code)[token]
                read = token
            score = total / penalty(len(tokens), alpha)
            hypotheses.append(Found(tokens[-1] == END, score, total, tokens))
    return ranked(hypotheses, count)


def plain_beam(toy, example, *, beam_width, max_length, alpha, count, min_length=0):
    """Beam search over Python lists, which always runs to its end."""
    alive, closed, num_finished = [(0.0, (), 0)], [], 0
    for step in range(max_length):
        extensions = []
        for total, tokens, code in alive:
            code = toy.code(example, code, tokens[-1] if tokens else START)
            gains = toy.log_probabilities(code)
            extensions += [(total + gains[t], (*tokens, t), code) for t in allowed(toy, step, min_length)]
        alive = []
        for total, tokens, code in sorted(extensions, reverse=True)[: beam_width - num_finished]:
            score = total / penalty(len(tokens), alpha)
            if tokens[-1] == END or step + 1 == max_length:
                closed.append(Found(tokens[-1] == END, score, total, tokens))
            else:
                alive.append((total, tokens, code))
        num_finished = sum(one.is_finished for one in closed)
    return ranked(closed, count)


def assert_same(actual, expected):
    assert [one.tokens for one in actual] == [one.tokens for one in expected]
    for ours, theirs in zip(actual, expected, strict=True):
        np.testing.assert_allclose(ours.score, theirs.score, rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(ours.log_probability, theirs.log_probability, rtol=1e-5, atol=1e-5)
