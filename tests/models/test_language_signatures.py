"""A language model behind a SavedModel: texts in, texts and numbers out."""

import keras
import numpy as np
import pytest

from kerasseq.decode.greedy import Greedy
from kerasseq.models.language_model import LanguageModelTask
from kerasseq.run_folder import RunFolder
from tests.layers.parts import randomise

pytestmark = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="TensorFlow's own format")
TEXTS = ["hall", "", "hello"]


@pytest.fixture(scope="module")
def task():
    from kerasseq.data.features.text import TextFeature

    feature = TextFeature(tokenizer="character")
    feature.learn(["hello", "hall"])
    return LanguageModelTask({"text": feature})


@pytest.fixture(scope="module")
def model(task):
    return randomise(task.build(embedding_dim=3, units=5, num_layers=2, cell="rnn"))


@pytest.fixture(scope="module")
def served(task, model, tmp_path_factory):
    import tensorflow as tf

    from kerasseq.export.saved_model import SavedModel

    folder = RunFolder(tmp_path_factory.mktemp("served"))
    path = SavedModel()(task=task, model=model, decoder=Greedy(max_length=6), folder=folder)
    loaded = tf.saved_model.load(str(path))

    def call(name, **inputs):
        found = loaded.signatures[name](**{key: tf.constant(value) for key, value in inputs.items()})
        return {key: value.numpy() for key, value in found.items()}

    return call


def _predictions(task, model):
    answers = task.respond(model, task.encode(TEXTS), Greedy(max_length=6))
    return list(task.present({}, {name: np.asarray(value) for name, value in answers.items()}))


def test_it_writes_what_the_recipe_decodes(served, task, model):
    found = served("serving_default", text=TEXTS)
    expected = _predictions(task, model)
    assert [text.decode() for text in found["text"]] == [answer["prediction"] for answer in expected]
    np.testing.assert_allclose(found["score"], [answer["score"] for answer in expected], atol=1e-5)


def test_it_generates_at_any_temperature(served, task, model):
    options = {"prompts": TEXTS, "top_k": 0, "max_length": 6}
    likeliest = served("generate", temperature=0.0, **options)
    expected = [answer["prediction"] for answer in _predictions(task, model)]
    assert [text.decode() for text in likeliest["text"]] == expected
    drawn = {served("generate", temperature=2.0, **options)["text"].tobytes() for _ in range(3)}
    assert len(drawn) > 1
    only = served("generate", temperature=2.0, **{**options, "top_k": 1})
    np.testing.assert_array_equal(only["text"], likeliest["text"])
    short = served("generate", temperature=1.0, **{**options, "max_length": 1})["text"]
    assert all(len(text.decode()) <= len(start) + 1 for text, start in zip(short, TEXTS, strict=True))


def test_it_scores_texts(served, task, model):
    found = served("score", text=TEXTS)
    batch = task.encode_examples({"text": TEXTS})
    expected, _ = task.score(model, batch, task.initial_state(model, len(TEXTS)))
    np.testing.assert_allclose(found["log_probability"], expected["log_probability"], rtol=1e-5)
    np.testing.assert_array_equal(found["num_tokens"], [5, 1, 6])
    mean = found["log_probability"] / found["num_tokens"]
    np.testing.assert_allclose(found["perplexity"], np.exp(-mean), rtol=1e-5)


def test_steps_from_a_prompt_are_the_score_of_the_text(served):
    """Streaming: read "hall" up to its last letter, then `l` and `</s>` by hand."""
    state = served("begin", text=["hal", "hal"])
    tokens, total = state.pop("tokens"), 0.0
    ids = served("begin", text=["l"])["tokens"][0]
    for token in (ids, 3):
        found = served("step", tokens=tokens, **state)
        total = total + found["log_probabilities"][:, token]
        state = {name: value for name, value in found.items() if name != "log_probabilities"}
        tokens = np.full(2, token, "int32")
    read = served("score", text=["hall"])["log_probability"]
    state = served("begin", text=[""])
    before, tokens = 0.0, state.pop("tokens")
    for letter in "hal":
        found = served("step", tokens=tokens, **state)
        tokens = served("begin", text=[letter])["tokens"]
        before = before + found["log_probabilities"][0, tokens[0]]
        state = {name: value for name, value in found.items() if name != "log_probabilities"}
    np.testing.assert_allclose(total, [read[0] - before] * 2, rtol=1e-4)


def test_an_empty_batch_is_answered(served):
    assert served("score", text=np.array([], "S1"))["perplexity"].shape == (0,)


def test_a_stop_ends_a_text(task, model):
    from kerasseq.decode.sample import Sample

    free = task.respond(model, task.encode(["h"]), Sample(seed=1, max_length=12))
    text = next(iter(task.present({}, {n: np.asarray(v) for n, v in free.items()})))["prediction"]
    stop = next(letter for letter in text[1:] if letter in task.features["text"].vocabulary)
    stopped = task.respond(model, task.encode(["h"]), Sample(seed=1, max_length=12, stop=[stop]))
    (answer,) = task.present({}, {n: np.asarray(v) for n, v in stopped.items()})
    assert answer["prediction"] == text[: text.index(stop, 1) + 1]


def test_details_are_what_each_token_led_to(task, model):
    answers = task.respond(model, task.encode(["ha"]), Greedy(max_length=3), detailed=True)
    answers = {name: np.asarray(value) for name, value in answers.items()}
    (answer,) = task.present({}, answers)
    assert [step["input"] for step in answer["steps"]][:3] == ["<s>", "h", "a"]
    text = "".join(step["input"] for step in answer["steps"][1:])
    assert text == answer["prediction"]
    for step in answer["steps"]:
        shares = list(step["expected"].values())
        assert len(shares) == 3 and shares == sorted(shares, reverse=True) and sum(shares) <= 1


class Documents:
    """A split whose documents are these."""

    def examples(self):
        return iter([("to be or not to be",), ("hello",), ("hello",), ("",)])


def test_questions_are_the_beginnings_of_different_documents(task):
    questions, references = task.questions(Documents())
    assert questions == ["to be or", "he", ""]
    assert references == ["to be or not to be", "hello", ""]
    ((places, batch),) = task.question_batches(Documents())
    assert list(places) == [0, 1, 2] and batch["text"].shape[0] == 3
