import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.decode import beam as beam_module
from kerasseq.decode.beam import Beam
from kerasseq.decode.greedy import Greedy
from kerasseq.decode.scoring import sequence_log_probability
from tests.decode.toys import END, Toy, assert_same, brute_force, compiled, decode, found, plain_beam

EXAMPLES = [0, 1, 2, 3, 4]


@pytest.mark.parametrize(("alpha", "min_length"), [(0.0, 0), (0.6, 2), (1.7, 0)])
def test_a_beam_as_wide_as_the_search_space_equals_brute_force(alpha, min_length):
    toy = Toy(seed=1)  # may produce 4 of 6 tokens; 3 steps have 13 finished and 27 unfinished sequences
    search = Beam(beam_width=40, length_penalty=alpha, num_hypotheses=7, min_length=min_length)
    result = decode(toy, search, EXAMPLES, max_length=3)
    for example in EXAMPLES:
        expected = brute_force(toy, example, max_length=3, alpha=alpha, count=7, min_length=min_length)
        assert_same(found(result, example), expected)


@pytest.mark.parametrize(
    ("beam_width", "count", "min_length", "end_bonus", "alpha"),
    [
        (1, 1, 0, 0.5, 0.6),
        (2, 1, 3, 0.5, 0.0),
        (2, 2, 0, -2.0, 1.0),
        (4, 1, 0, 3.0, 0.6),
        (4, 3, 2, 0.5, 2.0),
        (4, 3, 2, -2.0, 0.0),
        (5, 5, 0, 3.0, 1.0),
    ],
)
def test_beams_equal_a_plain_search_that_never_stops_early(beam_width, count, min_length, end_bonus, alpha):
    toy = Toy(seed=beam_width, vocabulary_size=9, end_bonus=end_bonus)
    options = {"beam_width": beam_width, "min_length": min_length}
    result = decode(toy, Beam(**options, length_penalty=alpha, num_hypotheses=count), range(20), max_length=8)
    for example in range(20):
        expected = plain_beam(toy, example, max_length=8, alpha=alpha, count=count, **options)
        assert_same(found(result, example), expected)


def test_stopping_early_never_changes_the_result(monkeypatch):
    toy = Toy(seed=5, vocabulary_size=9, end_bonus=0.5)
    search = Beam(beam_width=4, length_penalty=0.6, num_hypotheses=2)
    stopped = decode(toy, search, range(200), max_length=12)
    monkeypatch.setattr(
        beam_module, "is_decided", lambda alive, *_, **__: ops.zeros_like(alive[:, 0], dtype="bool")
    )
    whole = decode(toy, search, range(200), max_length=12)
    for ours, theirs in zip(stopped[:4], whole[:4], strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_the_search_ends_once_every_row_is_decided():
    toy = Toy(seed=5, end_bonus=30.0)
    steps = []

    def step(tokens, state):
        steps.append(tokens)
        return toy.step(tokens, state)

    Beam()(step, toy.begin(np.arange(3)), batch_size=3, max_length=50)
    assert len(steps) < 5  # out of a graph, the loop calls the step itself


@pytest.mark.skipif(keras.backend.backend() == "jax", reason="a compiled loop keeps its shapes there")
def test_the_model_is_asked_about_alive_hypotheses_alone():
    toy = Toy(seed=5, vocabulary_size=9, end_bonus=2.0)
    num_rows = []

    def step(tokens, state):
        num_rows.append(tokens.shape[0])
        return toy.step(tokens, state)

    Beam(beam_width=4)(step, toy.begin(np.arange(6)), batch_size=6, max_length=30)
    assert num_rows[:2] == [6, max(num_rows)]
    assert num_rows[1:] == sorted(num_rows[1:], reverse=True)
    assert 0 < num_rows[-1] < 6


def test_a_width_of_one_equals_greedy():
    toy = Toy(seed=3, vocabulary_size=9)
    options = {"max_length": 8, "with_attention": True}
    greedy = decode(toy, Greedy(), range(50), **options)
    narrow = decode(toy, Beam(beam_width=1, length_penalty=0.0), range(50), **options)
    for ours, theirs in zip(narrow, greedy, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6)


@pytest.mark.parametrize("decoder", [Greedy(), Beam(beam_width=3, num_hypotheses=2, min_length=2)])
def test_a_graph_finds_in_a_batch_what_is_found_in_its_rows_and_without_a_graph(decoder):
    toy, options = Toy(seed=4, vocabulary_size=9), {"max_length": 8, "with_attention": True}
    run = compiled(toy, decoder, **options)
    whole, plain = run(EXAMPLES), decode(toy, decoder, EXAMPLES, **options)
    for ours, theirs in zip(whole, plain, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6)
    for example in EXAMPLES:
        alone = run([example])
        for ours, theirs in zip(alone, whole, strict=True):
            np.testing.assert_allclose(ours[0], theirs[example], rtol=1e-6)


def test_rows_have_their_own_maximum():
    toy = Toy(seed=4, vocabulary_size=9, end_bonus=-1.0)
    search = Beam(beam_width=3, num_hypotheses=2)
    limits = np.array([1, 2, 5, 8, 3], "int32")
    result = search(toy.step, toy.begin(np.arange(5)), batch_size=5, max_length=ops.convert_to_tensor(limits))
    result = type(result)(*(value if value is None else ops.convert_to_numpy(value) for value in result))
    assert result.tokens.shape == (5, 2, 8)
    for example, limit in enumerate(limits):
        expected = plain_beam(toy, example, beam_width=3, max_length=int(limit), alpha=0.6, count=2)
        assert_same(found(result, example), expected)


def test_the_log_probability_is_that_of_the_model_on_the_tokens():
    toy = Toy(seed=7, vocabulary_size=9)
    result = decode(toy, Beam(beam_width=3, num_hypotheses=3), EXAMPLES, max_length=6)
    for example in EXAMPLES:
        for rank, tokens in enumerate(result.tokens[example]):
            logits, code, read = [], 0, 2
            for token in tokens:
                code = toy.code(example, code, read)
                logits.append(toy.logits[code])
                read = int(token)
            expected = sequence_log_probability(np.array([logits]), np.array([tokens]))
            np.testing.assert_allclose(result.log_probabilities[example, rank], expected[0], rtol=1e-5)


def test_attention_follows_the_beams():
    toy = Toy(seed=6, vocabulary_size=9)
    result = decode(toy, Beam(beam_width=4, num_hypotheses=4), EXAMPLES, max_length=7, with_attention=True)
    assert result.attention.shape == (5, 4, 7, 3)
    for example in EXAMPLES:
        for tokens, weights, length in zip(
            result.tokens[example], result.attention[example], result.lengths[example], strict=True
        ):
            code, read = 0, 2
            for token, at_token in zip(tokens[:length], weights, strict=False):
                code = toy.code(example, code, read)
                np.testing.assert_array_equal(at_token, toy.attention[code])
                read = int(token)
            assert not weights[length:].any()


def test_attention_is_collected_only_when_asked_for():
    assert decode(Toy(seed=0), Beam(), [0], max_length=3).attention is None


def test_a_state_may_be_any_tree():
    toy = Toy(seed=2, vocabulary_size=9)

    def step(tokens, state):
        code, (example, *rest) = state
        logits, new = toy.step(tokens, {"code": code, "memory": {"example": example}})
        return logits, (new["code"], [example, *rest])

    examples = ops.arange(5, dtype="int32")
    state = (examples * 0, [examples, ops.zeros((5, 2, 3))])
    bare = Beam()(step, state, batch_size=5, max_length=6, with_attention=True)
    assert bare.attention is None
    expected = decode(toy, Beam(), EXAMPLES, max_length=6)
    np.testing.assert_array_equal(ops.convert_to_numpy(bare.tokens), expected.tokens)


def test_hypotheses_that_do_not_exist_are_empty():
    result = decode(Toy(seed=0, vocabulary_size=4), Beam(num_hypotheses=4), [0], max_length=2)
    # Words 1 and 3 (`</s>`) make "</s>", "1 </s>" and the unfinished "1 1".
    assert result.lengths.tolist() == [[1, 2, 2, 0]] or result.lengths.tolist() == [[2, 1, 2, 0]]
    assert result.tokens[0, 2].tolist() == [1, 1]
    assert result.scores[0, 3] == -np.inf and result.log_probabilities[0, 3] == -np.inf
    assert result.tokens[0, 3].tolist() == [0, 0]


def test_what_is_cut_off_has_no_end():
    result = decode(Toy(seed=0, end_bonus=-100.0), Beam(beam_width=2), EXAMPLES, max_length=4)
    assert (result.lengths == 4).all()
    assert not (result.tokens == END).any()


def test_finished_hypotheses_come_before_likelier_unfinished_ones():
    result = decode(Toy(seed=0, end_bonus=-20.0), Beam(beam_width=4, num_hypotheses=2), [0], max_length=2)
    first, second = found(result, 0)
    assert first.is_finished and not second.is_finished
    assert first.score < second.score


def test_an_undefined_row_leaves_the_others_alone():
    toy = Toy(seed=8, vocabulary_size=9)

    def step(tokens, state):
        logits, new = toy.step(tokens, state)
        return ops.where((toy.examples(state) == 1)[:, None], float("nan"), logits), new

    broken = Beam()(step, toy.begin(np.arange(3)), batch_size=3, max_length=5)
    whole = decode(toy, Beam(), [0, 1, 2], max_length=5)
    for example in (0, 2):
        np.testing.assert_array_equal(ops.convert_to_numpy(broken.tokens)[example], whole.tokens[example])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"beam_width": 0}, "`beam_width` must be positive. Received: beam_width=0"),
        ({"length_penalty": -0.1}, "`length_penalty` must be >= 0. Received: length_penalty=-0.1"),
        ({"min_length": -1}, "`min_length` must be >= 0. Received: min_length=-1"),
        ({"max_length": 0}, "`max_length` must be positive. Received: max_length=0"),
        ({"max_length_ratio": 0.0}, "`max_length_ratio` must be positive. Received: max_length_ratio=0.0"),
        (
            {"num_hypotheses": 6},
            "`num_hypotheses` must not exceed `beam_width`. Received: num_hypotheses=6, beam_width=5",
        ),
    ],
)
def test_rejects_arguments_out_of_range(options, message):
    with pytest.raises(ValueError) as caught:
        Beam(**options)
    assert str(caught.value) == message
