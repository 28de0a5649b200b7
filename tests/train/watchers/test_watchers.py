"""Where else figures and samples go; MLflow and the client of Weights & Biases are played by toys."""

import os
import sys
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from tensorflow.core.util import event_pb2

from kerasseq.errors import KerasseqError
from kerasseq.models.thumbnails import png
from kerasseq.registry import names
from kerasseq.run_folder import RunFolder, write_text
from kerasseq.specs import Sample
from kerasseq.train.callbacks import Checkpoints, Watching
from tests.train.small_training import Killed, run

PICTURE = png(np.zeros((2, 3, 1), np.uint8))
SAMPLES = [Sample("a *b*\nc", "d", "e", PICTURE), Sample("f", "g", "h")]


def _records(folder):
    """The events of all files, as TensorBoard reads them."""
    import tensorflow as tf

    paths = [str(path) for path in sorted((folder / "tensorboard").iterdir())]
    records = tf.data.TFRecordDataset(paths).as_numpy_iterator()
    return [event_pb2.Event.FromString(record) for record in records]


def _events(folder):
    """The name, step, value and kind of everything that is shown."""
    import tensorflow as tf

    found = []
    for event in _records(folder):
        for value in event.summary.value:
            array = tf.make_ndarray(value.tensor)
            found.append((value.tag, event.step, array.tolist(), value.metadata.plugin_data.plugin_name))
    return found


def _fit(watchers, folder, epochs=2, samples=None):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    watching = Watching(watchers, folder=RunFolder(folder), samples=samples)
    return model.fit(
        np.ones((4, 2)), np.ones((4, 1)), epochs=epochs, verbose=0, callbacks=[watching]
    ).history["loss"]


def test_every_watcher_is_here():
    assert names("watcher") == ["mlflow", "tensorboard", "wandb"]


def test_tensorboard_shows_the_recipe_and_each_epoch(tmp_path):
    write_text(tmp_path / "recipe.yaml", "seed: 1\n")
    losses = _fit(["tensorboard"], tmp_path)
    recipe, *scalars = _events(tmp_path)
    assert recipe == ("recipe", 0, b"```yaml\nseed: 1\n\n```", "text")
    assert [(tag, step, kind) for tag, step, _, kind in scalars] == [
        ("loss", 1, "scalars"),
        ("loss", 2, "scalars"),
    ]
    np.testing.assert_allclose([value for _, _, value, _ in scalars], losses, rtol=1e-6)


def test_tensorboard_shows_samples_and_where_they_looked(tmp_path):
    told = iter([SAMPLES, []])  # the second epoch was not measured
    _fit(["tensorboard"], tmp_path, samples=lambda: next(told))
    table, *pictures = [event for event in _events(tmp_path) if event[3] != "scalars"]
    header = [b"input", b"reference", b"prediction"]
    first = [b"    a *b*\n    c\n", b"    d\n", b"    e\n"]
    second = [b"    f\n", b"    g\n", b"    h\n"]
    assert table == ("samples", 1, [header, first, second], "text")
    assert pictures == [("attention/1", 1, [b"3", b"2", PICTURE], "images")]


def test_a_resumed_session_has_tensorboard_forget_what_it_shows_again(tmp_path, monkeypatch):
    """The second epoch was shown, but the process was killed before its checkpoint was written."""
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Checkpoints, "on_epoch_end", _dying_after(1, Checkpoints.on_epoch_end))
        run(tmp_path, epochs=3)
    checkpoints, _ = run(tmp_path, epochs=3)
    names = [path.name for path in sorted((tmp_path / "tensorboard").iterdir())]
    assert names == [f"events.out.tfevents.{number:06}.{os.getpid()}" for number in (1, 2)]
    records = _records(tmp_path)
    starts = [event.step for event in records if event.session_log.status == event.session_log.START]
    assert starts == [1, 2]
    losses = [(step, value) for tag, step, value, _ in _events(tmp_path) if tag == "loss"]
    assert [step for step, _ in losses] == [1, 2, 2, 3]
    kept = dict(losses)
    for row in checkpoints.history:
        assert kept[row["epoch"]] == pytest.approx(row["loss"], rel=1e-5)


def _dying_after(epochs, on_epoch_end):
    def die(self, epoch, logs=None):
        if epoch == epochs:
            raise Killed
        on_epoch_end(self, epoch, logs)

    return die


def test_a_recipes_training_shows_all_that_it_logs_without_being_asked(tmp_path):
    checkpoints, _ = run(tmp_path, epochs=2)
    shown = {(tag, step): value for tag, step, value, _ in _events(tmp_path)}
    for row in checkpoints.history:
        for name in set(row) - {"epoch"}:
            assert shown[name, row["epoch"]] == pytest.approx(row[name], rel=1e-5)


class Failing:
    """Shows the first epoch, and then its disk is full."""

    def __init__(self):
        self.calls = []

    def epoch(self, number, logs):
        self.calls.append(number)
        if number == 2:
            raise OSError("No space left on device")

    def close(self):
        self.calls.append("close")


def test_a_watcher_that_fails_is_left_out_and_training_goes_on(tmp_path, capsys):
    failing = Failing()
    assert len(_fit([failing, "tensorboard"], tmp_path, epochs=3)) == 3
    assert failing.calls == [1, 2]
    assert capsys.readouterr().err == (
        "watch: failing is left out, training goes on: No space left on device\n"
    )
    assert [step for tag, step, *_ in _events(tmp_path) if tag == "loss"] == [1, 2, 3]


def test_samples_that_cannot_be_made_are_left_out(tmp_path, capsys):
    def fail():
        raise RuntimeError("no font")

    _fit(["tensorboard"], tmp_path, samples=fail)
    assert capsys.readouterr().err == "watch: samples is left out, training goes on: no font\n"
    assert [step for tag, step, *_ in _events(tmp_path) if tag == "loss"] == [1, 2]


def test_a_folder_that_cannot_be_made_ends_no_training(tmp_path, capsys):
    (tmp_path / "tensorboard").write_text("a file")
    assert len(_fit(["tensorboard"], tmp_path)) == 2
    said = capsys.readouterr().err
    assert said.startswith("watch: tensorboard is left out, training goes on: ") and "File exists" in said


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs Linux' full disk")
def test_a_full_disk_ends_no_training(tmp_path, monkeypatch, capsys):
    import tensorflow as tf

    opened = tf.io.TFRecordWriter
    monkeypatch.setattr(tf.io, "TFRecordWriter", lambda path: opened("/dev/full"))
    assert len(_fit(["tensorboard"], tmp_path)) == 2
    said = capsys.readouterr().err
    assert said.startswith("watch: tensorboard is left out, training goes on: ") and "space" in said


def test_mlflow_gets_each_epoch(tmp_path, monkeypatch):
    calls = []
    toy = SimpleNamespace(
        **{
            name: lambda *given, name=name, **more: calls.append((name, *given, *more.values()))
            for name in ("set_experiment", "start_run", "log_text", "log_metrics", "end_run")
        }
    )
    monkeypatch.setitem(sys.modules, "mlflow", toy)
    write_text(tmp_path / "recipe.yaml", "seed: 1\n")
    losses = _fit([{"type": "mlflow", "experiment": "mine"}], tmp_path, epochs=1, samples=lambda: SAMPLES)
    assert calls == [
        ("set_experiment", "mine"),
        ("start_run", tmp_path.name),
        ("log_text", "seed: 1\n", "recipe.yaml"),
        ("log_metrics", {"loss": losses[0]}, 1),
        ("log_text", "a *b*\nc\n= d\n> e\n\nf\n= g\n> h\n", "samples/epoch_1.txt"),
        ("end_run",),
    ]


def test_weights_and_biases_gets_each_epoch(tmp_path, monkeypatch):
    calls = []

    def init(**options):
        calls.append(options)
        return SimpleNamespace(
            log=lambda logs, step: calls.append((logs, step)), finish=lambda: calls.append("finish")
        )

    monkeypatch.setitem(sys.modules, "wandb", SimpleNamespace(init=init, Table=lambda **table: table))
    losses = _fit([{"type": "wandb", "project": "mine"}], tmp_path, epochs=1, samples=lambda: SAMPLES)
    begun, noted, (shown, step), ended = calls
    table = {"columns": ["input", "reference", "prediction"], "data": [[*one[:3]] for one in SAMPLES]}
    assert (shown, step) == ({"samples": table}, 1)
    assert (begun["project"], begun["name"], begun["config"]) == ("mine", tmp_path.name, {"recipe": ""})
    assert (noted, ended) == (({"loss": losses[0]}, 1), "finish")


@pytest.mark.parametrize("name", ["mlflow", "wandb"])
def test_what_is_not_installed_is_named_with_its_line_for_pip(tmp_path, monkeypatch, name):
    monkeypatch.setitem(sys.modules, name, None)
    message = rf"`train\.watch: \[{name}\]` needs .*\.\n  fix: python -m pip install 'kerasseq\[{name}\]'$"
    with pytest.raises(KerasseqError, match=message):
        _fit([name], tmp_path)
