"""Checkpoint averaging: the mean of the last epochs' weights, measured as it goes."""

import keras
import numpy as np
import pytest

from kerasseq.train.averaging.last_epochs import LastEpochs
from kerasseq.train.callbacks import MetricEvaluation, WeightAveraging


class Ends(keras.callbacks.Callback):
    """Keeps the weights at the end of every epoch."""

    def __init__(self):
        super().__init__()
        self.found = []

    def on_epoch_end(self, epoch, logs=None):
        self.found.append(self.model.get_weights())


@pytest.mark.parametrize("every", [1, 2])
def test_what_is_measured_is_the_mean_of_the_last_epochs(every):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    averaging, ends, measured = WeightAveraging({"type": "last_epochs", "epochs": 3}), Ends(), []
    averaging.build(model.trainable_variables)

    def measure():
        measured.append(model.get_weights())
        return {}

    evaluation = MetricEvaluation(averaging.measured(measure), every_epochs=every)
    model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=6, verbose=0, callbacks=[ends, evaluation, averaging])
    for number, found in zip(range(every, 7, every), measured, strict=True):
        for place, weight in enumerate(found):
            last = [weights[place] for weights in ends.found[max(0, number - 3) : number]]
            np.testing.assert_allclose(weight, np.mean(last, axis=0), rtol=1e-5)
    assert int(averaging.average.ended) == 6


def test_no_epochs_are_refused():
    with pytest.raises(ValueError, match="`epochs` must be positive. Received: epochs=0"):
        LastEpochs(epochs=0)
