"""A training step on several replicas: each has a share of the batch, and all take the same update."""

from __future__ import annotations

import functools
import math
from typing import Any

import keras
import tensorflow as tf
from keras import tree

from kerasseq.errors import TrainingError

NUM_WISHES = 3
NUM_SUMS = 3


class Agreement:
    """What workers have to decide alike, and each sees at a time of its own, such as a signal.

    A worker's wishes go along with the gradient of a step, and are known to all behind it.
    """

    def __init__(self):
        self.wishes = keras.Variable([0.0] * NUM_WISHES, trainable=False, name="wishes")
        self.agreed = keras.Variable([0.0] * NUM_WISHES, trainable=False, name="agreed")

    def wish(self, *wishes: bool) -> None:
        """What this worker wants, until it says otherwise."""
        self.wishes.assign([float(wish) for wish in wishes])

    def forget(self) -> None:
        """Begins without wishes."""
        self.wish(*[False] * NUM_WISHES)
        self.agreed.assign([0.0] * NUM_WISHES)

    def found(self) -> list[bool]:
        """Whether any worker wanted it before the last step."""
        return [number > 0 for number in keras.ops.convert_to_numpy(self.agreed.value).tolist()]


def shares(batches: tf.data.Dataset, *, of: int, first: int, number: int) -> tf.data.Dataset:
    """The shares of each example of `fit`, one after the other, each with whether it counts.

    A share is a stretch of the batch's rows; all shares together are the batch. Where a batch has fewer rows
    than there are shares, an empty one is a row that does not count.

    Args:
        batches: Inputs and labels.
        of: In how many shares a batch is.
        first: The first share to take.
        number: How many of them, from there.
    """

    def share(place: int, *batch: Any) -> tuple[Any, Any]:
        def rows(part: Any) -> Any:
            if part.shape[0] is not None and part.shape[0] % of == 0:
                size = part.shape[0] // of
                return part[place * size : (place + 1) * size]
            size = tf.shape(part)[0]
            begin, end = place * size // of, (place + 1) * size // of
            begin = tf.minimum(begin, size - 1)
            return part[begin : tf.maximum(end, begin + 1)]

        size = tf.shape(tree.flatten(batch)[0])[0]
        counts = (place + 1) * size // of > place * size // of
        return tree.map_structure(rows, batch), tf.cast(counts, tf.float32)

    if number == 1:
        return batches.map(functools.partial(share, first))

    def all_shares(*batch: Any) -> tf.data.Dataset:
        parts = [tf.data.Dataset.from_tensors(share(first + place, *batch)) for place in range(number)]
        return functools.reduce(tf.data.Dataset.concatenate, parts)

    return batches.flat_map(all_shares)


class Replicas:
    """Has a model's `fit` train on shares of batches, where Keras' own step fails on several workers.

    Each replica computes the sum of its rows' losses and its gradient. They are added up over all replicas,
    with the number of tokens, and divided by it: loss and gradient are those of the whole batch, wherever its
    padding is. What clips or guards the gradient, and the optimizer, see that one gradient.

    Args:
        model: Compiled with a loss that has `parts`.
        group: The workers.
        agreement: What goes along.
    """

    def __init__(self, model: keras.Model, group: Any, agreement: Agreement):
        self.model = model
        self.group = group
        self.agreement = agreement
        model._maybe_symbolic_build = lambda *args, **kwargs: None  # it is built, and Keras' fails here
        model.make_train_function = self.make_train_function
        model.train_function = None
        if group.devices > 1:
            self._update_directly(getattr(model.optimizer, "inner_optimizer", model.optimizer))

    def dataset(self, batches: tf.data.Dataset) -> Any:
        """What `fit` takes."""
        group, devices = self.group, self.group.devices
        mine = shares(batches, of=group.replicas, first=group.index * devices, number=devices)
        if devices == 1:
            return mine
        return group.strategy.distribute_datasets_from_function(lambda context: mine)

    def make_train_function(self, force: bool = False) -> None:
        """Stands in for Keras'."""
        if self.model.train_function is None or force:
            self.model.train_function = tf.function(self._step, reduce_retracing=True, autograph=False)

    def _step(self, iterator: Any) -> dict[str, Any]:
        model, strategy = self.model, self.group.strategy
        found = strategy.run(self._replica, (iterator.get_next(),))
        vector = strategy.experimental_local_results(found)[0]
        total, count, rows = tf.unstack(vector[:NUM_SUMS], NUM_SUMS)
        first = NUM_SUMS + NUM_WISHES
        self.agreement.agreed.assign(tf.ensure_shape(vector[NUM_SUMS:first], (NUM_WISHES,)))
        gradient = vector[first:]
        loss = tf.math.divide_no_nan(total, count)
        gradient = tf.math.divide_no_nan(gradient, count)
        model.optimizer.apply_gradients(zip(self._unpacked(gradient), model.trainable_variables, strict=True))
        model._loss_tracker.update_state(loss, sample_weight=rows)
        return {"loss": model._loss_tracker.result()}

    def _replica(self, data: Any) -> Any:
        """Sums over all replicas: of losses, tokens, rows and wishes, and the gradient of the first."""
        (inputs, labels, *weights), counts = data
        model = self.model
        with tf.GradientTape() as tape:
            outputs = model(inputs, training=True)
            total, count = model.loss.parts(labels, outputs, *weights)
            if model.losses:
                self._check_penalties()
                total = total + count * tf.add_n([tf.cast(loss, tf.float32) for loss in model.losses])
            total = total * counts
        gradients = tape.gradient(total, model.trainable_variables)
        self._is_none = [gradient is None for gradient in gradients]
        rows = tf.cast(tf.shape(tree.flatten(inputs)[0])[0], tf.float32)
        sums = [total, count * counts, rows * counts]
        flat = [tf.reshape(tf.convert_to_tensor(each), (-1,)) for each in gradients if each is not None]
        wishes = tf.convert_to_tensor(self.agreement.wishes)
        return self.group.add_up(tf.concat([tf.stack(sums), wishes, *flat], axis=0))

    def _unpacked(self, gradient: Any) -> list[Any]:
        """The gradient of each variable."""
        variables = self.model.trainable_variables
        given = [variable for variable, none in zip(variables, self._is_none, strict=True) if not none]
        parts = iter(tf.split(gradient, [math.prod(variable.shape) for variable in given]))
        return [
            None if none else tf.reshape(next(parts), variable.shape)
            for variable, none in zip(variables, self._is_none, strict=True)
        ]

    def _check_penalties(self) -> None:
        if self.group.devices > 1:
            raise TrainingError(
                "`train.devices` does not go with penalties of layers, such as `activity_penalty`, "
                "`slowness_penalty` and `coverage_weight`.\n  fix: leave them out, or start several workers "
                "with `kerasseq launch`"
            )

    @staticmethod
    def _update_directly(optimizer: Any) -> None:
        """Has an optimizer update variables that have a copy on each device, outside of the replicas."""

        def update(gradients: Any, variables: Any, rate: Any) -> None:
            for gradient, variable in zip(gradients, variables, strict=True):
                optimizer.update_step(gradient, variable, rate)
                copies = getattr(variable, "value", variable)
                copies.assign(copies.read_value())  # an update in one operation reaches the first alone

        def decay(variables: Any) -> None:
            for variable in variables if optimizer.weight_decay is not None else ():
                if optimizer._use_weight_decay(variable):
                    variable.assign(variable * (1.0 - optimizer.weight_decay * optimizer.learning_rate))

        optimizer._backend_update_step = update
        optimizer._apply_weight_decay = decay
