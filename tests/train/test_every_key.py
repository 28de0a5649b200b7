"""Each key of `train` does something: with it, a small training goes another way than without.

A key that is not in the table fails, and so does one that training ignores.
"""

import itertools
import math
import typing
from dataclasses import dataclass

import keras
import numpy as np
import pytest

from kerasseq import pipeline
from kerasseq.errors import KerasseqError, RecipeError
from kerasseq.models.precision import precision
from kerasseq.registry import names
from kerasseq.run_folder import RunFolder
from kerasseq.specs import FilledIn
from kerasseq.train.loop import train
from tests.task_recipes import OF_TASK
from tests.train.small_training import STEPS, Batches, Task


@keras.saving.register_keras_serializable("tests")
class Sampler(keras.layers.Layer):
    """Hands on less, the more it samples: what `ScheduledSampling` looks for in a model."""

    def build(self, shape):
        self.probability = self.add_weight(shape=(), initializer="zeros", trainable=False, name="probability")

    def enable_sampling(self, is_on=True, **how):
        return self.probability

    def call(self, inputs):
        return inputs * (1 - self.probability / 2)


class BrokenOnce(Batches):
    """One batch of the second epoch holds no numbers when it is first trained on."""

    is_broken = True

    def _made(self, seed, epoch, skip, broken=None):
        for step, (inputs, labels) in enumerate(super()._made(seed, epoch, skip), skip):
            if (epoch, step) == (1, 2) and self.is_broken:
                BrokenOnce.is_broken = False
                inputs = inputs * np.nan
            yield inputs, labels


@dataclass
class Outcome:
    """What can be seen of a training."""

    history: list
    weights: list
    best_epoch: int
    files: list
    error: str = ""

    def figures(self, name):
        return [row.get(name) for row in self.history]


def _train(folder, split, **options):
    keras.utils.set_random_seed(1)
    with precision(options.get("precision", "float32")):
        dense = keras.layers.Dense(5, activation="tanh", name="slow")
        model = keras.Sequential([keras.Input((None, 2)), dense, Sampler(), keras.layers.Dense(4)])
    measured = []

    def measure():
        measured.append(sum(np.abs(weight).sum() for weight in model.get_weights()))
        return {"loss": float(len(measured)), "size": float(measured[-1])}

    class Data:
        splits = {"train": split}

    error = ""
    try:
        checkpoints = train(
            **options,
            model=model,
            task=Task(),
            data=Data(),
            folder=RunFolder(folder),
            seed=7,
            measure=measure,
        )
    except KerasseqError as stopped:
        error = str(stopped)
        return Outcome([], [], 0, [], error)
    files = sorted(path.name for path in (folder / "checkpoints").iterdir())
    files += [path.name for path in folder.iterdir()]
    return Outcome(checkpoints.history, model.get_weights(), checkpoints.best_epoch, files)


BASE = {"epochs": 3, "optimizer": {"type": "sgd", "learning_rate": 0.5}}


def _other_weights(plain, ours):
    """The best epoch is always the first."""
    return any(not np.allclose(one, other) for one, other in zip(plain.weights, ours.weights, strict=True))


def _rates(*rates):
    return lambda plain, ours: (
        np.allclose(ours.figures("learning_rate"), rates) and _other_weights(plain, ours)
    )


def _frozen(plain, ours):
    """The first layer is as it was made."""
    keras.utils.set_random_seed(1)
    made = keras.layers.Dense(5)
    made.build((None, 2))
    return np.array_equal(ours.weights[0], made.get_weights()[0])


# For each key a value, and what a training with it has that one without has not.
KEYS = {
    "epochs": (2, lambda plain, ours: len(ours.history) == 2),
    "max_steps": (STEPS + 2, lambda plain, ours: "epoch_1_step_2.npz" in ours.files),
    "max_minutes": (1e-9, lambda plain, ours: "epoch_0_step_1.npz" in ours.files),
    "optimizer": ("adam", _other_weights),
    "schedule": ("cosine", _rates(0.375, 0.125, 0.0)),
    "warmup_steps": (2 * STEPS, _rates(0.3, 0.5, 0.5)),
    "learning_rates": ({"slow": 0.0}, _frozen),
    "gradient_accumulation": (2, _other_weights),
    "precision": ("mixed_bfloat16", _other_weights),
    "clipping": (
        {"global_norm": 1e-3},
        lambda plain, ours: ours.figures("clipped_share") == [1.0] * 3 and _other_weights(plain, ours),
    ),
    "label_smoothing": (0.5, _other_weights),
    "scheduled_sampling": (
        {"schedule": "constant", "teacher_forcing": 0.25},
        lambda plain, ours: ours.figures("sampling_probability") == [0.75] * 3,
    ),
    "averaging": ({"type": "ema", "decay": 0.9}, _other_weights),
    "evaluate_every": (2, lambda plain, ours: ours.figures("validation_loss") == [None, 1.0, 2.0]),
    "monitor": (
        "gradient_norm",
        lambda plain, ours: ours.best_epoch == 1 + int(np.argmin(ours.figures("gradient_norm"))) > 1,
    ),
    "patience": (1, lambda plain, ours: len(ours.history) == 2),
    "checkpoint_minutes": (0.0, lambda plain, ours: "epoch_2_step_4.npz" in ours.files),
    "keep_checkpoints": (1, lambda plain, ours: "epoch_2.npz" not in ours.files),
    "on_nan": ("rollback", lambda plain, ours: plain.error and len(ours.history) == 3),
    "watch": ([], lambda plain, ours: "tensorboard" not in ours.files),
    "devices": (2, lambda plain, ours: "`train.devices` is 2" in ours.error),
}  # fmt: skip

# Keys whose differences are seen apart from each other's share a training.
TOGETHER = [
    (
        "schedule", "learning_rates", "clipping", "scheduled_sampling", "evaluate_every",
        "checkpoint_minutes", "watch",
    ),
    ("warmup_steps", "monitor"),
    ("averaging", "patience"),
    ("epochs", "label_smoothing"),
    ("max_steps", "gradient_accumulation"),
    ("optimizer", "keep_checkpoints"),
    ("precision",),
    ("max_minutes",),
    ("on_nan",),
    ("devices",),
]  # fmt: skip


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """The training that no key changes."""
    return _train(tmp_path_factory.mktemp("plain") / "run", Batches(), **BASE)


def test_every_key_of_train_is_here():
    hints = typing.get_type_hints(train, include_extras=True)
    hints.pop("return")
    given = {
        name for name, hint in hints.items() if any(FilledIn() in _extras(part) for part in _parts(hint))
    }
    assert set(KEYS) == set(hints) - given
    assert len(KEYS) == 21
    assert sorted(itertools.chain(*TOGETHER)) == sorted(KEYS)


def _extras(hint):
    return getattr(hint, "__metadata__", ())


def _parts(hint):
    return [hint, *typing.get_args(hint)]


@pytest.mark.parametrize("keys", TOGETHER, ids="-".join)
def test_a_training_goes_another_way_with_them(tmp_path, plain, keys):
    split = Batches
    if "on_nan" in keys:
        BrokenOnce.is_broken, split = True, BrokenOnce
        plain = _train(tmp_path / "plain", BrokenOnce(), **BASE)
        BrokenOnce.is_broken = True
    ours = _train(tmp_path / "run", split(), **{**BASE, **{key: KEYS[key][0] for key in keys}})
    for key in keys:
        differs = KEYS[key][1]
        assert differs(plain, ours), (key, ours)
        assert not differs(plain, plain), f"what is looked at is there without {key}, too"
    assert all(math.isfinite(row["loss"]) for row in ours.history)


# What a task has no use for is refused, and not ignored; the recipes write with a CRF and with CTC.
REFUSED = {
    "train.label_smoothing=0.1": {"forecaster", "sequence_tagger", "speech_recognizer"},
    "train.scheduled_sampling={}": {
        "forecaster", "language_model", "sequence_classifier", "sequence_tagger", "speech_recognizer"
    },
}  # fmt: skip


@pytest.mark.parametrize("model", OF_TASK)
@pytest.mark.parametrize("override", REFUSED)
def test_a_key_that_a_task_has_no_use_for_is_refused(override, model):
    assert set(OF_TASK) == set(names("model"))
    if model not in REFUSED[override]:
        pipeline.check(OF_TASK[model], [override])
        return
    with pytest.raises(RecipeError, match=rf"`{override.partition('=')[0]}` is .*\n.*fix: "):
        pipeline.check(OF_TASK[model], [override])
