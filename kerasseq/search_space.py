"""What a search over a recipe's own keys may try, and whether the recipe allows it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from kerasseq.errors import KerasseqError, RecipeError
from kerasseq.recipe import load_recipe
from kerasseq.recipe.resolve import Recipe
from kerasseq.specs import NonNegativeInt, Options, PositiveInt, check_arguments

Span = Annotated[Any, Options("kerasseq.search_space:span")]
Overrides = Mapping[str, Any] | Sequence[str] | None


def span(
    *, low: int | float, high: int | float, log: bool = False, step: int | float | None = None
) -> Mapping[str, Any]:
    """Numbers from `low` to `high`, both included; whole ones if both are.

    Args:
        low: The smallest.
        high: The largest.
        log: Whether to search evenly in powers of ten, so that 0.001 to 0.01 is as long as 0.01 to 0.1.
        step: Only numbers that are a multiple of this above `low`.
    Raises:
        ValueError: If there is nothing between, or `log` cannot be meant.
    """
    if not low < high:
        raise ValueError(f"`low` must be less than `high`. Received: low={low}, high={high}")
    if log and (low <= 0 or step is not None):
        raise ValueError(f"`log` needs a positive `low` and no `step`. Received: low={low}, step={step}")
    if step is not None and step <= 0:
        raise ValueError(f"`step` must be positive. Received: step={step}")
    return {"low": low, "high": high, "log": log, "step": step}


def search(
    *,
    keys: dict[str, list[int | float | str | bool | None] | Span],
    trials: PositiveInt = 20,
    monitor: str | None = None,
    sampler: Literal["tpe", "random"] = "tpe",
    pruner: Literal["median", "hyperband", "none"] = "median",
    warmup_epochs: NonNegativeInt = 1,
) -> dict[str, Any]:
    """What `kerasseq tune` may change, and how it looks for the best.

    Args:
        keys: For each dotted key of the recipe a list of values, or numbers from `low` to `high`.
        trials: Trials in all, those of a study that goes on included.
        monitor: What is to be best; `train.monitor` unless given.
        sampler: How values are proposed: by what did well so far (tree-structured Parzen estimator), or at
            random.
        pruner: Which trials are cut short: those below the median of the others at their epoch, those that
            lose a bracket of Hyperband, or none.
        warmup_epochs: Epochs that every trial gets.
    Raises:
        ValueError: If an option is out of its range, or there is nothing to search.
    Reference:
        Bergstra et al. 2011 (the estimator); Li et al. 2018, https://arxiv.org/abs/1603.06560 (Hyperband).
    """
    check_arguments(search, trials=trials, sampler=sampler, pruner=pruner, warmup_epochs=warmup_epochs)
    if not keys or not all(keys.values()):
        raise ValueError("`keys` must name at least one key, and a value for each")
    spans = {
        key: span(**values) if isinstance(values, Mapping) else list(values) for key, values in keys.items()
    }
    return {
        "keys": spans, "trials": trials, "monitor": monitor, "sampler": sampler, "pruner": pruner,
        "warmup_epochs": warmup_epochs,
    }  # fmt: skip


def combined(overrides: Overrides, values: Mapping[str, Any]) -> Overrides:
    """A trial's values over the overrides of the command line."""
    if isinstance(overrides, Mapping):
        return {**overrides, **values}
    typed = [overrides] if isinstance(overrides, str) else list(overrides or ())
    return [*typed, *(f"{key}={json.dumps(value)}" for key, value in values.items())]


def check_search(path: str | os.PathLike, overrides: Overrides) -> tuple[Recipe, dict[str, Any]]:
    """The recipe and what to search in it, once every value that may be tried has been checked.

    Raises:
        RecipeError: If a value would be refused, in the words of the recipe's check.
        KerasseqError: If the recipe has nothing to search.
    """
    recipe = load_recipe(path, overrides)
    if recipe.values["search"] is None:
        example = "search: {keys: {train.optimizer.learning_rate: {low: 1e-4, high: 1e-2, log: true}}}"
        raise KerasseqError(f"{recipe.path} has no `search` section.\n  fix: add one: {example}")
    try:
        wanted = search(**recipe.values["search"])
    except ValueError as error:
        raise KerasseqError(f"{recipe.path}: `search`: {error}") from error
    for key, values in wanted["keys"].items():
        for value in (values["low"], values["high"]) if isinstance(values, Mapping) else values:
            try:
                load_recipe(path, combined(overrides, {key: value}))
            except RecipeError as error:
                raise KerasseqError(
                    f"{recipe.path}: `search.keys` would try {key}={value}:\n{error}"
                ) from error
    return recipe, {**wanted, "monitor": wanted["monitor"] or recipe.values["train"]["monitor"]}


def suggest(trial: Any, keys: Mapping[str, Any]) -> dict[str, Any]:
    """A trial's value for each key."""
    values = {}
    for key, wanted in keys.items():
        if not isinstance(wanted, Mapping):
            values[key] = trial.suggest_categorical(key, wanted)
        elif all(isinstance(wanted[end], int) for end in ("low", "high")):
            step = wanted["step"] or 1
            values[key] = trial.suggest_int(
                key, wanted["low"], wanted["high"], log=wanted["log"], step=int(step)
            )
        else:
            values[key] = trial.suggest_float(
                key, wanted["low"], wanted["high"], log=wanted["log"], step=wanted["step"]
            )
    return values
