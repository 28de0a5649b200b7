"""A speech recognizer from a table of recordings to a SavedModel, and what a recipe of one cannot have."""

import csv
import json

import numpy as np
import pytest
import tensorflow as tf

from kerasseq import pipeline
from kerasseq.errors import KerasseqError, RecipeError
from tests.data.recordings import write_wav
from tests.models.speech_toys import SAMPLE_RATE, batch, random_texts

RECIPE = f"""
data:
  source: {{type: recordings, train: train.csv, validation: test.csv, test: test.csv}}
  features: {{audio: {{sample_rate: {SAMPLE_RATE}}}}}
  batch_size: 8
model:
  type: speech_recognizer
  front_end: {{type: log_mel, bands: 8, step_ms: 20, frame_ms: 40}}
  encoder: {{type: recurrent, cell: rnn, units: 8}}
train: {{epochs: 1, watch: [], optimizer: {{type: adam, learning_rate: 1e-2}}}}
decode: {{type: ctc_beam, beam_width: 4, num_hypotheses: 2}}
evaluate: {{metrics: [exact_match], num_details: 0}}
export: [saved_model]
"""


@pytest.fixture
def recipe(tmp_path, monkeypatch):
    monkeypatch.setenv("KERASSEQ_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "tones.yaml"
    path.write_text(RECIPE)
    return path


@pytest.fixture
def recordings(recipe):
    """Tones that spell letters, where the recipe looks for them."""
    for split, size in {"train": 16, "test": 4}.items():
        texts = random_texts(size, seed=size)
        sounds = batch(texts)["audio"]
        rows = ["audio,transcript"]
        for place, text in enumerate(texts):
            samples = sounds["samples"][place, : sounds["lengths"][place]]
            write_wav(recipe.parent / split / f"{place}.wav", samples, rate=SAMPLE_RATE)
            rows.append(f"{split}/{place}.wav,{text}")
        (recipe.parent / f"{split}.csv").write_text("\n".join(rows))
    return recipe


def test_a_run_answers_recordings_and_its_saved_model_waveforms(recordings, tmp_path):
    overrides = {
        "data.source.columns": {"audio": 0, "transcript": "transcript"},
        "data.features.transcript": {"type": "ngram_text", "ngram_order": 2},
        "decode.prior_weight": 0.3,
        "decode.token_bonus": 1.0,
    }
    run = pipeline.run(recordings, overrides, out=tmp_path / "run", quiet=True)
    lines = [json.loads(line) for line in run.folder.predictions.read_text().splitlines()]
    assert [line["reference"] for line in lines] == random_texts(4, seed=4)
    paths = [line["input"] for line in lines]
    assert run.predict(paths) == [line["prediction"] for line in lines]
    scored = run.score([(path, line["reference"]) for path, line in zip(paths, lines, strict=True)])
    assert [row["tokens"] for row in scored] == [len(line["reference"]) for line in lines]

    sounds = batch(random_texts(4, seed=4))["audio"]
    serve = tf.saved_model.load(str(run.folder.saved_model)).signatures["serving_default"]
    waveform = tf.constant(sounds["samples"] / np.float32(32768))
    served = serve(waveform=waveform, lengths=tf.constant(sounds["lengths"]))
    assert [text.decode() for text in served["text"].numpy()] == [line["prediction"] for line in lines]
    np.testing.assert_allclose(served["score"], [line["score"] for line in lines], atol=1e-3)
    assert served["n_best_text"].shape == (4, 2)
    assert serve(waveform=waveform[:0], lengths=tf.constant([], tf.int32))["text"].shape == (0,)


def test_without_jiwer_nothing_is_read(recipe, tmp_path, monkeypatch):
    monkeypatch.setattr("kerasseq.metrics.edits.find_spec", lambda name: None)
    with pytest.raises(KerasseqError, match=r"fix: python -m pip install 'kerasseq\[speech\]'"):
        pipeline.run(recipe, {"evaluate.metrics": ["wer"]}, out=tmp_path / "run", quiet=True)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("overrides", "fix"),
    [
        ({"decode": None}, "name a way to search, such as ctc_beam or beam"),
        ({"decode": "beam"}, "take ctc_beam or ctc_greedy with `output: ctc`"),
        ({"model.output": "attention"}, "take ctc_beam or ctc_greedy with `output: ctc`"),
        ({"model.speller": {}}, "a speller writes with `output: attention`"),
        ({"train.label_smoothing": 0.1}, "leave it out: CTC has no labels to smooth"),
        ({"train.scheduled_sampling": {}}, "leave it out: with CTC no token depends on the one before"),
        ({"decode.prior_weight": 0.5}, "write `data.features.transcript: {type: ngram_text}`"),
        ({"data.share_vocabulary": True}, "leave it out: a recording has no words"),
        ({"model.front_end": "rows"}, "that is for pictures: take log_mel"),
        (
            {"model.output": "attention", "decode": "beam", "model.speller": {"decoder": {"copy": True}}},
            "leave it out: a recording has no words to copy",
        ),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_read(recipe, overrides, fix):
    with pytest.raises(RecipeError) as refused:
        pipeline.check(recipe, overrides)
    assert fix in str(refused.value)


def test_a_speller_is_trained_on_its_own_letters(recordings, tmp_path):
    overrides = {
        "data.source.header": True,
        "model.output": "attention",
        "model.speller": {"embedding_dim": 4, "decoder": {"cell": "rnn", "units": 8, "attention": "none"}},
        "model.encoder": {"type": "recurrent", "cell": "rnn", "units": 8},
        "train.scheduled_sampling": {"schedule": "constant", "mode": "parallel"},
        "train.max_steps": 1,
        "decode": "greedy",
        "evaluate.metrics": [],
        "export": [],
    }
    run = pipeline.train(recordings, overrides, out=tmp_path / "run", quiet=True)
    with run.folder.history.open() as file:
        (row,) = csv.DictReader(file)
    assert float(row["sampling_probability"]) == 1


@pytest.mark.parametrize("search", ["ctc_beam", "ctc_greedy"])
def test_a_search_over_frames_is_for_recognizers(search):
    with pytest.raises(RecipeError, match=f"`decode.type` is '{search}', which is for speech_recognizer"):
        pipeline.check("translate_dates", {"decode": search})


def test_an_encoder_that_shortens_is_for_recognizers():
    with pytest.raises(RecipeError) as refused:
        pipeline.check("translate_dates", {"model.encoder": "pyramidal"})
    assert "`model.encoder.type` is 'pyramidal', which is for speech_recognizer, not for 'seq2seq'" in str(
        refused.value
    )
    assert "allowed: recurrent\n  fix: take another encoder" in str(refused.value)
