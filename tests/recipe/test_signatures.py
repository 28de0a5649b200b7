"""Options are read from signatures and docstrings without importing the file."""

import sys

import pytest

from kerasseq import registry
from kerasseq.recipe.annotations import describe
from kerasseq.recipe.signatures import (
    REQUIRED,
    Parameter,
    describe_arguments,
    part_signature,
    summarize,
    target_signature,
)
from kerasseq.specs import Annotated, Any, Cell, Options, Part, PositiveInt, Rate, Supplied

pytestmark = pytest.mark.usefixtures("sections")


def test_a_class():
    signature = part_signature(Part("cell", supplied=("units",)), "lstm")
    assert signature.parameters == (
        Parameter("forget_bias", float, 1.0, "Added to the forget gate, so that memory starts long."),
        Parameter("dropout", Rate, 0.0, "Of the inputs."),
    )
    assert signature.supplied == ("units",)
    assert signature.summary == "Long short-term memory."


def test_units_are_an_option_where_no_caller_supplies_them():
    signature = part_signature(Part("cell"), "lstm")
    assert signature.parameters[0] == Parameter("units", int, REQUIRED, "Width of the state.")
    assert signature.required == ["units"]


def test_an_inherited_constructor_and_an_alias_of_another_file():
    (activation,) = part_signature(Part("cell", supplied=("units",)), "gru").parameters
    assert (activation.name, activation.default, activation.description) == (
        "activation",
        "tanh",
        "Of the state.",
    )
    assert describe(activation.annotation) == ("tanh", "relu")


def test_a_function_its_constants_and_what_is_supplied_to_it():
    signature = part_signature(Part("model"), "seq2seq")
    assert [parameter.name for parameter in signature.parameters] == ["embedding_dim", "encoder", "decoder"]
    assert signature.supplied == ("source_vocabulary_size",)
    assert signature.constants["FIELDS"] == ("source", "target")


def test_a_target_with_a_named_default():
    signature = target_signature(Options("parts.train.loop:train"))
    assert signature.parameters[0].default == 10
    assert signature.supplied == ("model",)


def test_nothing_was_imported():
    assert not [name for name in sys.modules if name.split(".")[0] == "parts"]


@pytest.mark.parametrize("target", ["parts.none:train", "parts.train.loop:none"])
def test_a_target_that_is_not_there(target):
    with pytest.raises(LookupError, match="There is no"):
        target_signature(Options(target))


@pytest.mark.parametrize(
    ("parameter", "message"),
    [
        ("width", "a.py:4: `width` has no annotation"),
        ("width: Tensor", "a.py:4: `Tensor`: name 'Tensor' is not defined"),
        ("width: int = open('x')", "a.py:4: `open('x')`: name 'open' is not defined"),
    ],
)
def test_a_signature_that_says_too_little(tmp_path, monkeypatch, parameter, message):
    (tmp_path / "decode").mkdir()
    text = (
        f'from kerasseq.registry import register\n\n@register("decode")\ndef a(*, {parameter}):\n    pass\n'
    )
    (tmp_path / "decode" / "a.py").write_text(text, encoding="utf-8")
    monkeypatch.setattr(registry, "PACKAGE", tmp_path)
    with pytest.raises(LookupError) as caught:
        part_signature(Part("decode"), "a")
    assert str(caught.value).endswith(message)


def test_a_part_registered_by_a_user(monkeypatch):
    def clockwork(*, units: int, folder: Supplied[str], period: PositiveInt, inner: Cell = "gru") -> None:
        """Ticks.

        Args:
            period: Steps between updates.
        """

    monkeypatch.setitem(registry._registered, ("cell", "clockwork"), clockwork)
    signature = part_signature(Part("cell", supplied=("units",)), "clockwork")
    assert signature.supplied == ("units", "folder")
    inner = Annotated[Any, Part("cell", supplied=("units",), default="gru")]
    assert signature.parameters == (
        Parameter("period", PositiveInt, REQUIRED, "Steps between updates."),
        Parameter("inner", inner, "gru"),
    )


def test_docstrings():
    docstring = """Adds.

    Long text: with a colon.

    Args:
        first: One.
        second (int): Two,
            and more: of it.
        **third: Three.
    Returns:
        fourth: Not an argument.
    """
    assert describe_arguments(docstring) == {
        "first": "One.",
        "second": "Two, and more: of it.",
        "third": "Three.",
    }
    assert summarize("Adds\nnumbers.\n\nMore.") == "Adds numbers."
