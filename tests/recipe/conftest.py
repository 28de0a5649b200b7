"""A package of small parts in `parts/`, which the recipes of these tests lead to; it is never imported."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Annotated, Any

import pytest

from kerasseq import registry
from kerasseq.recipe import Recipe, load_recipe
from kerasseq.recipe.sections import SECTIONS
from kerasseq.recipe.signatures import Parameter, Signature
from kerasseq.specs import Options

PARTS = Path(__file__).parent / "parts"
SMALLEST = """\
data:
  path: dates.tsv
  features: {source: {}, target: {tokenizer: character}}
model: seq2seq
"""


def _of_parts(parameter: Parameter) -> Parameter:
    targets = {
        "data": "parts.data.prepare:prepare_data",
        "train": "parts.train.loop:train",
        "evaluate": "parts.evaluate.evaluation:evaluate",
    }
    if parameter.name not in targets:
        return parameter
    annotation = Annotated[Any, Options(targets[parameter.name])]
    return Parameter(parameter.name, annotation, parameter.default, parameter.description)


@pytest.fixture(scope="session")
def sections_for():
    """The sections of a recipe, with the small parts for targets, as long as a monkeypatch lasts."""

    def small_sections(monkeypatch: pytest.MonkeyPatch) -> Signature:
        monkeypatch.setattr(registry, "PACKAGE", PARTS)
        monkeypatch.setattr(registry, "_registered", {})
        return Signature(tuple(map(_of_parts, SECTIONS.parameters)), summary=SECTIONS.summary)

    return small_sections


@pytest.fixture
def sections(monkeypatch, sections_for) -> Signature:
    return sections_for(monkeypatch)


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def load(folder, sections):
    """Loads a recipe from its text, which it writes to `tiny.yaml`."""

    def load_text(text: str = SMALLEST, overrides: Any = None) -> Recipe:
        (folder / "tiny.yaml").write_text(textwrap.dedent(text), encoding="utf-8")
        return load_recipe("tiny.yaml", overrides, sections=sections)

    return load_text
