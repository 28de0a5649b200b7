import inspect

import numpy as np
import pytest
import tensorflow as tf

from kerasseq.data.prepare import load_vocabularies, make_features, prepare_data, save_vocabularies
from kerasseq.errors import DataError

TRAIN = [("a b c", "x y"), ("b", "y"), ("a a a a a", "x"), ("c b", "y x x x")]
VALIDATION = [("a d", "x"), ("a a a a a a", "y")]


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("KERASSEQ_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def _written(folder):
    for name, pairs in (("train", TRAIN), ("validation", VALIDATION)):
        (folder / f"{name}.tsv").write_text("".join(f"{a}\t{b}\n" for a, b in pairs), "utf-8")
    return {"type": "parallel", "train": "train.tsv", "validation": "validation.tsv"}


@pytest.fixture
def source(tmp_path):
    return _written(tmp_path)


def _prepare(source, tmp_path, **options):
    return prepare_data(source=source, folders=[tmp_path], **options)


def _rows(split, field):
    return [
        row.tolist()
        for batch in split.batches(seed=0, epoch=0, training=False)
        for row in batch[field].numpy()
    ]


def _forbid(monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("this was to come from the cache")

    monkeypatch.setattr("kerasseq.data.tokenizing.Tokenizer.count", fail)
    monkeypatch.setattr("kerasseq.data.token_cache._write", fail)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """The files in batches of 3; no test changes it."""
    folder = tmp_path_factory.mktemp("files")
    options = {"batch_size": 3, "length_bucket_width": 1, "cache_folder": str(folder / "cache")}
    return _prepare(_written(folder), folder, **options)


def test_batches_are_what_the_features_encode(prepared):
    for split, pairs in (("train", TRAIN), ("validation", VALIDATION)):
        for place, (field, feature) in enumerate(prepared.features.items()):
            rows = _rows(prepared.splits[split], field)
            texts = [pairs[example][place] for example in prepared.splits[split].order]
            direct = [row[row != 0].tolist() for row in feature.encode(tf.constant(texts)).numpy()]
            assert [[id_ for id_ in row if id_] for row in rows] == direct
            assert prepared.splits[split].texts(field) == [pair[place] for pair in pairs]


def test_defaults_are_words_of_each_field_apart(prepared):
    assert list(prepared.features) == ["source", "target"]
    assert prepared.features["source"].vocabulary[4:] == ["a", "b", "c"]
    assert prepared.features["target"].vocabulary[4:] == ["x", "y"]
    assert list(prepared.splits) == ["train", "validation"]


def test_a_shared_vocabulary_is_learned_from_all_fields(source, tmp_path):
    prepared = _prepare(source, tmp_path, share_vocabulary=True)
    assert prepared.features["source"].vocabulary[4:] == ["a", "x", "b", "y", "c"]
    assert prepared.features["target"].vocabulary == prepared.features["source"].vocabulary


def test_long_examples_are_left_out_of_training_only(source, tmp_path):
    features = {"source": {"max_length": 3}, "target": {"max_length": 3}}
    prepared = _prepare(source, tmp_path, features=features)
    expected = {"read": 4, "kept": 2, "dropped_too_long": 2, "skipped_bad_lines": 0}
    assert prepared.counts["train"] == expected
    assert prepared.counts["validation"]["kept"] == 2
    assert prepared.splits["train"].texts("source") == ["a b c", "b"]


def test_no_example_that_is_short_enough_is_an_error(source, tmp_path):
    (tmp_path / "train.tsv").write_text("a a a a\tx\n", "utf-8")
    features = {"source": {"max_length": 3}, "target": {"max_length": 1}}
    with pytest.raises(
        DataError, match=r"no training example is within `max_length` \(source: 3, target: 1\)"
    ):
        _prepare(source, tmp_path, features=features)


def test_skipped_lines_are_counted_from_the_cache_as_well(source, tmp_path, monkeypatch):
    with (tmp_path / "train.tsv").open("a", encoding="utf-8") as file:
        file.write("broken\n")
    skipping = source | {"on_bad_line": "skip"}
    counts = {"read": 5, "kept": 4, "dropped_too_long": 0, "skipped_bad_lines": 1}
    assert _prepare(skipping, tmp_path).counts["train"] == counts
    with pytest.raises(DataError, match=r"train\.tsv:5: expected 2 tab-separated columns, found 1"):
        _prepare(source, tmp_path)
    _forbid(monkeypatch)
    assert _prepare(skipping, tmp_path).counts["train"] == counts


def test_the_second_time_comes_from_the_cache(source, tmp_path, monkeypatch):
    first = _prepare(source, tmp_path)
    _forbid(monkeypatch)
    second = _prepare(source, tmp_path, batch_size=3, features={"source": {"max_length": 3}})
    assert second.features["source"].vocabulary == first.features["source"].vocabulary


@pytest.mark.parametrize("change", ["file", "tokenizer", "vocabulary"])
def test_a_change_is_not_hidden_by_the_cache(source, tmp_path, change):
    def rows(features):
        splits = _prepare(source, tmp_path, features=features).splits.values()
        return [_rows(split, "source") for split in splits]

    before = rows(None)
    if change == "file":
        path = tmp_path / "validation.tsv"
        path.write_text(path.read_text().replace("d", "b"))
    features = {
        "file": None,
        "tokenizer": {"source": {"tokenizer": "character"}},
        "vocabulary": {"source": {"tokenizer": {"type": "word", "vocabulary_size": 5}}},
    }[change]
    assert rows(features) != before


def test_a_runs_vocabularies_are_written_and_then_read(source, tmp_path):
    folder = tmp_path / "run" / "vocabulary"
    first = _prepare(source, tmp_path, vocabulary_folder=folder)
    assert sorted(path.name for path in folder.iterdir()) == ["source.txt", "target.txt"]
    (tmp_path / "train.tsv").write_text("new\twords\n")
    second = _prepare(source, tmp_path, vocabulary_folder=folder)
    assert second.features["source"].vocabulary == first.features["source"].vocabulary
    assert _rows(second.splits["train"], "source") == [[2, 1, 3, 0, 0, 0, 0, 0]]


def test_evaluation_needs_no_training_file(source, tmp_path):
    folder = tmp_path / "vocabulary"
    _prepare(source, tmp_path, vocabulary_folder=folder)
    (tmp_path / "train.tsv").unlink()
    prepared = _prepare(source, tmp_path, vocabulary_folder=folder, splits=["validation"])
    assert list(prepared.splits) == ["validation"]
    assert [path.endswith("validation.tsv") for path in prepared.checksums] == [True]
    with pytest.raises(DataError, match="`data.source.train` is not there"):
        _prepare(source, tmp_path, splits=["validation"])


def test_checksums_name_every_file(prepared):
    assert {path.rpartition("/")[2]: len(value) for path, value in prepared.checksums.items()} == {
        "train.tsv": 64,
        "validation.tsv": 64,
    }


def test_features_load_without_any_data(source, tmp_path):
    prepared = _prepare(source, tmp_path, vocabulary_folder=tmp_path / "vocabulary")
    features = make_features(None, fields=("source", "target"))
    load_vocabularies(features, tmp_path / "vocabulary")
    assert features["target"].vocabulary == prepared.features["target"].vocabulary
    save_vocabularies(features, tmp_path / "again")
    for name in ("source.txt", "target.txt"):
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "vocabulary" / name).read_bytes()


def test_a_feature_of_no_field_is_an_error():
    with pytest.raises(DataError) as error:
        make_features({"sorce": {}}, fields=("source", "target"))
    assert str(error.value) == (
        "`data.features` names 'sorce', which is no field of this task\n"
        "  allowed: source, target\n"
        "  fix: did you mean 'source'?"
    )


def test_fields_that_share_a_vocabulary_must_be_cut_alike():
    features = {"source": {"tokenizer": "character"}}
    with pytest.raises(DataError, match="`data.share_vocabulary` needs the same tokenizer"):
        make_features(features, fields=("source", "target"), share_vocabulary=True)
    make_features({"source": {"max_length": 3}}, fields=("source", "target"), share_vocabulary=True)


def test_ranges_are_checked(source):
    for name in ("batch_size", "length_bucket_width"):
        with pytest.raises(ValueError, match=f"`{name}` must be positive. Received: {name}=0"):
            prepare_data(source=source, **{name: 0})


def test_a_cache_that_cannot_be_written_says_what_to_do(source, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot be written: (.|\n)*fix: set KERASSEQ_CACHE"):
        _prepare(source, tmp_path, cache_folder=str(tmp_path / "file"))


def test_every_argument_is_documented():
    documented = inspect.getdoc(prepare_data)
    for name in inspect.signature(prepare_data).parameters:
        assert f"\n    {name}: " in documented


def test_training_covers_the_split_each_epoch(prepared):
    split = prepared.splits["train"]
    for epoch in range(2):
        batches = list(split.batches(seed=1, epoch=epoch, training=True))
        assert sorted(len(batch["source"]) for batch in batches) == [1, 3]
        assert (
            sum(np.count_nonzero(batch["source"]) for batch in batches) == split.num_tokens("source") + 2 * 4
        )


def test_a_class_that_was_not_trained_on_is_told_with_its_place(tmp_path):
    (tmp_path / "train.tsv").write_text("a\tx\nb\ty\n")
    (tmp_path / "validation.tsv").write_text("a\tx\nb\tz\n")
    options = {
        "source": {"type": "table", "train": "train.tsv", "validation": "validation.tsv"},
        "fields": ("input", "label"),
        "features": {"label": {"type": "label"}},
    }
    message = r"validation\.tsv:2: 'z' is no class of the training split\n  allowed: x, y"
    with pytest.raises(DataError, match=message):
        _prepare(tmp_path=tmp_path, **options)
    data = _prepare(tmp_path=tmp_path, splits=["train"], **options)
    batch = next(iter(data.splits["train"].batches(seed=0, epoch=0, training=False)))
    assert sorted(batch["label"].numpy().tolist()) == [0, 1] and batch["input"].shape == (2, 8)
    assert data.splits["train"].num_unknown("label") == 0


def test_a_source_of_other_fields_is_refused(source, tmp_path):
    message = "`data.source` is 'parallel', which has 2 texts an example, not text"
    with pytest.raises(DataError, match=message):
        _prepare(source, tmp_path, fields=("text",))


def test_a_file_that_is_named_twice_is_not_taken_for_once(tmp_path):
    (tmp_path / "labels.tsv").write_text("a\tx\nb\ty\n")
    options = {"fields": ("input", "label"), "features": {"label": {"type": "label"}}}

    def prepare(train):
        source = {"type": "table", "train": train, "validation": "labels.tsv"}
        return _prepare(source, tmp_path, **options)

    once, twice = prepare(["labels.tsv"]), prepare(["labels.tsv", "labels.tsv"])
    assert [prepared.counts["train"]["kept"] for prepared in (once, twice)] == [2, 4]
    assert [prepared.splits["train"].num_examples for prepared in (once, twice)] == [2, 4]
    assert list(once.checksums) == list(twice.checksums)


def test_the_counts_of_a_file_that_is_named_twice_are_learned_anew(tmp_path):
    (tmp_path / "a.tsv").write_text("a b\tx\na\ty\n")
    features = {"source": {"tokenizer": {"type": "word", "minimum_frequency": 2}}}
    for train, words in ((["a.tsv"], ["a"]), (["a.tsv", "a.tsv"], ["a", "b"])):
        source = {"type": "table", "train": train, "validation": "a.tsv"}
        prepared = _prepare(source, tmp_path, features=features)
        assert prepared.features["source"].vocabulary[4:] == words


@pytest.mark.parametrize("kind", ["table", "folders"])
def test_options_of_a_source_that_contradict_each_other_are_told(tmp_path, kind):
    message = "^`data.source`: give `validation` or a `validation_share`, one of both. Received: "
    with pytest.raises(DataError, match=message):
        _prepare({"type": kind, "train": "a"}, tmp_path, fields=("input", "label"))


def test_a_class_folder_with_a_new_name_is_read_anew(tmp_path):
    for name in ("neg", "pos"):
        (tmp_path / "top" / name).mkdir(parents=True)
        (tmp_path / "top" / name / "0.txt").write_text(name)
    source = {"type": "folders", "train": "top", "validation": "top"}
    options = {"fields": ("input", "label"), "features": {"label": {"type": "label"}}}
    assert _prepare(source, tmp_path, **options).features["label"].vocabulary == ["neg", "pos"]
    (tmp_path / "top" / "neg").rename(tmp_path / "top" / "zero")
    prepared = _prepare(source, tmp_path, **options)
    assert prepared.features["label"].vocabulary == ["pos", "zero"]
    assert prepared.splits["train"].texts("label") == ["pos", "zero"]
