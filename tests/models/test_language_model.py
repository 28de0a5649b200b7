import functools

import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.data.features.text import TextFeature
from kerasseq.decode.beam import Beam
from kerasseq.decode.greedy import Greedy
from kerasseq.layers.kernels import by_gate
from kerasseq.models.inference import Inference
from kerasseq.models.language_model import LanguageModelTask, build_language_model
from kerasseq.models.precision import precision
from kerasseq.models.prompts import prompts_of
from kerasseq.registry import load
from kerasseq.threads import WITHIN_AN_OPERATION
from tests.layers.gradients import assert_gradients_close, value_and_gradients
from tests.layers.parts import randomise
from tests.models.language_model_toys import (
    MODELS,
    TASK,
    UNITS,
    VOCABULARY,
    random_text,
    small_model,
    windows,
)

each_model = pytest.mark.parametrize("name", MODELS)
TEXTS = ["abc", "", "gfedcba", "ab"]


@functools.cache
def _model(name):
    """Made once; no test changes it."""
    return small_model(**MODELS[name])


def _scores(model, batches, rows):
    """Sums over batches, with the states carried from one to the next."""
    state, sums = TASK.initial_state(model, rows), {}
    for batch in batches:
        found, state = TASK.score(model, batch, state)
        for name, values in found.items():
            sums[name] = sums.get(name, 0) + ops.convert_to_numpy(values)
    return sums, state


def _score_texts(model, texts):
    return _scores(model, [TASK.encode_examples({"text": texts})], len(texts))[0]


def test_the_task_is_registered():
    assert load("task", "language_model") is LanguageModelTask
    assert load("model", "language_model") is build_language_model
    assert LanguageModelTask.fields == LanguageModelTask.input_fields == ("text",)
    assert LanguageModelTask.output_field == "text"


def test_an_example_has_each_token_as_the_label_of_the_one_before():
    inputs, labels = TASK.example({"text": np.array([[2, 5, 6, 3, 0]]), "reset": np.array([True])})
    np.testing.assert_array_equal(inputs["text"], [[2, 5, 6, 3]])
    np.testing.assert_array_equal(inputs["reset"], [True])
    np.testing.assert_array_equal(labels, [[5, 6, 3, 0]])


def test_the_task_builds_for_its_vocabulary():
    model = TASK.build(embedding_dim=3, units=UNITS)
    assert model({"text": random_text(2, 5)}).shape == (2, 5, VOCABULARY)


@each_model
def test_a_text_in_windows_is_the_text_at_once(name):
    """Two windows of five tokens, one of ten: the same log-probabilities and the same last states."""
    model, text = _model(name), random_text(3, 11)
    whole, last = _scores(model, windows(text, 10), 3)
    pieces, last_of_pieces = _scores(model, windows(text, 5), 3)
    np.testing.assert_allclose(pieces["log_probability"], whole["log_probability"], rtol=1e-5)
    np.testing.assert_array_equal(pieces["num_tokens"], whole["num_tokens"])
    keras.tree.map_structure(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-5), last, last_of_pieces)
    logits = model({"text": text[:, :-1]})
    expected = np.take_along_axis(np.asarray(ops.log_softmax(logits)), text[:, 1:, None], axis=-1)
    np.testing.assert_allclose(whole["log_probability"], expected.sum((1, 2)), rtol=1e-5)


def test_a_row_that_resets_forgets():
    model, text = _model("tied"), random_text(2, 11)
    first, second = windows(text, 5)
    _, state = TASK.score(model, first, TASK.initial_state(model, 2))
    second["reset"] = np.array([True, False])
    carried = TASK.score(model, {**second, "reset": np.array([False, False])}, state)[0]["log_probability"]
    fresh = TASK.score(model, {**second, "reset": np.array([True, True])}, state)[0]["log_probability"]
    mixed = TASK.score(model, second, state)[0]["log_probability"]
    assert abs(float(carried[0] - fresh[0])) > 1e-3
    np.testing.assert_allclose(mixed, [fresh[0], carried[1]], rtol=1e-6)


@pytest.mark.parametrize("name", ["one_hot", "tied_as_in_awd"])
def test_lines_are_scored_as_if_alone(name):
    model = _model(name)
    together = _score_texts(model, TEXTS)
    for row, text in enumerate(TEXTS):
        alone = _score_texts(model, [text])
        np.testing.assert_allclose(together["log_probability"][row], alone["log_probability"][0], rtol=1e-5)
        assert together["num_tokens"][row] == alone["num_tokens"][0] == len(text) + 1


def test_padding_changes_no_logit_and_no_gradient():
    model = small_model(activity_penalty=2.0, slowness_penalty=1.0, **MODELS["tied_as_in_awd"])
    text = TASK.features["text"].encode(TEXTS)
    wide = np.pad(text, ((0, 0), (0, 3)))
    logits, padded = (np.asarray(model({"text": ids})) for ids in (text, wide))
    is_real = text != 0
    np.testing.assert_allclose(padded[:, : text.shape[1]][is_real], logits[is_real], rtol=1e-5, atol=1e-6)

    def loss(ids):
        labels = np.pad(ids[:, 1:], ((0, 0), (0, 1)))
        value = TASK.loss()(labels, model({"text": ids}, training=True))
        return value + sum(model.losses)

    value, gradients = value_and_gradients(lambda: loss(text), [], model.trainable_weights)
    padded_value, padded_gradients = value_and_gradients(lambda: loss(wide), [], model.trainable_weights)
    np.testing.assert_allclose(padded_value, value, rtol=1e-5)
    assert_gradients_close(padded_gradients, gradients)


@each_model
def test_steps_of_generation_give_the_logits_of_training(name):
    model, text = _model(name), random_text(3, 6)
    text[:, 0] = 2
    logits = model({"text": text})
    first, state = TASK.begin(model, ops.convert_to_tensor(text[:, :3]))
    np.testing.assert_array_equal(first, text[:, 2])
    for time in range(2, 6):
        now, state = TASK.step(model, text[:, time], state)
        np.testing.assert_allclose(now, logits[:, time], rtol=1e-4, atol=1e-5)


def test_prompts_of_any_length_are_continued_as_if_alone():
    model, decoder = _model("embedding"), Beam(max_length=5, beam_width=3)
    together = TASK.respond(model, TASK.encode(TEXTS), decoder)
    for row, text in enumerate(TEXTS[:2]):
        alone = TASK.respond(model, TASK.encode([text]), decoder)
        np.testing.assert_array_equal(together["tokens"][row], alone["tokens"][0])
        np.testing.assert_allclose(together["scores"][row], alone["scores"][0], rtol=1e-4)
        begun = [2, *TASK.encode([text])["text"][0][1:-1]]
        written = [token for token in np.asarray(alone["tokens"])[0, 0] if token]
        whole = np.asarray(together["texts"])[row, 0]
        assert whole[: len(begun) + len(written)].tolist() == begun + written
        assert not whole[len(begun) + len(written) :].any()


def test_greedy_generation_is_the_likeliest_token_each_time():
    model = _model("embedding")
    (answer,) = TASK.present({}, TASK.respond(model, TASK.encode(["ab"]), Greedy(max_length=4)))
    text = [2, 4, 5]
    for _ in range(4):
        logits = np.array(model({"text": np.array([text])}))[0, -1]
        logits[[0, 2]] = -np.inf
        text.append(int(logits.argmax()))
        if text[-1] == 3:
            break
    assert answer["prediction"] == TASK.features["text"].decode([text])[0].decode()


@each_model
@pytest.mark.parametrize(("policy", "tolerance"), [("float32", 1e-5), ("mixed_bfloat16", 1e-2)])
def test_texts_are_the_same_with_weights_cast_once_and_gates_apart(name, policy, tolerance, monkeypatch):
    """As `predict` writes them, at once and a few tokens at a time."""
    monkeypatch.setattr(by_gate, "FEWEST_UNITS", UNITS)
    monkeypatch.setenv(WITHIN_AN_OPERATION, "1")
    with precision(policy):
        model = small_model(**MODELS[name])
    apart = [weights is not None for weights in model.get_layer("tokens").prepare().by_gate]
    assert any(apart) == (keras.backend.backend() == "tensorflow" and name not in ("one_hot", "normalised"))
    encoded, decoder = TASK.encode(TEXTS), Greedy(max_length=4)
    first_tokens, states = TASK.begin(model, prompts_of(encoded["text"]))
    step = functools.partial(TASK.step, model)
    options = {"batch_size": len(TEXTS), "max_length": 4, "first_tokens": first_tokens}
    expected = decoder(step, states, **options)

    inference = Inference(TASK, model, decoder)
    found = inference.respond(encoded)
    np.testing.assert_array_equal(found["tokens"], expected.tokens)
    np.testing.assert_allclose(found["scores"], expected.scores, rtol=tolerance)
    _, tokens = inference.extend(inference.open(encoded), 4)
    np.testing.assert_array_equal(tokens, expected.tokens[:, 0])


def test_the_perplexity_and_the_bits_of_a_text():
    figures = TASK.figures({"log_probability": -20.0, "num_tokens": 10, "num_right": 4, "num_characters": 40})
    assert figures == pytest.approx(
        {
            "loss": 2.0,
            "perplexity": np.exp(2.0),
            "teacher_forced_accuracy": 0.4,
            "bits_per_character": 0.5 / np.log(2),
        }
    )


def test_bits_per_character_are_told_where_characters_are_the_tokens(monkeypatch):
    sums = {"log_probability": -20.0, "num_tokens": 10, "num_right": 4}
    assert TASK.figures(sums)["bits_per_character"] == pytest.approx(2 / np.log(2))
    monkeypatch.setattr(TASK.features["text"], "options", {"tokenizer": {"type": "word"}})
    assert tuple(TASK.figures(sums)) == TASK.measures


def test_ten_lines_are_learned_by_heart():
    random = np.random.default_rng(3)
    beginnings = ["ab", "ac", "ba", "bc", "ca", "cb", "da", "db", "ea", "eb"]
    texts = [
        start + "".join("abcdefg"[letter] for letter in random.integers(7, size=4)) for start in beginnings
    ]
    model = small_model(embedding_dim=16, units=32, scale=0.25, cell="gru")
    inputs, labels = TASK.example(TASK.encode_examples({"text": texts}))
    model.compile(keras.optimizers.Adam(0.02), TASK.loss(), jit_compile=False)
    model.optimizer.build(model.trainable_variables)  # or the step is traced twice
    inputs, labels = np.tile(inputs["text"], (100, 1)), np.tile(labels, (100, 1))
    model.fit({"text": inputs}, labels, batch_size=10, shuffle=False, verbose=0)
    answers = TASK.respond(model, TASK.encode(beginnings), Greedy(max_length=8))
    assert [answer["prediction"] for answer in TASK.present({}, answers)] == texts


@pytest.mark.parametrize("name", ["one_hot", "tied_through_a_projection", "tied_as_in_awd"])
def test_a_saved_model_is_the_same(name, tmp_path):
    model, text = _model(name), random_text(2, 4)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded({"text": text}), model({"text": text}))
    assert [weight.shape for weight in loaded.weights] == [weight.shape for weight in model.weights]


def test_tied_embeddings_score_the_vocabulary():
    tied, free = small_model(**MODELS["tied"]), small_model(embedding_dim=UNITS, cell="gru")
    assert len(free.trainable_weights) == len(tied.trainable_weights) + 1
    layer, text = tied.get_layer("tokens"), random_text(1, 3)
    before = np.asarray(tied({"text": text}))
    absent = next(token for token in range(4, VOCABULARY) if token not in text)
    matrix = layer.embedding.embeddings.numpy()
    matrix[absent] = 0
    layer.embedding.embeddings.assign(matrix)
    after = np.asarray(tied({"text": text}))
    np.testing.assert_allclose(after[..., absent], layer.output_bias.numpy()[absent], rtol=1e-6)
    np.testing.assert_array_equal(np.delete(after, absent, -1), np.delete(before, absent, -1))


def test_tied_embeddings_need_an_embedding():
    with pytest.raises(ValueError, match="`tie_embeddings` needs an embedding. Received: embedding_dim=None"):
        build_language_model(vocabulary_size=9, embedding_dim=None, tie_embeddings=True)
    with pytest.raises(ValueError, match="`hidden_dropout` must be >= 0 and < 1. Received: hidden_dropout=1"):
        build_language_model(vocabulary_size=9, hidden_dropout=1.0)


def test_lines_of_words_are_read_and_written_as_they_were_trained_on():
    feature = TextFeature(tokenizer={"type": "word", "split_punctuation": False})
    feature.learn(["a b c d"])
    task = LanguageModelTask({"text": feature})
    model = randomise(
        build_language_model(vocabulary_size=feature.vocabulary_size, units=4), seed=3, scale=0.5
    )
    encoded = task.encode(["a b\nc", "d"])
    assert ops.convert_to_numpy(encoded["text"]).tolist() == [[2, 4, 5, 3, 6, 3], [2, 7, 3, 0, 0, 0]]
    examples = task.encode_examples({"text": ["a b\nc"]})
    assert ops.convert_to_numpy(examples["text"]).tolist() == [[2, 4, 5, 3, 6, 3]]
    answers = keras.tree.map_structure(
        ops.convert_to_numpy, task.respond(model, encoded, Greedy(max_length=3), detailed=True)
    )
    first, second = task.present(keras.tree.map_structure(ops.convert_to_numpy, encoded), answers)
    assert first["prediction"].startswith("a b\nc") and second["prediction"].startswith("d")
    assert [step["input"] for step in first["steps"]][:5] == ["<s>", "a", "b", "</s>", "c"]
    alone = np.array([[2, 4, 5, 3, 6]])
    logits = np.array(model({"text": alone}))[0, -1]
    logits[[0, 2]] = -np.inf
    assert answers["texts"][0, 0, 5] == logits.argmax()
