"""What is measured after an epoch, and the samples that whoever watches gets to see."""

from types import SimpleNamespace

import pytest
from tensorflow.core.util import event_pb2

from kerasseq.measuring import NUM_PICTURES, NUM_SAMPLES, Measuring, quick_decoder
from kerasseq.specs import Sample
from tests.tiny_run import eagerly

pytestmark = pytest.mark.filterwarnings("ignore:Even though")  # that data is prepared in graphs


class Clock:
    """Shows how late it is; each look at it takes a second."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        self.now += 1.0
        return self.now


@pytest.fixture(scope="module", autouse=True)
def untraced(tiny_run):
    with eagerly():
        yield


@pytest.fixture(scope="module")
def measuring(tiny_run):
    return Measuring(tiny_run, tiny_run.model, clock=Clock())


def test_the_first_answers_are_shown_with_where_they_looked(tiny_run, measuring):
    figures = measuring()
    assert {"loss", "perplexity", "exact_match", "bleu"} <= set(figures)
    samples = measuring.samples()
    sources, targets = (tiny_run.data.splits["validation"].texts(side) for side in ("source", "target"))
    assert [sample.input for sample in samples] == sources[:NUM_SAMPLES]
    assert [sample.reference for sample in samples] == targets[:NUM_SAMPLES]
    greedy = SimpleNamespace(task=tiny_run.task, model=tiny_run.model)
    assert [sample.prediction for sample in samples] == _greedy(tiny_run, greedy, sources[:NUM_SAMPLES])
    assert [sample.picture is not None for sample in samples] == [True] * NUM_PICTURES + [False] * 2
    assert samples[0].picture.startswith(b"\x89PNG")
    assert measuring.samples() == []  # nothing was measured since


def _greedy(run, toy, inputs):
    from kerasseq.models.inference import Inference

    inference = Inference(toy.task, toy.model, quick_decoder(run.decoder))
    return [answer["prediction"] for answer in inference.answers(inputs)]


def test_pictures_take_a_small_share_of_the_time_and_texts_none(measuring):
    """The first epoch's took a few of the clock's seconds, which a long epoch makes up for."""
    measuring()
    samples = measuring.samples()
    assert len(samples) == NUM_SAMPLES and not any(sample.picture for sample in samples)
    measuring._clock.now += 600
    measuring()
    assert measuring.samples()[0].picture is not None


def test_where_no_metric_asks_for_answers_a_few_are_made(tiny_run):
    values = {**tiny_run.values, "evaluate": {"metrics": []}}
    attention, split = tiny_run.model, tiny_run.data.splits["validation"]
    opened = SimpleNamespace(data=tiny_run.data, values=values, task=tiny_run.task, decoder=tiny_run.decoder)
    made = Measuring(opened, attention, clock=Clock())
    assert "bleu" not in made()
    assert [sample.input for sample in made.samples()] == split.texts("source")[:NUM_SAMPLES]
    unseen = Measuring(opened, attention, is_watched=False)
    unseen()
    assert unseen.samples() == []


def test_what_is_no_text_is_shown_as_json(tiny_run, measuring):
    answer = {"input": "a\tb", "reference": [["N", "é"]], "prediction": "x" * 3000}
    measuring._answered = [answer]
    assert measuring.samples() == [Sample("a\tb", '[["N", "é"]]', "x" * 2000 + " …")]


def test_a_recipe_shows_its_samples_in_tensorboard_without_being_asked(tiny_run):
    import tensorflow as tf

    paths = [str(path) for path in (tiny_run.folder.path / "tensorboard").iterdir()]
    records = tf.data.TFRecordDataset(paths).as_numpy_iterator()
    shown = {
        (value.tag, event.step)
        for event in map(event_pb2.Event.FromString, records)
        for value in event.summary.value
    }
    assert {("samples", 1), ("samples", 2), ("attention/1", 1), ("attention/2", 1), ("loss", 2)} <= shown
