"""How far back a model's gradient reaches: as gradients.json, as a picture, and as text."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras

from kerasseq.errors import KerasseqError
from kerasseq.evaluate.gradient_flow import gradient_flow
from kerasseq.opened_run import Run, open_run
from kerasseq.recipe import load_recipe
from kerasseq.report.gradient_picture import FORMATS, gradient_picture
from kerasseq.report.gradients import gradients_text
from kerasseq.run_folder import RunFolder, write_json

BATCHES = 8  # of the first ones, the longest is taken


def write_gradients(opened: Run) -> dict[str, Any] | None:
    """Writes a trained run's gradients.json and returns what is in it; nothing without recurrent layers."""
    flow = _follow(opened, opened.model)
    if flow is not None:
        write_json(opened.folder.gradients, flow)
    return flow


def explain_gradients(
    source: str | os.PathLike,
    overrides: Mapping[str, Any] | Sequence[str] | None = None,
    *,
    data: str | os.PathLike | None = None,
    out: str | os.PathLike | None = None,
) -> str:
    """Follows a gradient back through the recurrent layers of a run, or of a recipe's untrained model.

    Args:
        source: A run folder, whose gradients.json and gradients.png are written; or a recipe, by its path or
            name.
        overrides: Of the recipe.
        data: The folder that the recipe's data paths start from.
        out: The picture's file, `.png`, `.svg` or `.pdf`.
    Returns:
        A table for the terminal, and where the picture is.
    Raises:
        KerasseqError: If the model has no recurrent layer, the picture's format is unknown, or overrides are
            given for a run.
    """
    if out is not None and Path(out).suffix not in FORMATS:
        raise KerasseqError(
            f"{out} is no picture's name.\n  allowed: a name that ends in {', '.join(FORMATS)}"
        )
    if RunFolder(source).recipe.exists():
        if overrides:
            raise KerasseqError(
                f"{source} is a run, which has its recipe: overrides do not change it any more.\n"
                "  fix: name the recipe instead of the run, or leave the overrides out"
            )
        opened = open_run(source)
        flow = write_gradients(opened)
        out = out or opened.folder.path / "gradients.png"
    else:
        flow = _of_recipe(source, overrides, data)
    if flow is None:
        raise KerasseqError(
            f"The model of {source} has no recurrent layer that a gradient could be followed through."
        )
    text = gradients_text(flow)
    if out is None:
        return text
    gradient_picture({"": flow}, Path(out))
    return f"{text}\n\npicture: {out}"


def _of_recipe(
    source: str | os.PathLike, overrides: Any, data: str | os.PathLike | None
) -> dict[str, Any] | None:
    recipe = load_recipe(source, overrides)
    with tempfile.TemporaryDirectory() as folder:
        opened = Run(RunFolder(folder), recipe.values, data_folder=data, recipe_folder=recipe.folder)
        opened.prepare()
        return _follow(opened, opened.build())


def _follow(opened: Run, model: keras.Model) -> dict[str, Any] | None:
    batches = opened.data.splits["train"].epochs(seed=opened.values["seed"], first=0, last=1).take(BATCHES)
    return gradient_flow(opened.task, model, max(batches, key=_length))


def _length(batch: Mapping[str, Any]) -> int:
    return max(part.shape[1] for part in keras.tree.flatten(dict(batch)) if part.ndim > 1)
