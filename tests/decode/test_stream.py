import keras
import numpy as np
import pytest

from kerasseq.decode.greedy import Greedy
from kerasseq.decode.sample import Sample
from kerasseq.decode.stream import stream
from tests.decode.toys import END, Toy, decode

TOY = Toy(seed=2, vocabulary_size=9, end_bonus=-1.0)
LIMIT = 30


def compile_extension(decoder, **options):
    def extend(progress, num_steps):
        return decoder.extend(TOY.step, progress, num_steps=num_steps, **options)[:2]

    if keras.backend.backend() != "tensorflow":
        return extend
    import tensorflow as tf

    return tf.function(extend, autograph=False, reduce_retracing=True)


def streamed(decoder, examples, *, sizes, opening=None, **options):
    progress = decoder.open(
        TOY.begin(examples), batch_size=len(examples), max_length=LIMIT, **(opening or {})
    )
    first_steps, steps = sizes
    extend = compile_extension(decoder, **options)
    return list(stream(progress, extend, first_steps=first_steps, steps=steps))


@pytest.mark.parametrize(
    ("decoder", "options", "sizes"),
    [
        (Greedy(), {}, (1, 1)),
        (Sample(seed=3, num_samples=2, min_length=5, top_k=4), {"temperature": 1.3}, (2, 5)),
    ],
)
def test_the_chunks_are_the_whole_in_parts(decoder, options, sizes):
    examples = np.arange(5)
    whole = decode(TOY, decoder, examples, max_length=LIMIT, **options)
    chunks = streamed(decoder, examples, sizes=sizes, **options)
    tokens = np.concatenate([chunk.tokens for chunk in chunks], axis=1)
    expected = whole.tokens.reshape(-1, LIMIT)
    np.testing.assert_array_equal(tokens, expected[:, : tokens.shape[1]])
    assert not expected[:, tokens.shape[1] :].any()
    np.testing.assert_array_equal(chunks[-1].log_probabilities, whole.log_probabilities.reshape(-1))
    lengths = [chunk.tokens.shape[1] for chunk in chunks]
    assert lengths[:-1] == [sizes[0], *[sizes[1]] * (len(chunks) - 2)][: len(chunks) - 1]


def test_says_which_rows_have_ended():
    written = np.zeros((20, 0), int)
    for chunk in streamed(Sample(seed=3), np.arange(20), sizes=(2, 8)):
        written = np.concatenate([written, chunk.tokens], axis=1)
        has_ended = (written == END).any(axis=1) | (written.shape[1] == LIMIT)
        np.testing.assert_array_equal(chunk.is_finished, has_ended)
    assert chunk.is_finished.all()


def test_a_stop_may_stand_in_two_chunks():
    stops = ((7, 6, 7), (5, 5))
    decoder = Sample(seed=3)
    whole = decode(TOY, decoder, range(20), max_length=LIMIT, stop_ids=stops).tokens[:, 0]
    chunks = streamed(decoder, np.arange(20), sizes=(1, 1), opening={"stop_ids": stops}, stop_ids=stops)
    tokens = np.concatenate([chunk.tokens for chunk in chunks], axis=1)
    np.testing.assert_array_equal(tokens, whole[:, : tokens.shape[1]])


def test_the_last_chunk_ends_with_the_last_row():
    chunks = streamed(Sample(seed=3), np.arange(1), sizes=(4, 100))
    assert sum(chunk.tokens.shape[1] for chunk in chunks) <= LIMIT
    assert chunks[-1].tokens[:, -1].all()
