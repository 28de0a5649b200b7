import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.decode.greedy import Greedy
from kerasseq.decode.sample import Sample
from kerasseq.decode.scoring import sequence_log_probability
from tests.decode.toys import END, FORBIDDEN, Toy, compiled, decode

VOCABULARY = 9
LOGITS = np.random.default_rng(3).normal(size=VOCABULARY).astype("float32") * 2
ALLOWED = [token for token in range(VOCABULARY) if token not in FORBIDDEN]
MANY = 20_000


def one_step(decoder, logits=LOGITS, rows=MANY, **options):
    """What is drawn from the same logits in many rows."""
    rows_of = ops.broadcast_to(ops.convert_to_tensor(logits), (rows, len(logits)))
    result = decoder(lambda tokens, state: (rows_of, state), (), batch_size=rows, max_length=1, **options)
    return ops.convert_to_numpy(result.tokens)[:, 0, 0]


def softmax(logits):
    weights = np.exp(logits - logits.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True)


def plain_distribution(*, temperature=1.0, top_k=None, top_p=None):
    """The probability of each token, by sorting."""
    probabilities = np.zeros(VOCABULARY)
    probabilities[ALLOWED] = softmax(LOGITS[ALLOWED].astype("float64") / temperature)
    order = np.argsort(-probabilities)
    kept = order[: top_k or VOCABULARY]
    if top_p is not None:
        shares = probabilities[kept] / probabilities[kept].sum()
        kept = kept[: np.searchsorted(np.cumsum(shares), top_p) + 1]
    restricted = np.zeros(VOCABULARY)
    restricted[kept] = probabilities[kept]
    return restricted / restricted.sum()


def assert_drawn_from(probabilities, tokens):
    counts = np.bincount(tokens, minlength=len(probabilities))
    assert not counts[probabilities == 0].any()
    expected = probabilities[probabilities > 0] * len(tokens)
    distance = ((counts[probabilities > 0] - expected) ** 2 / expected).sum()
    assert distance < 24.4  # chi-square with 7 degrees of freedom, p = 0.001


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"temperature": 0.5},
        {"temperature": 2.0},
        {"top_k": 3},
        {"top_k": 1},
        {"top_k": 100},
        {"top_p": 0.6},
        {"top_p": 1.0},
        {"temperature": 1.5, "top_k": 5, "top_p": 0.7},
    ],
)
def test_tokens_are_drawn_as_often_as_is_likely(options):
    assert_drawn_from(plain_distribution(**options), one_step(Sample(seed=1, **options)))


@pytest.mark.parametrize(
    "options", [{"temperature": 0.5}, {"top_k": 3}, {"top_k": 0}, {"top_k": 50}, {"seed": 4}]
)
def test_a_call_overrides_the_constructor_by_number_or_tensor(options):
    plain = Sample(**{"seed": 1, **options, **({"top_k": None} if options.get("top_k") == 0 else {})})
    expected = one_step(plain)
    other = Sample(seed=1, temperature=1.0, top_k=2 if "top_k" in options else None)
    tensors = {name: ops.convert_to_tensor(value) for name, value in options.items()}
    np.testing.assert_array_equal(one_step(other, **options), expected)
    np.testing.assert_array_equal(one_step(other, **tensors), expected)


def test_every_row_may_have_its_own_temperature():
    temperatures = np.tile(np.array([0.5, 2.0], "float32"), MANY // 2)
    tokens = one_step(Sample(seed=1), temperature=ops.convert_to_tensor(temperatures))
    for temperature in (0.5, 2.0):
        distribution = plain_distribution(temperature=temperature)
        assert_drawn_from(distribution, tokens[temperatures == temperature])


@pytest.mark.parametrize(
    ("options", "min_length"), [({"temperature": 0}, 0), ({"top_k": 1}, 3), ({"top_p": 0.0}, 3)]
)
def test_the_likeliest_alone_is_greedy(options, min_length):
    toy = Toy(seed=1, vocabulary_size=VOCABULARY)
    run = {"max_length": 7, "with_attention": True}
    ours = decode(toy, Sample(**options, min_length=min_length), range(50), **run)
    theirs = decode(toy, Greedy(min_length=min_length), range(50), **run)
    for mine, greedy in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine, greedy, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("num_samples", [1, 3])
def test_a_batch_equals_its_rows_one_by_one(num_samples):
    toy = Toy(seed=4, vocabulary_size=VOCABULARY)
    decoder = Sample(seed=5, num_samples=num_samples)

    def alone(row):
        state = toy.begin(np.array([row]))
        return decoder(toy.step, state, batch_size=1, max_length=8, row_ids=np.array([row], "int32"))

    whole = compiled(toy, decoder, max_length=8)(range(5))
    assert whole.tokens.shape == (5, num_samples, 8)
    for row in (1, 4):
        ours = alone(row)
        np.testing.assert_array_equal(ops.convert_to_numpy(ours.tokens)[0], whole.tokens[row])
        np.testing.assert_allclose(
            ops.convert_to_numpy(ours.log_probabilities)[0], whole.log_probabilities[row], rtol=1e-5
        )


def test_samples_of_one_input_differ_and_are_drawn_alike():
    logits = ops.broadcast_to(ops.convert_to_tensor(LOGITS), (MANY, VOCABULARY))
    result = Sample(seed=1, num_samples=4)(
        lambda tokens, state: (logits, state), (), batch_size=MANY // 4, max_length=1
    )
    tokens = ops.convert_to_numpy(result.tokens)[:, :, 0]
    assert (tokens[:, 0] != tokens[:, 1]).any()
    assert_drawn_from(plain_distribution(), tokens.reshape(-1))


def test_a_seed_repeats_and_none_does_not():
    toy = Toy(seed=4, vocabulary_size=VOCABULARY, end_bonus=-3.0)
    run = compiled(toy, Sample(seed=3), max_length=20)
    first = run(range(5)).tokens
    for again in (run(range(5)), decode(toy, Sample(seed=3), range(5), max_length=20)):
        np.testing.assert_array_equal(again.tokens, first)
    decoder = Sample()
    one, other, another = (
        decode(toy, each, range(5), max_length=8).tokens for each in (decoder, decoder, Sample())
    )
    assert not np.array_equal(one, other) and not np.array_equal(one, another)
    assert [len(Sample(seed=seed).variables) for seed in (3, None)] == [0, 1]


def test_the_log_probability_is_that_of_the_model_on_the_tokens():
    toy = Toy(seed=7, vocabulary_size=VOCABULARY)
    result = decode(toy, Sample(seed=1, temperature=3.0, top_k=4), range(20), max_length=6)
    for example in range(20):
        logits, code, read = [], 0, 2
        tokens = result.tokens[example, 0]
        for token in tokens:
            code = toy.code(example, code, read)
            logits.append(toy.logits[code])
            read = int(token)
        expected = sequence_log_probability(np.array([logits]), np.array([tokens]))
        np.testing.assert_allclose(result.log_probabilities[example], expected, rtol=1e-5)
        np.testing.assert_array_equal(result.scores[example], result.log_probabilities[example])


def test_rows_end_at_the_end_and_stay_padded():
    toy = Toy(seed=2, vocabulary_size=VOCABULARY, end_bonus=1.0)
    result = decode(toy, Sample(seed=1), range(200), max_length=9)
    for tokens, length in zip(result.tokens[:, 0], result.lengths[:, 0], strict=True):
        assert not tokens[length:].any()
        assert END not in tokens[: length - 1]
        assert tokens[length - 1] == END or length == 9
    assert set(result.lengths.ravel()) >= set(range(1, 6))


@pytest.mark.parametrize(
    ("stops", "min_length"), [(((5,),), 0), (((5,), (6, 7)), 4), (((7, 6, 7), (5, 5)), 4)]
)
def test_rows_end_behind_a_stop(stops, min_length):
    toy = Toy(seed=2, vocabulary_size=VOCABULARY, end_bonus=-1.0)
    free = decode(toy, Sample(seed=1, min_length=min_length), range(100), max_length=20)
    decoder = Sample(seed=1, min_length=min_length, stop=["a"])
    stopped = decode(toy, decoder, range(100), max_length=20, stop_ids=stops)
    for whole, tokens, length in zip(
        free.tokens[:, 0], stopped.tokens[:, 0], stopped.lengths[:, 0], strict=True
    ):
        whole = whole[whole != 0].tolist()
        ends = [
            end
            for end in range(max(1, min_length + 1), len(whole) + 1)
            for stop in stops
            if tuple(whole[:end][-len(stop) :]) == stop
        ]
        expected = whole[: min(ends, default=len(whole))]
        assert tokens[:length].tolist() == expected
        assert not tokens[length:].any()


def test_limits_may_be_a_tensor_without_axes_or_one_for_each_row():
    toy = Toy(seed=1, end_bonus=-100.0)
    for limits, lengths in ((np.array(3), [3, 3, 3]), (np.array([1, 4, 0]), [1, 4, 0])):
        limits = ops.convert_to_tensor(limits, dtype="int32")
        result = Sample(seed=1)(toy.step, toy.begin(np.arange(3)), batch_size=3, max_length=limits)
        assert ops.convert_to_numpy(result.lengths)[:, 0].tolist() == lengths


def test_improbable_tokens_are_drawn_when_nothing_else_may_be():
    logits = np.full(VOCABULARY, -200.0, "float32")
    logits[0] = 200.0
    tokens = one_step(Sample(seed=1), logits=logits, rows=100)
    assert set(tokens) <= set(ALLOWED)


@pytest.mark.parametrize("top_k", [None, 40])
def test_a_wide_vocabulary(top_k):
    rows = 2000
    logits = np.random.default_rng(0).normal(size=5000).astype("float32") * 2
    probabilities = softmax(logits.astype("float64"))
    best = np.argsort(-logits)
    tokens = one_step(Sample(seed=1, top_k=top_k), logits=logits, rows=rows, forbidden_ids=())
    assert np.isin(tokens, best[:top_k]).all()
    frequent = np.isin(tokens, best[:20]).mean()
    expected = probabilities[best[:20]].sum() / probabilities[best[:top_k]].sum()
    assert abs(frequent - expected) < 4 * np.sqrt(expected * (1 - expected) / rows)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": -0.5}, "`temperature` must be >= 0. Received: temperature=-0.5"),
        ({"top_k": 0}, "`top_k` must be positive. Received: top_k=0"),
        ({"top_p": 1.5}, "`top_p` must be >= 0 and <= 1. Received: top_p=1.5"),
        ({"seed": -1}, "`seed` must be >= 0. Received: seed=-1"),
        ({"num_samples": 0}, "`num_samples` must be positive. Received: num_samples=0"),
        ({"min_length": -1}, "`min_length` must be >= 0. Received: min_length=-1"),
        ({"max_length": 0}, "`max_length` must be positive. Received: max_length=0"),
        ({"max_length_ratio": 0.0}, "`max_length_ratio` must be positive. Received: max_length_ratio=0.0"),
    ],
)
def test_rejects_arguments_out_of_range(options, message):
    with pytest.raises(ValueError) as caught:
        Sample(**options)
    assert str(caught.value) == message


def test_rejects_what_a_call_cannot_do():
    with pytest.raises(ValueError, match="`temperature` must be >= 0. Received: temperature=-1"):
        one_step(Sample(), rows=2, temperature=-1)
    with pytest.raises(ValueError, match="`stop_ids` must hold the tokens of each text in `stop`"):
        one_step(Sample(stop=["."]), rows=2)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="graphs are TensorFlow's")
def test_a_graph_for_any_batch_and_options_is_of_core_operations():
    import tensorflow as tf

    toy = Toy(seed=1, vocabulary_size=2600, num_codes=31)
    decoder = Sample()

    @tf.function(
        input_signature=[
            tf.TensorSpec((None,), "int32"),
            tf.TensorSpec((), "float32"),
            tf.TensorSpec((), "int32"),
            tf.TensorSpec((), "int32"),
        ]
    )
    def generate(examples, temperature, top_k, max_length):
        options = {"temperature": temperature, "top_k": top_k, "max_length": max_length}
        state = toy.begin(examples)
        return decoder(toy.step, state, batch_size=tf.shape(examples)[0], **options).tokens

    once, again = (generate(tf.range(3), 1.0, 0, 60).numpy() for _ in range(2))
    assert once.shape == (3, 1, 60) and (once != again).any()
    greedy = decode(toy, Greedy(), range(3), max_length=6).tokens
    for arguments in ((0.0, 0, 6), (1.0, 1, 6)):
        np.testing.assert_array_equal(generate(tf.range(3), *arguments), greedy)

    functions = generate.get_concrete_function().graph.as_graph_def().library.function
    operations = {node.op for function in functions for node in function.node_def}
    assert not [name for name in operations if name.startswith("Xla") or ">" in name or "PyFunc" in name]
