"""A run's gradients, from its folder to its report."""

import json

import pytest

from kerasseq.errors import KerasseqError
from kerasseq.gradients import explain_gradients, write_gradients
from kerasseq.opened_run import Run
from kerasseq.pipeline import explain, report
from tests.tiny_run import UNTRACED, untrained_run, write_recipe

pytestmark = UNTRACED


@pytest.fixture(scope="module")
def recipe(tmp_path_factory):
    return write_recipe(tmp_path_factory.mktemp("gradients"))


@pytest.fixture(scope="module")
def opened(recipe):
    return untrained_run(recipe)


def test_a_run_has_its_gradients_in_its_folder_and_its_report(opened):
    text = explain(opened.folder.path, gradients=True)
    flow = json.loads(opened.folder.gradients.read_text("utf-8"))
    assert [layer["name"] for layer in flow["layers"]] == ["encoder", "decoder"]
    assert [layer["cell"] for layer in flow["layers"]] == ["rnn", "rnn"]
    assert flow["rows"] == 32
    assert (opened.folder.path / "gradients.png").stat().st_size > 1000
    assert "encoder  rnn" in text and text.endswith("gradients.png")
    report(opened)
    assert "the gradient of the loss of the last token" in opened.folder.report.read_text("utf-8")


def test_the_same_model_has_the_same_gradients(opened):
    again = Run(opened.folder, opened.values, recipe_folder=opened.recipe_folder)
    ours, theirs = write_gradients(opened), write_gradients(again)
    for one, other in zip(ours["layers"], theirs["layers"], strict=True):
        assert one["norms"]["h"] == pytest.approx(other["norms"]["h"], rel=1e-3)


def test_of_a_recipe_they_are_those_of_its_untrained_model(recipe, tmp_path):
    text = explain_gradients(recipe, ["model.decoder.cell=lstm"], out=tmp_path / "a.svg")
    assert "decoder  lstm  i 1.00, f 1.00, g 1.00, o 1.00" in text
    assert (tmp_path / "a.svg").exists()
    assert "picture" not in explain_gradients(recipe)


@pytest.mark.parametrize(
    ("overrides", "out", "message"),
    [
        (
            ["seed=2"],
            None,
            "is a run, which has its recipe: overrides do not change it any more.\n  fix: name",
        ),
        (None, "a.jpeg", "a.jpeg is no picture's name.\n  allowed: a name that ends in .png, .svg, .pdf"),
    ],
)
def test_what_does_not_fit_is_said(opened, overrides, out, message):
    with pytest.raises(KerasseqError) as error:
        explain_gradients(opened.folder.path, overrides, out=out)
    assert message in str(error.value)


def test_a_model_without_recurrent_layers_is_said(opened, monkeypatch):
    monkeypatch.setattr("kerasseq.gradients.gradient_flow", lambda *_: None)
    opened.folder.gradients.unlink(missing_ok=True)
    assert write_gradients(opened) is None
    assert not opened.folder.gradients.exists()
    with pytest.raises(
        KerasseqError, match="has no recurrent layer that a gradient could be followed through"
    ):
        explain_gradients(opened.folder.path)
