"""Recordings, pictures and videos from a recipe to the report, and every command on their run folders."""

import io
import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from kerasseq import cli, pipeline
from kerasseq.data.wav import read_wav
from kerasseq.errors import DataError, RecipeError
from tests.data.picture_files import gif_bytes, write_picture
from tests.data.recordings import tone, write_wav
from tests.tiny_run import UNTRACED

SIZES = {"train": 16, "validation": 4, "test": 8}
CLASSES = ("down", "up")
RECIPE = """\
data:
  source: {type: folders, train: train, validation: validation, test: test}
  features: {input: FEATURE}
  batch_size: 8
  cache_folder: CACHE
model:
  type: sequence_classifier
  front_end: FRONT_END
  encoder: {type: recurrent, cell: rnn, units: 6}
  pooling: attention
train: {epochs: 1, watch: []}
export: [saved_model]
"""
FEATURES = {
    "audio": "{type: audio, sample_rate: 8000}",
    "image": "{type: image, height: 6, channels: 1}",
    "video": "{type: video, height: 6, num_frames: 4}",
}
FRONT_ENDS = {
    "audio": "{type: log_mel, bands: 8, step_ms: 20}",
    "image": "rows",
    "video": "{type: frames, image_encoder: {type: cnn, filters: [4]}}",
}


def write_example(medium, path, is_up, random):
    """A tone, a bar or a moving bar, of a random strength."""
    strength = int(random.integers(60, 120))
    if medium == "audio":
        seconds = random.uniform(0.1, 0.2)
        return write_wav(
            path.with_suffix(".wav"), tone(1500 if is_up else 400, seconds=seconds) * 100 // strength
        )
    pixels = np.zeros((6, 6), np.uint8)
    if medium == "image":
        pixels[1 if is_up else 4] = strength
        return write_picture(path.with_suffix(".png"), np.repeat(pixels[..., None], 3, axis=2))
    frames = np.stack(
        [np.roll(pixels + strength * (np.arange(6) == 5)[:, None], -step, axis=0) for step in range(5)]
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_suffix(".gif").write_bytes(gif_bytes(frames if is_up else frames[::-1]))
    return path.with_suffix(".gif")


def write_data(folder, medium):
    random = np.random.default_rng(0)
    for split, size in SIZES.items():
        for number in range(size):
            name = CLASSES[number % 2]
            write_example(medium, folder / split / name / f"{number}.x", name == "up", random)
    text = RECIPE.replace("CACHE", str(folder / "cache")).replace("FEATURE", FEATURES[medium])
    (folder / "tiny.yaml").write_text(text.replace("FRONT_END", FRONT_ENDS[medium]))
    return folder / "tiny.yaml"


pytestmark = [*UNTRACED, pytest.mark.usefixtures("few_steps")]


@pytest.fixture(scope="module", params=FEATURES)
def run(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    recipe = write_data(folder, request.param)
    made = pipeline.run(recipe, out=folder / "run", quiet=True)
    made.medium = request.param
    return made


def files_of(run):
    return sorted((run.folder.path.parent / "test").rglob("*.*"))[:3]


def test_what_is_measured(run):
    assert list(run.metrics["test"]) == ["loss", "accuracy", "macro_f1", "calibration_error"]
    assert list(run.metrics["baseline"]) == ["majority", "nearest_example"]
    assert run.metrics["baseline"]["majority"] == {"accuracy": 0.5, "macro_f1": pytest.approx(1 / 3)}
    lines = [json.loads(line) for line in run.folder.predictions.read_text().splitlines()]
    assert len(lines) == 8 and lines[0]["input"].startswith(str(run.folder.path.parent / "test"))
    assert sum(lines[0]["attention_over_time"]) == pytest.approx(1, abs=0.01)
    keys = {"audio": {"waveform", "seconds"}, "image": {"picture"}, "video": {"frames"}}
    assert set(lines[0]["shown"]) == keys[run.medium]


def test_a_run_answers_and_scores_files_by_its_folder_name_alone(run):
    opened = pipeline.open_run(run.folder.path)
    paths = list(map(str, files_of(run)))
    answers = list(run.decode(paths))
    assert [answer["input"] for answer in answers] == paths
    (scored,) = opened.score([(paths[0], "up")])
    assert scored["score"] == pytest.approx(np.log(answers[0]["probabilities"]["up"]), abs=1e-4)


def test_the_saved_model_says_the_same_of_raw_inputs(run):
    served, paths = tf.saved_model.load(str(run.folder.saved_model)), files_of(run)
    given = {
        "audio": lambda: _padded([read_wav(path) / 32768 for path in paths], "waveform", np.float32),
        "image": lambda: {"image": np.array([path.read_bytes() for path in paths], object)},
        "video": lambda: _padded(
            [tf.io.decode_gif(path.read_bytes()).numpy()[[0, 1, 3, 4]] for path in paths], "frames", np.uint8
        ),
    }[run.medium]()
    tensors = {name: tf.constant(value) for name, value in given.items()}
    found = served.signatures["serving_default"](**tensors)
    answers = list(run.decode(map(str, paths)))
    assert [name.decode() for name in found["label"].numpy()] == [answer["prediction"] for answer in answers]
    np.testing.assert_allclose(found["probability"], [answer["score"] for answer in answers], atol=1e-4)
    scored = served.signatures["score"](**tensors, label=tf.constant(["up"] * len(paths)))
    expected = [np.log(answer["probabilities"]["up"]) for answer in answers]
    np.testing.assert_allclose(scored["log_probability"], expected, atol=1e-3)
    none = served.signatures["serving_default"](**{name: tensor[:0] for name, tensor in tensors.items()})
    assert none["label"].shape == (0,) and none["probabilities"].shape == (0, 2)


def _padded(rows, name, dtype):
    lengths = np.array([len(row) for row in rows], np.int32)
    values = np.zeros((len(rows), lengths.max(), *rows[0].shape[1:]), dtype)
    for place, row in enumerate(rows):
        values[place, : len(row)] = row
    return {name: values, "lengths": lengths}


def test_the_command_line_predicts_paths(run, monkeypatch, capsys):
    paths = list(map(str, files_of(run)))
    monkeypatch.setattr(sys, "argv", ["kerasseq", "predict", str(run.folder.path)])
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO("\n".join(paths).encode())))
    with pytest.raises(SystemExit):
        cli.main()
    assert capsys.readouterr().out.splitlines() == run.predict(paths)


def test_explain_and_doctor_know_the_medium(run):
    recipe = run.folder.path.parent / "tiny.yaml"
    shown = {"audio": "0.1", "image": "6x6x1", "video": "4 frames"}[run.medium]
    explained = pipeline.explain(recipe)
    assert f"input  {run.medium}" in explained and shown in explained and "front_end" in explained
    assert "data.features.label\n" in pipeline.explain(recipe, {"data.source.train": "none"}) + "\n"
    assert shown in pipeline.doctor(recipe)
    assert "summary" in pipeline.explain(run.folder.path, gradients=True)


def test_a_broken_file_is_told_with_its_place(run):
    folder = run.folder.path.parent
    broken = folder / "train" / "up" / "broken.wav"
    broken.write_bytes(b"nothing")
    try:
        with pytest.raises(DataError, match=rf"{broken}: the (recording|picture) {broken} is no") as caught:
            pipeline.doctor(folder / "tiny.yaml") and pipeline.Run(
                pipeline.RunFolder(folder / "other"), run.values, recipe_folder=folder
            ).prepare()
        assert "fix: " in str(caught.value)
        assert "the data cannot be read" in pipeline.doctor(folder / "tiny.yaml")
    finally:
        broken.unlink()


@pytest.mark.parametrize(
    ("overrides", "fix"),
    [
        ({"model.front_end": None}, "say what it becomes"),
        ({"data.features.input": "text"}, "leave `front_end` out: words are embedded"),
        ({"data.features.input": "label"}, "allowed: text, audio, image, video"),
        ({"model.embedding_dim": 8}, "only words are embedded"),
    ],
)
def test_what_does_not_go_together_is_refused(run, overrides, fix):
    with pytest.raises(RecipeError, match=fix):
        pipeline.check(run.folder.path.parent / "tiny.yaml", overrides)
