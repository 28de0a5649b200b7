"""What every task has."""

import types

import numpy as np
import pytest

from kerasseq.errors import DataError
from kerasseq.models.seq2seq import Seq2SeqTask
from tests.models.language_model_toys import TASK


def test_texts_that_end_an_output_become_tokens():
    assert TASK.stops(types.SimpleNamespace(stop=("ab", "c"))) == {"stop_ids": ((4, 5), (6,))}
    assert TASK.stops(types.SimpleNamespace(stop=())) == {}
    assert TASK.stops(types.SimpleNamespace()) == {} == TASK.stops(None)


@pytest.mark.parametrize(("text", "ids"), [("", ()), ("?", (1,)), ("a?", (4, 1))])
def test_a_stop_that_the_vocabulary_lacks_is_refused(monkeypatch, text, ids):
    monkeypatch.setattr(TASK.features["text"], "ids_of", lambda texts: (ids,))
    with pytest.raises(DataError) as refused:
        TASK.stops(types.SimpleNamespace(stop=(text,)))
    assert str(refused.value) == (
        f"`decode.stop` has {text!r}, which the vocabulary has no tokens for.\n"
        "  fix: take it out, or another tokenizer"
    )


class Grouped:
    """Five captions of three pictures; batches of two, in another order than the file's."""

    is_grouped = True
    order = np.array([4, 1, 0, 3, 2])
    columns = {"source": ["p", "p", "q", "r", "r"], "target": ["a", "b", "c", "d", "e"]}

    def texts(self, field):
        return self.columns[field]

    def batches(self, **_):
        for first in (0, 2, 4):
            rows = self.order[first : first + 2]
            yield {"source": {"pixels": rows * 10, "sizes": rows}, "target": rows + 100}


def test_each_input_is_asked_once_and_all_its_references_are_right():
    task = Seq2SeqTask({})
    inputs, references = task.questions(Grouped())
    assert (inputs, references) == (["p", "q", "r"], [["a", "b"], ["c"], ["d", "e"]])
    found = [
        (list(places), np.asarray(batch["source"]["pixels"]).tolist(), np.asarray(batch["target"]).tolist())
        for places, batch in task.question_batches(Grouped())
    ]
    assert found == [([0, 2], [0, 30], [100, 103]), ([1], [20], [102])]
