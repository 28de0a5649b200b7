"""A training that takes a blink and has everything in it that a resumed one could get wrong."""

import csv

import keras
import numpy as np
import tensorflow as tf

from kerasseq.losses.masked_cross_entropy import MaskedCrossEntropy
from kerasseq.run_folder import RunFolder
from kerasseq.train.callbacks.between_steps import BetweenSteps
from kerasseq.train.loop import train

STEPS = 5
EVERYTHING = {
    "epochs": 3,
    "optimizer": {"type": "adam", "learning_rate": 0.05},
    "schedule": {"type": "plateau", "factor": 0.5},
    "warmup_steps": 3,
    "learning_rates": {"slow": 0.1},
    "gradient_accumulation": 2,
    "clipping": {"global_norm": None, "percentile": 50.0, "history": 4},
    "averaging": {"type": "ema", "decay": 0.9},
    "checkpoint_minutes": 0.0,
}


class Killed(BaseException):
    """Ends a training at once, as `kill -9` would: nothing but Python's own `finally` runs."""


class Batches:
    """Five random batches an epoch, which the seed and the epoch decide."""

    steps, num_examples, batch_size = STEPS, 20, 4

    def _made(self, seed, epoch, skip, broken=None):
        random = np.random.default_rng((seed, epoch))
        for step in range(STEPS):
            inputs = random.normal(size=(4, 3, 2)).astype("float32")
            labels = random.integers(0, 4, (4, 3), "int32")
            if step >= skip:
                yield inputs, labels

    def epochs(self, *, seed, first, last, skip=0):
        return self._dataset(
            lambda: (
                batch
                for epoch in range(first, last)
                for batch in self._made(seed, epoch, skip if epoch == first else 0)
            )
        )

    def batches(self, *, seed, epoch, training, skip=0):
        assert training
        return self._dataset(lambda: self._made(seed, epoch, skip))

    def _dataset(self, make):
        specs = tf.TensorSpec((4, 3, 2), "float32"), tf.TensorSpec((4, 3), "int32")
        return tf.data.Dataset.from_generator(make, output_signature=specs)


class Task:
    """Labels each step of a sequence."""

    @staticmethod
    def num_tokens(split):
        return 60

    @staticmethod
    def training_model(model, batch_size):
        return model

    @staticmethod
    def example(inputs, labels):
        return inputs, labels

    @staticmethod
    def loss(label_smoothing):
        return MaskedCrossEntropy(label_smoothing=label_smoothing)


def run(folder, split=None, **options):
    """Trains, or goes on, in a folder; gives the checkpoints and the best weights."""
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            keras.Input((None, 2)),
            keras.layers.Dropout(0.3),
            keras.layers.Dense(5, activation="tanh", name="slow"),
            keras.layers.Dense(4),
        ]
    )
    measured = []

    def measure():
        measured.append(1)
        return {"loss": float(np.sum([np.abs(weight).sum() for weight in model.get_weights()]))}

    options = {"seed": 7, "measure": measure, **options}

    class Data:
        splits = {"train": split or Batches()}

    checkpoints = train(**options, model=model, task=Task(), data=Data(), folder=RunFolder(folder))
    return checkpoints, model.get_weights()


def history_rows(folder):
    """The rows of a run folder's history.csv, without the times."""
    with folder.history.open(newline="") as file:
        rows = list(csv.DictReader(file))
    times = ("seconds", "tokens_per_second")
    return [{name: value for name, value in row.items() if name not in times} for row in rows]


def kill_at(monkeypatch, step):
    """Has the next training end before its step of that number, counted through all its epochs from 0."""
    before, seen = BetweenSteps.on_train_batch_begin, []

    def die(self, batch, logs=None):
        before(self, batch, logs)
        seen.append(batch)
        if len(seen) == step + 1:
            raise Killed

    monkeypatch.setattr(BetweenSteps, "on_train_batch_begin", die)
