"""What `doctor` says of an environment and of data."""

import re

import pytest

from kerasseq import environment
from kerasseq.errors import RecipeError
from kerasseq.examination import GPU_DEVICE_FILES, NO_GPU, examine
from kerasseq.recipe import load_recipe

RECIPE = """
data:
  source: {type: parallel, train: train.tsv, validation: validation.tsv}
  features: {source: {tokenizer: word}, target: {tokenizer: character}}
model: {type: seq2seq}
"""
CLEAN = [("one two", "ab"), ("two three", "bc"), ("one three", "ac"), ("three one two", "cab")]


@pytest.fixture
def recipe(tmp_path, monkeypatch):
    """Writes data and returns its recipe."""
    monkeypatch.setenv("KERASSEQ_CACHE", str(tmp_path / "cache"))

    def write(train, validation=(("two one", "ba"),), overrides=None):
        for name, rows in (("train", train), ("validation", validation)):
            text = "".join("\t".join(row) + "\n" for row in rows)
            (tmp_path / f"{name}.tsv").write_text(text, encoding="utf-8")
        path = tmp_path / "a.yaml"
        path.write_text(RECIPE, encoding="utf-8")
        return load_recipe(path, overrides)

    return write


def advice(text):
    """The lines under `to look at:`."""
    return [line.removeprefix("- ") for line in text.partition("to look at:\n")[2].splitlines()]


def row(text, *start):
    """The cells behind the first ones of a table's row."""
    (found,) = (line.split() for line in text.splitlines() if line.split()[: len(start)] == list(start))
    return found[len(start) :]


def test_the_environment_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("KERASSEQ_CACHE", str(tmp_path / "not" / "there"))
    text = examine()
    assert row(text, "keras") == [environment.versions()["keras"]]
    assert re.search(rf"^cache +{re.escape(str(tmp_path))}/not/there, [\d.]+ GiB free$", text, re.M)
    assert re.search(r"^memory +[\d.]+ GiB$", text, re.M)
    assert "nothing stands out" not in text


@pytest.mark.parametrize(
    ("flags", "is_told"),
    [("fma avx512_bf16 sha_ni", True), ("amx_bf16", True), ("avx512f", False), (None, False)],
)
def test_cores_that_multiply_bfloat16_are_told_of(flags, is_told, tmp_path, monkeypatch):
    told = tmp_path / "cpuinfo"
    monkeypatch.setattr("kerasseq.examination.CPU_FLAGS", told)
    if flags is not None:
        told.write_text(f"flags : {flags}\n")
    assert ("mixed_bfloat16" in " ".join(row(examine(), "cores"))) is is_told


def test_a_gpu_that_tensorflow_does_not_see(monkeypatch, tmp_path):
    found = {**environment.describe(), "devices": ["CPU:0"]}
    monkeypatch.setattr(environment, "describe", lambda: found)
    monkeypatch.setattr("kerasseq.examination.GPU_DEVICE_FILES", (tmp_path,))
    assert advice(examine()) == [NO_GPU]
    found["devices"] = ["CPU:0", "GPU:0"]
    assert advice(examine()) == []
    assert all(path.is_absolute() for path in GPU_DEVICE_FILES)


def test_clean_data(recipe):
    text = examine(recipe(CLEAN))
    assert row(text, "train", "4") == ["0", "0", "-", "-"]
    assert advice(text) == ["nothing stands out"]


def test_lengths_and_unknown_words_stand_in_a_table(recipe):
    text = examine(recipe(CLEAN, [("one four", "ad")]))
    assert row(text, "train", "source") == ["9", "0.0", "%", "2", "3", "3", "3", "3"]
    assert row(text, "validation", "source") == ["2", "50.0", "%", "2", "2", "2", "2", "2"]
    assert advice(text) == [
        "50.0 % of the source tokens of validation are unknown: raise `vocabulary_size`, or take the "
        "tokenizer `subword` or `character`",
        "50.0 % of the target tokens of validation are unknown: raise `vocabulary_size`, or take the "
        "tokenizer `subword` or `character`",
    ]


def test_leaks_repetitions_and_contradictions(recipe):
    train = [*CLEAN, CLEAN[0], ("one two", "cc")]
    text = examine(recipe(train, [CLEAN[1], ("two one", "ba")]))
    assert row(text, "train", "6") == ["1", "1", "-", "-"]
    assert row(text, "validation", "2") == ["0", "0", "1", "1"]
    assert advice(text) == [
        "1 example (50.0 %) of validation stand in train too: their scores measure memorizing",
        "1 example (16.7 %) of train have a source that came before with another target",
        "1 example (16.7 %) of train stand there already: they count twice",
    ]
    text = examine(recipe(CLEAN, [("one two", "ba")]))
    assert advice(text) == [
        "1 example (100.0 %) of validation have a source that stands in train too, with another target"
    ]


def test_a_long_tail_suggests_a_max_length(recipe):
    train = [*CLEAN * 40, ("one " * 30, "a")]
    text = examine(recipe(train))
    suggestion = (
        "99 % of train have at most 3 source tokens and the longest has 30: "
        "`data.features.source.max_length: 3` saves time and memory"
    )
    assert suggestion in advice(text)
    text = examine(recipe(train, overrides=["data.features.source.max_length=3"]))
    assert suggestion not in advice(text)
    assert "1 example of train are left out for `max_length`" in advice(text)


def test_unusable_lines_are_shown_by_their_place(recipe, tmp_path):
    text = examine(recipe([*CLEAN, ("no target",), ("", "x")]))
    path = tmp_path / "train.tsv"
    assert "unusable lines of train: 2\n" in text
    assert f"  {path}:5: expected 2 tab-separated columns, found 1\n  {path}:6: the source is empty\n" in text
    assert advice(text) == [
        "2 lines cannot be used: see above; `on_bad_line: skip` leaves them out",
    ]
    text = examine(recipe(CLEAN + [("x",)] * 25))
    assert "unusable lines of train: 25, the first 20\n" in text
    assert text.count("expected 2") == 20


def test_data_that_is_not_there_leaves_the_rest(recipe, tmp_path):
    text = examine(recipe(CLEAN, overrides=["data.source.train=none.tsv"]))
    assert row(text, "keras")
    (first, *_) = advice(text)
    assert first == "the data cannot be read. `data.source.train` is not there: none.tsv"
    assert f"  looked at: {tmp_path}/none.tsv" in text


def test_the_recipe_is_checked_first(recipe):
    with pytest.raises(RecipeError, match="did you mean 'epochs'"):
        recipe(CLEAN, overrides=["train.epoch=3"])


def test_a_source_that_contradicts_itself_is_told(recipe):
    found = recipe(CLEAN)
    source = {"type": "table", "train": "train.tsv"}
    found.values["data"]["source"] = source
    (line,) = [line for line in advice(examine(found)) if "data" in line]
    assert line.startswith(
        "the data cannot be read. `data.source`: give `validation` or a `validation_share`"
    )
