"""Which tokens the decoder is fed, and when."""

import math
import shutil

import keras
import numpy as np
import pytest

from kerasseq.layers.decoder import RecurrentDecoder
from kerasseq.layers.token_decoder import TokenDecoder
from kerasseq.losses.masked_cross_entropy import MaskedCrossEntropy
from kerasseq.models.seq2seq import Seq2SeqTask
from kerasseq.train.callbacks import BetweenSteps, Checkpoints, ScheduledSampling
from tests.layers.parts import randomise
from tests.models.seq2seq_toys import UNITS, VOCABULARY, batch, small_model

TASK = Seq2SeqTask({})
FORMULAS = {
    "constant": lambda i: 0.0,
    "linear": lambda i: max(1 - i / 10, 0.0),
    "exponential": lambda i: 0.9**i,
    "inverse_sigmoid": lambda i: 10 / (10 + np.exp(i / 10)),
}
each_mode = pytest.mark.parametrize("mode", ["stepwise", "parallel"])


class Probabilities(keras.callbacks.Callback):
    """Notes what the decoder's probability is at each step."""

    def __init__(self, name="decoder"):
        super().__init__()
        self.name = name
        self.found = []

    def on_train_batch_begin(self, batch, logs=None):
        self.found.append(float(self.model.get_layer(self.name).sampling_probability.value))


@pytest.fixture(scope="module")
def model():
    """Eager, as tracing takes the most time; what has to be traced, `_foreign_model` shows."""
    model = small_model(scale=1.0, encoder={"cell": "rnn"}, decoder={"cell": "rnn", "attention": "luong"})
    model.compile(keras.optimizers.SGD(0.0), TASK.loss(), run_eagerly=True)
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


@each_mode
def test_at_probability_0_the_loss_is_that_of_teacher_forcing(model, mode):
    inputs, labels = TASK.example(batch())
    expected = _cross_entropy(model(inputs), labels)
    found = _loss(model, ScheduledSampling(schedule="constant", teacher_forcing=1.0, mode=mode))
    np.testing.assert_allclose(found, [expected], rtol=1e-5)


def _fed_stepwise(model, inputs):
    """What is read at probability 1, found by decoding a token at a time."""
    state = TASK.begin(model, keras.ops.convert_to_tensor(inputs["source"]))
    own = inputs["target"].copy()
    for time in range(own.shape[1] - 1):
        scores, state = TASK.step(model, own[:, time], state)
        best = np.asarray(scores).argmax(axis=-1)
        own[:, time + 1] = np.where(own[:, time + 1] > 3, best, own[:, time + 1])
    return own


def _fed_parallel(model, inputs):
    """The same, found by a call on true tokens."""
    best, target = np.asarray(model(inputs)).argmax(axis=-1), inputs["target"]
    return np.where(target > 3, np.roll(best, 1, axis=1), target).astype("int32")


FED = {"stepwise": _fed_stepwise, "parallel": _fed_parallel}


@pytest.fixture(scope="module")
def losses_at_1(model):
    """By hand, of teacher forcing on what is read."""
    inputs, labels = TASK.example(batch())
    fed = {mode: {**inputs, "target": find(model, inputs)} for mode, find in FED.items()}
    found = {mode: _cross_entropy(model(read), labels) for mode, read in fed.items()}
    forced = _cross_entropy(model(inputs), labels)
    assert all(abs(loss - forced) > 0.01 for loss in found.values())
    assert abs(found["stepwise"] - found["parallel"]) > 1e-4
    return found


@each_mode
def test_at_probability_1_the_decoder_reads_its_own_tokens(model, losses_at_1, mode):
    found = _loss(model, ScheduledSampling(schedule="constant", mode=mode))
    np.testing.assert_allclose(found, [losses_at_1[mode]], rtol=1e-5)


def test_a_decoder_is_found_deep_in_anyones_model(model, losses_at_1):
    inputs = {name: keras.Input((None,), dtype="int32", name=name) for name in ("source", "target")}
    outer = keras.Model(inputs, model(inputs))
    outer.compile(keras.optimizers.SGD(0.0), TASK.loss(), run_eagerly=True)
    found = _loss(outer, ScheduledSampling(schedule="constant"))
    np.testing.assert_allclose(found, [losses_at_1["stepwise"]], rtol=1e-5)


def _foreign_model():
    """Keras layers around a decoder of tokens."""
    source, target = keras.Input((3,), name="source"), keras.Input((None,), dtype="int32", name="target")
    decoder = TokenDecoder(
        embedding=keras.layers.Embedding(VOCABULARY, UNITS),
        decoder=RecurrentDecoder(units=UNITS, cell="gru", attention="none"),
    )
    state = keras.layers.Dense(UNITS, activation="tanh")(source)
    made = keras.Model([source, target], decoder(target, initial_states=[(state,)]))
    made.compile(keras.optimizers.SGD(0.0), MaskedCrossEntropy(), jit_compile=False)
    made.optimizer.build(made.trainable_variables)  # or the step is traced twice
    return randomise(made, scale=1.0)


@each_mode
def test_it_works_in_anyones_fit(mode):
    """A probability that moves traces nothing anew; the rate is 0."""
    model, traces = _foreign_model(), []
    decoder = model.layers[-1]
    fields = batch()
    target, labels = fields["target"][:, :-1], fields["target"][:, 1:]
    source = np.random.default_rng(0).normal(size=(3, 3)).astype("float32")
    fed = np.array(target)
    for time in range(target.shape[1] - 1):
        best = np.asarray(model([source, fed if mode == "stepwise" else target]))[:, time].argmax(axis=-1)
        fed[:, time + 1] = np.where(target[:, time + 1] > 3, best, target[:, time + 1])
    expected = _cross_entropy(model([source, fed]), labels)
    forced = _cross_entropy(model([source, target]), labels)
    assert abs(expected - forced) > 0.01

    embedded = decoder._embedded
    decoder._embedded = lambda tokens: (traces.append(tokens), embedded(tokens))[1]
    sampling = ScheduledSampling(schedule="linear", k=4, mode=mode)
    numbers, probabilities = [], Probabilities(decoder.name)
    count = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: numbers.append(len(traces)))
    callbacks = [sampling, probabilities, count]
    found = model.fit([source, target], labels, epochs=6, verbose=0, callbacks=callbacks).history["loss"]
    assert probabilities.found == [0, 0.25, 0.5, 0.75, 1, 1]
    assert numbers[0] < numbers[1]  # teacher forcing has a graph of its own
    assert numbers[1:] == [numbers[1]] * 5
    np.testing.assert_allclose([found[0], *found[4:]], [forced, expected, expected], rtol=1e-5)
    # It has ended: the same model trains as before.
    again = model.fit([source, target], labels, verbose=0).history["loss"]
    np.testing.assert_allclose(again, [forced], rtol=1e-5)


@each_mode
def test_drawn_tokens_have_a_temperature_and_a_seed(model, losses_at_1, mode):
    cold = ScheduledSampling(schedule="constant", mode=mode, predictions="sampled", temperature=1e-3)
    np.testing.assert_allclose(_loss(model, cold), [losses_at_1[mode]], rtol=1e-5)
    drawn = ScheduledSampling(schedule="constant", mode=mode, predictions="sampled")
    state = model.get_layer("decoder").sampling_seed.state
    before = state.numpy()
    first = _loss(model, drawn, epochs=2)
    assert abs(first[0] - first[1]) > 1e-4
    state.assign(before)
    assert _loss(model, drawn) == first[:1]


def test_it_trains_a_decoder_with_attention():
    model = small_model(encoder={"cell": "rnn"}, decoder={"cell": "rnn", "attention": "bahdanau"})
    model.compile(keras.optimizers.SGD(0.5), TASK.loss(), jit_compile=False)
    inputs, labels = TASK.example(batch())
    sampling = ScheduledSampling(schedule="constant", teacher_forcing=0.5)
    losses = model.fit(inputs, labels, epochs=8, verbose=0, callbacks=[sampling]).history["loss"]
    assert losses[-1] < losses[0]


class Sampler(keras.layers.Layer):
    """What `ScheduledSampling` looks for in a model."""

    def build(self, shape):
        self.sampling_probability = self.add_weight(shape=(), initializer="zeros", trainable=False)

    def enable_sampling(self, is_on=True, **how):
        return self.sampling_probability

    def call(self, inputs):
        return inputs * self.sampling_probability


def _probabilities(sampling, step=0, steps_per_execution=1, **options):
    """Those of each step and of each epoch of four."""
    model = keras.Sequential([keras.Input((2,)), Sampler(name="decoder"), keras.layers.Dense(1)])
    model.compile("sgd", "mse", jit_compile=False, steps_per_execution=steps_per_execution)
    model.optimizer.build(model.trainable_variables)
    model.optimizer.iterations.assign(step)
    probabilities, data = Probabilities(), {"x": np.ones((4, 2)), "y": np.ones((4, 1)), "batch_size": 1}
    history = model.fit(**data, verbose=0, callbacks=[sampling, probabilities], **options).history
    return probabilities.found, history["sampling_probability"]


@pytest.mark.parametrize("steps_per_execution", [1, 2])
def test_it_goes_on_at_the_optimizers_step(steps_per_execution):
    sampling = ScheduledSampling(schedule="linear", k=10)
    found, last = _probabilities(sampling, 3, steps_per_execution, epochs=2)
    np.testing.assert_allclose(found, [step / 10 for step in range(3, 11, steps_per_execution)], rtol=1e-6)
    np.testing.assert_allclose(last, {1: [0.6, 1.0], 2: [0.5, 0.9]}[steps_per_execution])


def test_by_epoch_the_steps_of_an_epoch_are_alike():
    """And a half epoch that is gone on with is that epoch."""
    sampling = ScheduledSampling(schedule="exponential", k=0.9, by="epoch")
    found, of_epochs = _probabilities(sampling, initial_epoch=3, epochs=5)
    expected = [1 - 0.9**3, 1 - 0.9**4]
    np.testing.assert_allclose(of_epochs, expected, rtol=1e-12)
    np.testing.assert_allclose(found, np.repeat(expected, 4), rtol=1e-6)


def _trained(folder, *, seed=1):
    """A model whose training was gone on with from the last checkpoint, if there is any."""
    keras.utils.set_random_seed(seed)
    model = _foreign_model()
    model.compile(keras.optimizers.SGD(0.5), MaskedCrossEntropy(), jit_compile=False)
    model.optimizer.build(model.trainable_variables)
    sampling = ScheduledSampling(k=2, by="epoch", mode="parallel", predictions="sampled")
    checkpoints = Checkpoints(folder, monitor="loss", keep=9, others=[sampling])
    checkpoints.restore_last(model)
    first, skip = checkpoints.epoch, checkpoints.step
    target = np.tile(batch()["target"][1], (3, 1))[skip:]
    between = BetweenSteps(checkpoints, every_minutes=0)
    model.fit(
        [np.ones((3 - skip, 3), "float32"), target[:, :-1]], target[:, 1:], batch_size=1, shuffle=False,
        initial_epoch=first, epochs=2, verbose=0, callbacks=[between, sampling, checkpoints],
    )  # fmt: skip
    return model, [row["sampling_probability"] for row in checkpoints.history]


def test_a_half_epoch_is_resumed_bit_by_bit(tmp_path):
    """With its own probability, and the tokens that would have been drawn."""
    whole, probabilities = _trained(tmp_path / "whole")
    (tmp_path / "run").mkdir()
    shutil.copy(tmp_path / "whole" / "epoch_1_step_1.npz", tmp_path / "run")
    resumed, again = _trained(tmp_path / "run", seed=2)
    assert again == probabilities == pytest.approx([1 - 2 / 3, 1 - 2 / (2 + math.exp(1 / 2))])
    for one, other in zip(whole.variables, resumed.variables, strict=True):
        np.testing.assert_array_equal(one, other, err_msg=one.path)


def test_a_model_without_such_a_layer_is_refused():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, name="out")])
    model.compile("sgd", "mse", jit_compile=False)
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
        ({"by": "batch"}, r"`by` must be one of 'step', 'epoch'\. Received: by='batch'"),
        ({"mode": "both"}, r"`mode` must be one of 'stepwise', 'parallel'\. Received: mode='both'"),
        (
            {"predictions": "beam"},
            r"`predictions` must be one of 'greedy', 'sampled'\. Received: predictions='beam'",
        ),
        (
            {"predictions": "sampled", "temperature": 0},
            r"`temperature` must be positive\. Received: temperature=0",
        ),
        (
            {"temperature": 0.5},
            r"`temperature` is for predictions that are 'sampled'\. Received: temperature=0\.5",
        ),
    ],
)
def test_options_out_of_range_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        ScheduledSampling(**options)
