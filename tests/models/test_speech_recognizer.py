import base64
import functools

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from kerasseq.decode.beam import Beam
from kerasseq.decode.ctc_greedy import CTCGreedy
from kerasseq.decode.greedy import Greedy
from kerasseq.losses.ctc import IMPOSSIBLE
from kerasseq.models.speech_recognizer import build_speech_recognizer
from kerasseq.train.callbacks import ScheduledSampling
from tests.layers.parts import randomise
from tests.models.speech_toys import (
    CTC,
    SAMPLE_RATE,
    SPELLER,
    TRANSCRIPTS,
    batch,
    random_texts,
    small_model,
    task,
)

OUTPUTS = {
    "ctc": ({**CTC, "encoder": {**CTC["encoder"], "cell": "rnn"}}, CTCGreedy()),
    "attention": (
        {**SPELLER, "encoder": {**SPELLER["encoder"], "cell": "rnn"}},
        Beam(beam_width=2, max_length=6),
    ),
}
TEXTS = ["abcca", "b", "cab"]
WIDE = {
    "ctc": {"encoder": {"type": "recurrent", "cell": "rnn", "units": 16}},
    "attention": {
        "speller": {"embedding_dim": 8, "decoder": {"cell": "rnn", "units": 12, "attention": "luong"}}
    },
}
STEPS = 90
each_output = pytest.mark.parametrize("output", OUTPUTS)


def pixels(link):
    """The shades of a picture, (rows, columns)."""
    mark, _, content = link.partition(",")
    assert mark == "data:image/png;base64"
    return tf.io.decode_png(base64.b64decode(content)).numpy()[..., 0]


AUGMENTED = {"spec_augment": {}, "speed_perturbation": 0.2, "subsampling": {"filters": 6}}


def model_of(output, **more):
    return randomise(small_model(OUTPUTS[output][0], **more), scale=0.3)


_shared_model = functools.cache(model_of)  # no test changes it


def row_of(inputs, row):
    """One recording of a batch, as long as it is."""
    cut = {name: value[row : row + 1] for name, value in inputs.items()}
    cut["samples"] = cut["samples"][:, : inputs["lengths"][row]]
    return cut


@each_output
def test_a_batch_is_its_recordings_one_by_one(output):
    model = _shared_model(output)
    inputs, labels = task(output).example(batch(TEXTS))
    together = np.asarray(model(inputs))
    assert together.dtype == np.float32
    assert together.shape[2] == TRANSCRIPTS.vocabulary_size
    for row, text in enumerate(TEXTS):
        alone = np.asarray(model(row_of(inputs, row)))[0]
        length = len(text) + 1 if output == "attention" else int(np.ceil(inputs["lengths"][row] / 40))
        np.testing.assert_allclose(alone[:length], together[row, :length], atol=1e-4)
        if output == "ctc":
            assert (together[row, length:, 1:] == -1e9).all() and not together[row, length:, 0].any()


def test_labels_are_tokens_alone_for_ctc_and_the_next_token_for_a_speller():
    inputs, labels = task().example(batch(["ab", "c"]))
    np.testing.assert_array_equal(labels, [[4, 5, 0], [6, 0, 0]])
    assert set(inputs) == {"samples", "lengths"}
    inputs, labels = task("attention").example(batch(["ab", "c"]))
    np.testing.assert_array_equal(labels, [[4, 5, 3], [6, 3, 0]])
    np.testing.assert_array_equal(inputs["target"], [[2, 4, 5], [2, 6, 3]])


@each_output
def test_ten_recordings_are_learned_by_heart(output):
    keras.utils.set_random_seed(1)
    options, decoder = OUTPUTS[output]
    texts, its_task = random_texts(10), task(output)
    model = small_model({**options, **WIDE[output]})
    fields = batch(texts)
    inputs, labels = its_task.example(fields)
    model.compile(keras.optimizers.Adam(0.015), its_task.loss(), jit_compile=False)
    model.optimizer.build(model.trainable_variables)  # or the step is traced twice
    repeated = {name: np.concatenate([value] * STEPS) for name, value in inputs.items()}
    model.fit(repeated, np.concatenate([np.asarray(labels)] * STEPS), batch_size=10, shuffle=False, verbose=0)
    found = its_task.respond(model, fields, decoder)
    assert [text.decode() for text in TRANSCRIPTS.decode(found["tokens"][:, 0]).numpy()] == texts


def test_scheduled_sampling_has_a_speller_read_its_own_letters():
    model, its_task = randomise(small_model(OUTPUTS["attention"][0]), scale=0.5), task("attention")
    inputs, labels = its_task.example(batch(["abc", "b"]))
    loss, letters = its_task.loss(), np.asarray(inputs["target"])
    own = letters.copy()
    for time in range(letters.shape[1] - 1):
        best = np.asarray(model({**inputs, "target": own}))[:, time].argmax(-1)
        own[:, time + 1] = np.where(letters[:, time + 1] > 3, best, letters[:, time + 1])
    expected = float(loss(labels, model({**inputs, "target": own})))
    assert abs(expected - float(loss(labels, model(inputs)))) > 1e-3
    model.compile(keras.optimizers.Adam(0.01), loss)
    sampling = ScheduledSampling(schedule="constant", mode="stepwise")
    sampling.set_model(model)
    sampling.on_train_begin()
    sampling.on_train_batch_begin(0)
    assert float(loss(labels, model(inputs, training=True))) == pytest.approx(expected, rel=1e-4)


@each_output
def test_it_saves_and_reloads(output, tmp_path):
    model = model_of(output, **AUGMENTED)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    inputs, _ = task(output).example(batch(TEXTS))
    np.testing.assert_array_equal(loaded(inputs), model(inputs))


def test_augmentation_is_for_training_alone():
    model, (inputs, labels) = model_of("ctc", **AUGMENTED), task().example(batch(TEXTS))
    np.testing.assert_array_equal(model(inputs), model(inputs))
    first, second = (np.asarray(model(inputs, training=True))[:, :3] for _ in range(2))
    assert not np.array_equal(first, second)
    model.compile(keras.optimizers.Adam(0.02), task().loss(), run_eagerly=True)
    losses = [float(model.train_on_batch(inputs, labels)) for _ in range(3)]
    assert losses[-1] < losses[0]


@each_output
def test_the_score_is_the_loss(output):
    model, its_task, fields = _shared_model(output), task(output), batch(TEXTS)
    found, state = its_task.score(model, fields, ())
    figures = its_task.figures({name: float(np.sum(values)) for name, values in found.items()})
    inputs, labels = its_task.example(fields)
    assert figures == {"loss": pytest.approx(float(its_task.loss()(labels, model(inputs))), rel=1e-5)}
    ends = 0 if output == "ctc" else 1
    np.testing.assert_array_equal(found["num_tokens"], [len(text) + ends for text in TEXTS])
    assert state == ()


def test_a_transcript_that_does_not_fit_is_counted_and_left_out_of_the_loss():
    model = model_of("ctc", subsampling={"strides": [4, 5], "filters": 4})  # a frame for two letters
    fields = batch(["ab", "a"])
    found, _ = task().score(model, fields, ())
    assert float(found["log_probability"][0]) < IMPOSSIBLE
    figures = task().figures({name: float(np.sum(values)) for name, values in found.items()})
    assert figures == {"loss": pytest.approx(-float(found["log_probability"][1]), rel=1e-5), "unalignable": 1}


def _answers(model, its_task, fields, decoder, **options):
    answers = its_task.respond(model, fields, decoder, **options)
    return list(its_task.present(fields, keras.tree.map_structure(ops.convert_to_numpy, answers)))


@pytest.mark.parametrize(
    ("output", "decoder"), [("ctc", CTCGreedy()), ("attention", Greedy(max_length=4))], ids=OUTPUTS
)
def test_answers_tell_what_was_heard_when_of_waveforms_as_well(output, decoder):
    model, its_task, fields = _shared_model(output), task(output), batch(TEXTS)
    audio = fields["audio"]
    plain = _answers(model, its_task, {"audio": audio}, decoder)
    detailed = _answers(model, its_task, {"audio": audio}, decoder, detailed=True)
    assert any(answer["prediction"] for answer in plain)
    for row, (brief, full) in enumerate(zip(plain, detailed, strict=True)):
        heard = full.pop("heard")
        assert brief == full
        assert brief["seconds"] == audio["lengths"][row] / SAMPLE_RATE
        assert "".join(heard["tokens"]).replace("<unk>", "\N{REPLACEMENT CHARACTER}") == brief["prediction"]
        frames = int(np.ceil(audio["lengths"][row] / 40))
        assert pixels(heard["spectrogram"]).shape == (8, frames)
        if output == "ctc":
            assert heard["seconds"] == sorted(heard["seconds"])
            assert all(0 <= second <= brief["seconds"] for second in heard["seconds"])
        elif heard["tokens"]:
            assert pixels(heard["weights"]).shape == (len(heard["tokens"]), -(-frames // 2))

    signatures = its_task.signatures(model, decoder)
    waveform = ops.convert_to_tensor(audio["samples"] / np.float32(32768))
    given = {"waveform": waveform, "lengths": ops.convert_to_tensor(audio["lengths"])}
    served = signatures["serving_default"].call(**given)
    assert [text.decode() for text in served["text"].numpy()] == [answer["prediction"] for answer in plain]
    np.testing.assert_allclose(served["score"], [answer["score"] for answer in plain], atol=1e-4)
    scored = signatures["score"].call(**given, text=TEXTS)
    expected, _ = its_task.score(model, fields, ())
    np.testing.assert_allclose(scored["log_probability"], expected["log_probability"], rtol=1e-4)


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="`speller` is for `output` 'attention'. Received: output='ctc'"):
        build_speech_recognizer(vocabulary_size=5, speller={})
    with pytest.raises(
        ValueError, match="`output` must be one of 'ctc', 'attention'. Received: output='rnnt'"
    ):
        build_speech_recognizer(vocabulary_size=5, output="rnnt")
