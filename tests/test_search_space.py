"""What a search may try is checked before anything is trained."""

import pytest

from kerasseq.errors import KerasseqError, RecipeError
from kerasseq.recipe import load_recipe
from kerasseq.search_space import check_search, combined, search, span, suggest
from tests.tiny_run import write_recipe


class Trial:
    """Says what it was asked."""

    def __getattr__(self, name):
        return lambda key, *args, **options: (name, args, options)


def _recipe(folder, search):
    path = write_recipe(folder)
    path.write_text(path.read_text("utf-8") + f"search: {search}\n", "utf-8")
    return path


def test_numbers_words_and_whole_numbers_are_proposed_as_what_they_are():
    wanted = search(
        keys={
            "a": ["gru", None],
            "b": {"low": 1, "high": 9, "step": 2},
            "c": {"low": 1e-4, "high": 1e-2, "log": True},
            "d": {"low": 0, "high": 1.5},
        }
    )
    assert suggest(Trial(), wanted["keys"]) == {
        "a": ("suggest_categorical", (["gru", None],), {}),
        "b": ("suggest_int", (1, 9), {"log": False, "step": 2}),
        "c": ("suggest_float", (1e-4, 1e-2), {"log": True, "step": None}),
        "d": ("suggest_float", (0, 1.5), {"log": False, "step": None}),
    }


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"low": 2, "high": 2}, "`low` must be less than `high`. Received: low=2, high=2"),
        (
            {"low": 0, "high": 2, "log": True},
            "`log` needs a positive `low` and no `step`. Received: low=0, step=None",
        ),
        (
            {"low": 1, "high": 2, "log": True, "step": 1},
            "`log` needs a positive `low` and no `step`. Received: low=1, step=1",
        ),
        ({"low": 1, "high": 2, "step": 0}, "`step` must be positive. Received: step=0"),
    ],
)
def test_spans_that_say_nothing_are_refused(options, told):
    with pytest.raises(ValueError) as refused:
        span(**options)
    assert str(refused.value) == told


@pytest.mark.parametrize("keys", [{}, {"seed": []}])
def test_a_search_of_nothing_is_refused(keys):
    with pytest.raises(ValueError, match="`keys` must name at least one key, and a value for each"):
        search(keys=keys)


def test_a_trials_values_go_over_the_command_line():
    values = {"model.encoder.cell": "gru", "seed": None, "train.epochs": 3}
    assert combined(["seed=2"], values) == [
        "seed=2",
        'model.encoder.cell="gru"',
        "seed=null",
        "train.epochs=3",
    ]
    assert combined("seed=2", {}) == ["seed=2"]
    assert combined({"seed": 2, "a": 1}, {"a": 3}) == {"seed": 2, "a": 3}
    assert combined(None, {"a": True}) == ["a=true"]


def test_what_is_monitored_is_the_recipes_unless_said(tmp_path):
    path = _recipe(tmp_path, "{keys: {seed: [1, 2]}, trials: 3}")
    recipe, wanted = check_search(path, None)
    assert wanted["monitor"] == recipe.values["train"]["monitor"]
    assert wanted["trials"] == 3 and wanted["keys"] == {"seed": [1, 2]}
    path = _recipe(tmp_path, "{keys: {seed: [1, 2]}, monitor: validation_loss}")
    assert check_search(path, None)[1]["monitor"] == "validation_loss"


@pytest.mark.parametrize("keys", ["{train.epoch: [1]}", "{train.epochs: {low: 0, high: 3}}"])
def test_what_would_be_refused_is_told_before_the_first_trial(tmp_path, keys):
    path = _recipe(tmp_path, f"{{keys: {keys}}}")
    with pytest.raises(KerasseqError) as refused:
        check_search(path, None)
    assert f"{path}: `search.keys` would try train.epoch" in str(refused.value)
    assert "train.epoch" in str(refused.value).splitlines()[1]


def test_a_recipe_without_a_search_says_how_to_write_one(tmp_path):
    path = write_recipe(tmp_path)
    with pytest.raises(KerasseqError, match="has no `search` section"):
        check_search(path, None)


def test_mistakes_in_the_section_are_the_recipes(tmp_path):
    path = _recipe(tmp_path, "{keys: {seed: [1]}, trial: 3}")
    with pytest.raises(RecipeError, match=r"`search\.trial` is not a key"):
        load_recipe(path)
    path = _recipe(tmp_path, "{keys: {seed: {low: 3, high: 1}}}")
    with pytest.raises(KerasseqError, match="`search`: `low` must be less than `high`"):
        check_search(path, None)
