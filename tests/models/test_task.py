"""What every task has."""

import types

import pytest

from kerasseq.errors import DataError
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
