"""Training from a recipe: resumed, repeated and interrupted runs are the same run."""

import csv
import shutil
from itertools import zip_longest

import keras
import numpy as np
import pytest

from kerasseq import pipeline
from kerasseq.data.split import Split
from kerasseq.errors import RecipeError
from kerasseq.evaluate.evaluation import make_metrics, measured_names
from kerasseq.registry import names
from kerasseq.run_folder import RunFolder
from kerasseq.train.logs import logged_names
from kerasseq.train.loop import train
from tests.tiny_run import variables_of, write_recipe
from tests.train.small_training import history_rows

COLUMNS = {
    "epoch", "seconds", "loss", "learning_rate", "gradient_norm", "clipped_share", "tokens_per_second",
    "sampling_probability", "validation_loss", "validation_perplexity", "validation_teacher_forced_accuracy",
    "validation_exact_match", "validation_bleu", "validation_nltk_bleu",
}  # fmt: skip
OPTIMIZERS = {
    "adadelta": 1.0, "adafactor": 1e-2, "adagrad": 1e-2, "adam": 1e-3, "adamax": 1e-3, "adamw": 1e-3,
    "ftrl": 1e-2, "lamb": 1e-3, "lion": 1e-4, "nadam": 1e-3, "rmsprop": 1e-3, "sgd": 1.0,
}  # fmt: skip
# The share of the rate that is left after the one step.
SCHEDULES = {
    "cosine": 0.0, "exponential": 0.01, "inverse_square_root": 2 / 4000, "plateau": 1.0, "step": 0.5
}  # fmt: skip


def _assert_same_weights(one, other):
    ours, theirs = variables_of(one), variables_of(other)
    assert [name for name, _ in ours] == [name for name, _ in theirs]
    for (name, left), (_, right) in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(left, right, err_msg=name)


def test_the_history_has_a_row_an_epoch_and_every_column(tiny_run):
    with tiny_run.folder.history.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert set(rows[0]) == COLUMNS
    train, metrics = tiny_run.values["train"], make_metrics(tiny_run.values["evaluate"]["metrics"])
    names = logged_names(
        clipping=train["clipping"],
        scheduled_sampling=train["scheduled_sampling"],
        measured=measured_names(tiny_run.task, metrics),
    )
    assert ["epoch", *names] == list(rows[0])  # what `train.monitor` may be
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert all(float(value) >= 0 for row in rows for value in row.values())
    assert float(rows[0]["learning_rate"]) == pytest.approx(0.01)  # half of the cosine, after 8 of 16 steps
    assert float(rows[1]["learning_rate"]) == pytest.approx(0.0, abs=1e-9)
    assert [float(row["sampling_probability"]) for row in rows] == pytest.approx([7 / 20, 15 / 20])


class Interrupting:
    """A display that ends training as Ctrl-C does, in the middle of the second epoch."""

    def __init__(self):
        self.is_stopped = False
        self.lines = []

    def introduce(self, run_folder, counts, parameters):
        assert counts["train"]["kept"] and parameters

    def start(self, total_steps, epochs):
        assert (total_steps, epochs) == (16, 2)

    def step(self, step, loss, tokens_per_second):
        if step == 12:
            raise KeyboardInterrupt

    def epoch_end(self, logs):
        self.lines.append(logs)

    def stop(self):
        self.is_stopped = True


def test_the_resolved_recipe_runs_again_to_the_same_result_though_interrupted(tmp_path, monkeypatch):
    """In another folder, from the run folder alone.

    With dropout, drawn tokens in scheduled sampling and a schedule, all of which go by the step.
    """
    smaller = {
        "model.encoder.bidirectional": False,
        "model.decoder.attention": "none",
        "train.watch": [],
        "decode": "greedy",
        "evaluate": {"metrics": []},
    }
    whole = pipeline.train(write_recipe(tmp_path), smaller, out=tmp_path / "whole", quiet=True).folder
    display, folder = Interrupting(), RunFolder(tmp_path / "again")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("kerasseq.report.terminal.TrainingProgress", lambda: display)
    with pytest.raises(KeyboardInterrupt):
        pipeline.train(whole.recipe, out="again")
    assert display.is_stopped
    assert [row["epoch"] for row in display.lines] == [1]
    assert len(history_rows(folder)) == 1
    assert not folder.model.exists()
    pipeline.train(whole.recipe, out="again", quiet=True)
    _assert_same_weights(folder, whole)
    assert history_rows(folder) == history_rows(whole)
    assert folder.recipe.read_text("utf-8") == whole.recipe.read_text("utf-8")


def test_a_finished_run_is_not_trained_again(tiny_run, tmp_path, monkeypatch):
    folder = RunFolder(shutil.copytree(tiny_run.folder.path, tmp_path / "run"))
    monkeypatch.setattr(keras.Model, "fit", lambda *_, **__: pytest.fail("it was trained again"))
    pipeline.train(tiny_run.folder.recipe, out=folder.path, quiet=True)
    _assert_same_weights(folder, tiny_run.folder)


def test_a_monitor_that_is_not_measured_is_refused_before_anything_is_read(tmp_path, monkeypatch):
    recipe = write_recipe(tmp_path)
    monkeypatch.setattr(Split, "__init__", lambda *_, **__: pytest.fail("data was read"))
    with pytest.raises(RecipeError) as refused:
        pipeline.train(recipe, {"train.monitor": "validation_blue"}, out=tmp_path / "run", quiet=True)
    assert str(refused.value) == (
        f"{recipe}: `train.monitor` is 'validation_blue', which this recipe does not log.\n"
        "  allowed: loss, gradient_norm, clipped_share, sampling_probability, seconds, learning_rate, "
        "tokens_per_second, validation_loss, validation_perplexity, validation_teacher_forced_accuracy, "
        "validation_exact_match, validation_bleu, validation_nltk_bleu\n"
        "  fix: did you mean 'validation_bleu'?"
    )
    assert not (tmp_path / "run").exists()


def test_a_schedule_that_watches_what_is_not_measured_is_refused_too(tmp_path):
    recipe = write_recipe(tmp_path)
    schedule = {"type": "plateau", "monitor": "validation_los"}
    message = (
        r"`train\.schedule\.monitor` is 'validation_los', which .*\n.*\n  fix: did you mean 'validation_loss'"
    )
    with pytest.raises(RecipeError, match=message):
        pipeline.train(recipe, {"train.schedule": schedule}, out=tmp_path / "run", quiet=True)


class OneBatch:
    """A split of one batch whose examples are numbers."""

    steps, num_examples, batch_size = 1, 4, 4

    def epochs(self, *, seed, first, last, skip):
        import tensorflow as tf

        assert skip == 0
        labels = tf.constant([[1, 2, 0], [3, 0, 0], [2, 2, 1], [1, 0, 0]])
        return tf.data.Dataset.from_tensors((tf.ones((4, 3, 2)), labels)).repeat(last - first)


class Task:
    """Labels each step of a sequence, by anyone's layer and kerasseq's loss."""

    @staticmethod
    def num_tokens(split):
        return 7

    @staticmethod
    def training_model(model, batch_size):
        assert batch_size == 4
        return model

    @staticmethod
    def example(inputs, labels):
        return inputs, labels

    @staticmethod
    def loss(label_smoothing):
        from kerasseq.losses.masked_cross_entropy import MaskedCrossEntropy

        return MaskedCrossEntropy(label_smoothing=label_smoothing)


class Data:
    splits = {"train": OneBatch()}


def _train(folder, **options):
    model = keras.Sequential([keras.Input((None, 2)), keras.layers.Dense(4, kernel_initializer="ones")])
    before = model.get_weights()
    options = {"epochs": 1, "monitor": "loss", "measure": dict, "seed": 1, **options}
    checkpoints = train(**options, model=model, task=Task(), data=Data(), folder=RunFolder(folder))
    return checkpoints, before, model


def test_patience_ends_a_run_and_keeps_it_ended(tmp_path, monkeypatch):
    options = {"epochs": 9, "patience": 1, "monitor": "validation_size", "measure": lambda: {"size": 1.0}}
    checkpoints, *_ = _train(tmp_path / "run", **options)
    assert len(checkpoints.history) == 2
    monkeypatch.setattr(keras.Model, "fit", lambda *_, **__: pytest.fail("it was trained again"))
    _train(tmp_path / "run", **options)


def test_every_optimizer_and_schedule_is_here():
    assert names("optimizer") == list(OPTIMIZERS)
    assert names("schedule") == list(SCHEDULES)


@pytest.mark.parametrize(("optimizer", "schedule"), list(zip_longest(OPTIMIZERS, SCHEDULES)))
def test_each_optimizer_trains_a_step(tmp_path, optimizer, schedule):
    checkpoints, before, model = _train(tmp_path / "run", optimizer=optimizer, schedule=schedule)
    assert np.isfinite(checkpoints.history[0]["loss"])
    assert any((old != new).any() for old, new in zip(before, model.get_weights(), strict=True))
    assert checkpoints.history[0]["learning_rate"] == pytest.approx(
        SCHEDULES.get(schedule, 1.0) * OPTIMIZERS[optimizer], abs=1e-9
    )
    assert model.optimizer is None


@pytest.mark.parametrize("label_smoothing", [0.0, 0.3])
def test_labels_are_smoothed_as_asked(tmp_path, label_smoothing):
    """At first all logits are alike; after a step of SGD they are not."""
    optimizer = {"type": "sgd", "learning_rate": 5.0}
    options = {"label_smoothing": label_smoothing, "optimizer": optimizer, "clipping": None}
    checkpoints, _, _ = _train(tmp_path / "run", epochs=2, **options)
    found = [row["loss"] for row in checkpoints.history]
    bias = _after_one_step(label_smoothing)
    np.testing.assert_allclose(
        found, [_smoothed(np.zeros(4), label_smoothing), _smoothed(bias, label_smoothing)], rtol=1e-5
    )


LABELS = np.array([1, 2, 3, 2, 2, 1, 1])  # the real ones of OneBatch


def _smoothed(logits, share):
    log_probabilities = logits - np.log(np.exp(logits).sum())
    return -((1 - share) * log_probabilities[LABELS] + share * log_probabilities.mean()).mean()


def _after_one_step(share):
    """Logits after a step of size 5: the inputs are two ones, so both rows and the bias move alike."""
    targets = (1 - share) * np.bincount(LABELS, minlength=4) / len(LABELS) + share / 4
    return -5.0 * 3 * (np.full(4, 0.25) - targets)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": 0}, r"`epochs` must be positive\. Received: epochs=0"),
        (
            {"label_smoothing": 1.0},
            r"`label_smoothing` must be >= 0 and < 1\. Received: label_smoothing=1\.0",
        ),
        ({"patience": 0}, r"`patience` must be positive\. Received: patience=0"),
        ({"evaluate_every": 0}, r"`evaluate_every` must be positive\. Received: evaluate_every=0"),
        ({"optimizer": "adm"}, r"`optimizer` must be one of adadelta, .*, adam, .* did you mean 'adam'\?"),
    ],
)
def test_options_out_of_range_are_refused(tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        _train(tmp_path / "run", **options)
