"""Batches that are ready before the step wants them."""

from __future__ import annotations

import tensorflow as tf

PREFETCH = 4


def read_ahead(batches: tf.data.Dataset, number: int) -> tf.data.Dataset:
    """As many batches, a few of which are made ahead.

    tf.data's tuning is off: there is nothing to tune, and its thread sleeps for longer and longer, up to a
    minute. It can miss that nobody wants the batches any more, and whoever lets go of them waits for it.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    counted = batches.apply(tf.data.experimental.assert_cardinality(number))
    return counted.prefetch(PREFETCH).with_options(options)
