"""Which tokens the decoder is fed, and when."""

import keras
import numpy as np
import pytest

from kerasseq.models.seq2seq import Seq2SeqTask
from kerasseq.train.callbacks import ScheduledSampling
from tests.models.seq2seq_toys import batch, small_model

TASK = Seq2SeqTask({})
FORMULAS = {
    "constant": lambda step: 0.0,
    "linear": lambda step: max(1 - step / 10, 0.0),
    "exponential": lambda step: 0.9**step,
    "inverse_sigmoid": lambda step: 10 / (10 + np.exp(step / 10)),
}


class Probabilities(keras.callbacks.Callback):
    """Notes what the decoder's probability is at each step."""

    def __init__(self):
        super().__init__()
        self.found = []

    def on_train_batch_begin(self, batch, logs=None):
        self.found.append(float(self.model.get_layer("decoder").sampling_probability.value))


@pytest.fixture(scope="module")
def model():
    model = small_model(scale=1.0, encoder={"cell": "rnn"}, decoder={"cell": "rnn", "attention": "luong"})
    model.compile(keras.optimizers.SGD(0.0), TASK.loss(), jit_compile=False)
    return model


def _loss(model, *callbacks, epochs=1):
    """The loss of one batch; the learning rate is 0."""
    inputs, labels = TASK.example(batch())
    return model.fit(inputs, labels, epochs=epochs, verbose=0, callbacks=list(callbacks)).history["loss"]


def _cross_entropy(logits, labels):
    """Per real token, in NumPy."""
    logits = np.asarray(logits, "float64")
    log_probabilities = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    of_labels = np.take_along_axis(log_probabilities, labels[..., None], axis=-1)[..., 0]
    return -of_labels[labels != 0].mean()


@pytest.mark.parametrize("schedule", FORMULAS)
def test_probabilities_follow_the_formula(schedule):
    sampling = ScheduledSampling(schedule=schedule, k=0.9 if schedule == "exponential" else 10)
    steps = [0, 1, 5, 10, 11, 200]
    expected = [1 - FORMULAS[schedule](step) for step in steps]
    np.testing.assert_allclose([sampling.probability(step) for step in steps], expected, rtol=1e-12)
    floored = ScheduledSampling(schedule=schedule, k=sampling.k, teacher_forcing=0.4)
    expected = [1 - max(FORMULAS[schedule](step), 0.4) for step in steps]
    np.testing.assert_allclose([floored.probability(step) for step in steps], expected, rtol=1e-12)


def test_a_long_training_does_not_overflow():
    assert ScheduledSampling(k=1.0).probability(10**9) == pytest.approx(1.0)


def test_at_probability_0_the_loss_is_that_of_teacher_forcing(model):
    inputs, labels = TASK.example(batch())
    expected = _cross_entropy(model(inputs), labels)
    found = _loss(model, ScheduledSampling(schedule="constant", teacher_forcing=1.0))
    np.testing.assert_allclose(found, [expected], rtol=1e-5)


def test_at_probability_1_the_decoder_reads_its_own_tokens(model):
    inputs, labels = TASK.example(batch())
    state = TASK.begin(model, keras.ops.convert_to_tensor(inputs["source"]))
    tokens, logits = inputs["target"][:, 0], []
    for _ in range(labels.shape[1]):
        step_logits, state = TASK.step(model, tokens, state)
        logits.append(np.asarray(step_logits))
        tokens = logits[-1].argmax(axis=-1).astype("int32")
    expected = _cross_entropy(np.stack(logits, axis=1), labels)
    assert abs(expected - _cross_entropy(model(inputs), labels)) > 0.01
    found = _loss(model, ScheduledSampling(schedule="constant"))
    np.testing.assert_allclose(found, [expected], rtol=1e-5)
    # It has ended: the same model trains as before.
    np.testing.assert_allclose(_loss(model), [_cross_entropy(model(inputs), labels)], rtol=1e-5)


@pytest.mark.parametrize("attention", ["bahdanau", "luong"])
def test_it_trains_a_decoder_with_attention(attention):
    model = small_model(encoder={"cell": "lstm"}, decoder={"cell": "lstm", "attention": attention})
    model.compile(keras.optimizers.Adam(0.01), TASK.loss(), jit_compile=False)
    inputs, labels = TASK.example(batch())
    before = _cross_entropy(model(inputs), labels)
    sampling = ScheduledSampling(schedule="linear", k=4)  # the first step is teacher forcing, then it mixes
    losses = model.fit(inputs, labels, epochs=8, verbose=0, callbacks=[sampling]).history["loss"]
    np.testing.assert_allclose(losses[0], before, rtol=1e-5)
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("steps_per_execution", [1, 2])
def test_it_goes_on_at_the_optimizers_step(steps_per_execution):
    model = small_model(encoder={"cell": "rnn"}, decoder={"cell": "rnn", "attention": "none"})
    model.compile(
        keras.optimizers.SGD(0.0), TASK.loss(), jit_compile=False, steps_per_execution=steps_per_execution
    )
    model.optimizer.build(model.trainable_variables)
    model.optimizer.iterations.assign(3)
    sampling, probabilities = ScheduledSampling(schedule="linear", k=10), Probabilities()
    inputs, labels = TASK.example(batch(4))
    history = model.fit(
        inputs, labels, batch_size=1, epochs=2, verbose=0, callbacks=[sampling, probabilities]
    ).history
    expected = [step / 10 for step in range(3, 11, steps_per_execution)]
    np.testing.assert_allclose(probabilities.found, expected, rtol=1e-6)
    last = {1: [0.6, 1.0], 2: [0.5, 0.9]}[steps_per_execution]
    np.testing.assert_allclose(history["sampling_probability"], last)


def test_a_model_without_such_a_layer_is_refused():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, name="out")])
    model.compile("sgd", "mse")
    message = r"needs a layer with `enable_sampling`, such as `TokenDecoder`\. Received: \['out'\]"
    with pytest.raises(ValueError, match=message):
        model.fit(np.ones((2, 2)), np.ones((2, 1)), verbose=0, callbacks=[ScheduledSampling()])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"k": 0}, r"`k` must be positive\. Received: k=0"),
        (
            {"schedule": "exponential"},
            r"`k` must be under 1 for the schedule 'exponential'\. Received: k=1000\.0",
        ),
        ({"schedule": "cosine"}, r"`schedule` must be one of 'constant', .* Received: schedule='cosine'"),
        (
            {"teacher_forcing": 1.5},
            r"`teacher_forcing` must be >= 0 and <= 1\. Received: teacher_forcing=1\.5",
        ),
    ],
)
def test_options_out_of_range_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        ScheduledSampling(**options)
