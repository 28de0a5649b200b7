"""`import kerasseq` gives the public names, each imported when it is first used."""

import importlib
import sys
from types import SimpleNamespace

import pytest

import kerasseq


def test_names_that_are_not_there():
    with pytest.raises(AttributeError, match="module 'kerasseq' has no attribute 'runn'"):
        kerasseq.runn  # noqa: B018


def test_register_is_the_registrys():
    assert kerasseq.register is importlib.import_module("kerasseq.registry").register


@pytest.mark.parametrize("verb", ["run", "check", "explain", "predict", "score", "doctor", "compare"])
def test_verbs_are_the_pipelines(monkeypatch, verb):
    monkeypatch.setitem(sys.modules, "kerasseq.pipeline", SimpleNamespace(**{verb: "the verb"}))
    assert getattr(kerasseq, verb) == "the verb"


def test_the_public_names_are_listed():
    assert {"run", "build_seq2seq", "layers", "losses", "metrics", "callbacks", "register"} <= set(
        dir(kerasseq)
    )
    assert dir(kerasseq) == sorted(kerasseq.__all__)
