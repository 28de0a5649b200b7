"""Batches that are made ahead."""

import tensorflow as tf

from kerasseq.data.read_ahead import PREFETCH, read_ahead


def test_a_few_are_made_before_they_are_asked_for():
    made = []

    def numbers():
        for number in range(9):
            made.append(number)
            yield number

    batches = read_ahead(
        tf.data.Dataset.from_generator(numbers, output_signature=tf.TensorSpec((), "int32")), 9
    )
    assert int(batches.cardinality()) == 9
    found = []
    for number in batches:
        found.append(int(number))
        assert len(made) <= len(found) + PREFETCH + 1
    assert found == made == list(range(9))


def test_no_thread_tunes_what_nobody_wants_any_more():
    batches = read_ahead(tf.data.Dataset.range(3), 3).map(lambda number: number + 1)
    assert batches.options().autotune.enabled is False
    assert list(batches.as_numpy_iterator()) == [1, 2, 3]
