"""Where else figures go; MLflow and the client of Weights & Biases are played by toys."""

import sys
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from tensorflow.core.util import event_pb2

from kerasseq.registry import names
from kerasseq.run_folder import RunFolder, write_text
from kerasseq.train.callbacks import Watching
from tests.train.small_training import Killed, kill_at, run


def _events(folder):
    """The name, step and value of everything in the event files, without TensorBoard."""
    import tensorflow as tf

    paths = [str(path) for path in sorted((folder / "tensorboard").iterdir())]
    found = []
    for record in tf.data.TFRecordDataset(paths).as_numpy_iterator():
        event = event_pb2.Event.FromString(record)
        for value in event.summary.value:
            array = tf.make_ndarray(value.tensor)
            found.append((value.tag, event.step, array.item(), value.metadata.plugin_data.plugin_name))
    return found


def _fit(watchers, folder, epochs=2):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    watching = Watching(watchers, folder=RunFolder(folder))
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


def test_a_recipes_training_shows_all_that_it_logs_also_when_it_is_killed(tmp_path, monkeypatch):
    with monkeypatch.context() as patch, pytest.raises(Killed):
        kill_at(patch, 7)
        run(tmp_path, epochs=2, watch=["tensorboard"])
    checkpoints, _ = run(tmp_path, epochs=2, watch=["tensorboard"])
    shown = {(tag, step): value for tag, step, value, _ in _events(tmp_path)}
    for row in checkpoints.history:
        for name in ("loss", "validation_loss", "gradient_norm", "learning_rate"):
            assert shown[name, row["epoch"]] == pytest.approx(row[name], rel=1e-5)


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
    losses = _fit([{"type": "mlflow", "experiment": "mine"}], tmp_path, epochs=1)
    assert calls == [
        ("set_experiment", "mine"),
        ("start_run", tmp_path.name),
        ("log_text", "seed: 1\n", "recipe.yaml"),
        ("log_metrics", {"loss": losses[0]}, 1),
        ("end_run",),
    ]


def test_weights_and_biases_gets_each_epoch(tmp_path, monkeypatch):
    calls = []

    def init(**options):
        calls.append(options)
        return SimpleNamespace(
            log=lambda logs, step: calls.append((logs, step)), finish=lambda: calls.append("finish")
        )

    monkeypatch.setitem(sys.modules, "wandb", SimpleNamespace(init=init))
    losses = _fit([{"type": "wandb", "project": "mine"}], tmp_path, epochs=1)
    begun, noted, ended = calls
    assert (begun["project"], begun["name"], begun["config"]) == ("mine", tmp_path.name, {"recipe": ""})
    assert (noted, ended) == (({"loss": losses[0]}, 1), "finish")


@pytest.mark.parametrize("name", ["mlflow", "wandb"])
def test_what_is_not_installed_is_named_with_its_line_for_pip(tmp_path, monkeypatch, name):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match=rf"`watch: \[{name}\]` needs .*: pip install {name}$"):
        _fit([name], tmp_path)
