import inspect
import itertools

import numpy as np
import pytest
import tensorflow as tf

from kerasseq.data.streams import StreamSplit, prepare_streams
from kerasseq.errors import DataError

CHARACTERS = {"text": {"tokenizer": "character"}}
WORDS = {"text": {"tokenizer": {"type": "word", "split_punctuation": False}}}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("KERASSEQ_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def prepare(tmp_path):
    def prepare_text(text, *, document="file", **options):
        (tmp_path / "a.txt").write_text(text, "utf-8")
        source = {"type": "text", "train": "a.txt", "validation": "a.txt", "document": document}
        return prepare_streams(source=source, folders=[tmp_path], **options)

    return prepare_text


def _text(rng, num_documents, longest):
    lines = ("".join(rng.choice(list("abcde"), rng.integers(1, longest + 1))) for _ in range(num_documents))
    return "".join(f"{line}\n" for line in lines)


def _batches(split, *, seed=1, epoch=0, training=True, skip=0):
    batches = split.batches(seed=seed, epoch=epoch, training=training, skip=skip)
    return [{name: value.numpy() for name, value in batch.items()} for batch in batches]


def _read(batches):
    """Every stretch from one reset to the next, put together as a model with a state reads it."""
    stretches = []
    for row in range(len(batches[0]["text"])):
        for batch in batches:
            ids = batch["text"][row][batch["text"][row] != 0].tolist()
            if batch["reset"][row]:
                stretches.append(ids)
            elif ids:
                assert stretches[-1][-1] == ids[0]  # the last label is the next input
                stretches[-1] += ids[1:]
    return stretches


def _labels(batches):
    return sum(np.count_nonzero(batch["text"][:, 1:]) for batch in batches)


def _decoded(prepared, stretches):
    feature = prepared.features["text"]
    assert all(ids[0] == 2 and ids[-1] == 3 for ids in stretches)
    return feature.decode_lines(tf.ragged.constant([ids[1:-1] for ids in stretches])).numpy().tolist()


@pytest.mark.parametrize("batch_size", [1, 7])
def test_one_document_is_cut_into_a_stretch_for_each_row(prepare, batch_size):
    text = "the cat\nsat on the mat\n" * 9
    prepared = prepare(text, features=CHARACTERS, batch_size=batch_size, window=16)
    split = prepared.splits["train"]
    batches = _batches(split)
    stretches = _read(batches)
    assert len(stretches) == batch_size
    joined = stretches[0] + [id_ for ids in stretches[1:] for id_ in ids[1:]]
    assert all(before[-1] == after[0] for before, after in itertools.pairwise(stretches))
    assert _decoded(prepared, [joined]) == [text.encode()]
    assert _labels(batches) == len(text) + 1 == split.num_tokens("text") + split.num_examples
    assert [batch["reset"].all() for batch in batches] == [True] + [False] * (split.steps - 1)
    assert max(map(len, stretches)) == len(stretches[0])
    assert len(batches) == split.steps == -(-(len(stretches[0]) - 1) // 16)


@pytest.mark.parametrize(
    ("num_documents", "batch_size", "window", "training"),
    [(41, 4, 4, True), (40, 4, 30, False), (5, 5, 4, True), (4, 6, 4, False), (1, 30, 4, True)],
)
def test_every_token_is_a_label_once(prepare, num_documents, batch_size, window, training):
    text = _text(np.random.default_rng(0), num_documents, 20)
    options = {"document": "line", "features": CHARACTERS, "batch_size": batch_size, "window": window}
    prepared = prepare(text, **options)
    split = prepared.splits["train"]
    batches = _batches(split, training=training)
    assert len(batches) == split.steps
    assert _labels(batches) == len(text) == split.num_tokens("text") + num_documents
    assert all(batch["text"].shape[0] == len(batch["reset"]) == batch_size for batch in batches)
    assert all(batch["text"].shape[1] <= window + 1 for batch in batches)
    if num_documents >= batch_size:
        assert sorted(_decoded(prepared, _read(batches))) == sorted(text.encode().split())


def test_a_document_that_is_far_longer_than_the_rest_is_cut(prepare):
    text = "a\n" * 9 + "b" * 4000 + "\n"
    options = {"document": "line", "features": CHARACTERS, "batch_size": 10, "window": 10}
    split = prepare(text, **options).splits["train"]
    batches = _batches(split)
    assert _labels(batches) == len(text)
    assert 41 <= len(batches) <= 52


def test_documents_are_shuffled_each_epoch_in_as_many_steps(prepare):
    text = _text(np.random.default_rng(1), 60, 40)
    options = {"document": "line", "features": CHARACTERS, "batch_size": 4, "window": 8}
    split = prepare(text, **options).splits["train"]
    epochs = [_batches(split, epoch=epoch) for epoch in range(3)]
    again = _batches(split, epoch=1)
    assert {len(batches) for batches in epochs} == {split.steps}
    for one, other in zip(epochs[1], again, strict=True):
        np.testing.assert_array_equal(one["text"], other["text"])
        np.testing.assert_array_equal(one["reset"], other["reset"])
    orders = [[tuple(ids) for ids in _read(batches)] for batches in epochs]
    assert orders[0] != orders[1] != orders[2]
    assert len({frozenset(order) for order in orders}) == 1
    joined = [batch["text"].numpy() for batch in split.epochs(seed=1, first=1, last=3)]
    expected = [batch["text"] for batch in epochs[1] + epochs[2]]
    assert all(np.array_equal(one, other) for one, other in zip(joined, expected, strict=True))


@pytest.mark.parametrize("document", ["file", "line"])
def test_an_epoch_goes_on_where_it_stopped(prepare, document):
    text = _text(np.random.default_rng(2), 50, 30)
    options = {"document": document, "features": CHARACTERS, "batch_size": 4, "window": 8}
    split = prepare(text, **options).splits["train"]
    whole = _batches(split)
    for skip in (5, split.steps, split.steps + 1):
        rest = _batches(split, skip=skip)
        assert len(rest) == max(split.steps - skip, 0)
        for one, other in zip(rest, whole[skip:], strict=True):
            np.testing.assert_array_equal(one["text"], other["text"])
            np.testing.assert_array_equal(one["reset"], other["reset"])


def test_short_documents_make_narrow_batches(prepare):
    text = _text(np.random.default_rng(3), 400, 20)
    options = {"document": "line", "features": CHARACTERS, "batch_size": 8, "window": 64}
    split = prepare(text, **options).splits["train"]
    batches = _batches(split)
    widths = {batch["text"].shape[1] - 1 for batch in batches}
    assert widths == {8, 16, 24}
    cells = sum(batch["text"][:, 1:].size for batch in batches)
    assert _labels(batches) / cells > 0.7


def test_every_document_begins_with_a_reset_and_no_other_window_does(prepare):
    text = _text(np.random.default_rng(4), 30, 40)
    options = {"document": "line", "features": CHARACTERS, "batch_size": 4, "window": 8}
    for batch in _batches(prepare(text, **options).splits["train"]):
        np.testing.assert_array_equal(batch["reset"], batch["text"][:, 0] == 2)


def test_evaluation_has_its_own_number_of_rows(prepare):
    prepared = prepare("abcdefgh" * 20, features=CHARACTERS, batch_size=4, evaluation_batch_size=1, window=16)
    split = prepared.splits["validation"]
    batches = _batches(split, training=False)
    assert [batch["text"].shape[0] for batch in batches] == [1] * 11
    assert [bool(batch["reset"][0]) for batch in batches] == [True] + [False] * 10
    assert _labels(batches) == 161
    assert len(_batches(split)) == split.steps == 3


def test_words_end_each_line_once(prepare):
    prepared = prepare(" a <unk> b \n\n c </s> d <s> \n", features=WORDS, batch_size=1)
    vocabulary = prepared.features["text"].vocabulary
    assert vocabulary == ["<pad>", "<unk>", "<s>", "</s>", "a", "b", "c", "d"]
    split = prepared.splits["train"]
    assert _read(_batches(split)) == [[2, 4, 1, 5, 3, 3, 6, 1, 7, 1, 3]]
    assert (split.num_tokens("text"), split.num_unknown("text")) == (9, 3)
    assert split.lengths("text").tolist() == [9]


def test_lines_and_paragraphs_of_words(prepare):
    text = "a b\nc\n\nd\n"
    for document, expected in [
        ("line", [[2, 4, 5, 3], [2, 6, 3], [2, 7, 3]]),
        ("paragraph", [[2, 4, 5, 3, 6, 3], [2, 7, 3]]),
    ]:
        text = text.replace("\n\n", "\n") if document == "line" else "a b\nc\n\nd\n"
        prepared = prepare(text, document=document, features=WORDS, batch_size=1)
        assert sorted(_read(_batches(prepared.splits["train"], training=False))) == sorted(expected)


def test_examples_are_documents(prepare, monkeypatch):
    text = "one\ntwo\n\nthree\n"
    prepared = prepare(text, document="paragraph", features=CHARACTERS)
    split = prepared.splits["train"]
    assert list(split.examples()) == [("one\ntwo",), ("three",)]
    assert split.texts("text") == ["one\ntwo", "three"]
    assert split.lengths("text").tolist() == [7, 5]
    assert split.num_examples == len(split.order) == 2
    assert prepared.counts["train"] == {
        "read": 2,
        "kept": 2,
        "dropped_too_long": 0,
        "skipped_bad_lines": 0,
    }
    monkeypatch.setattr("kerasseq.data.streams.LONGEST_EXAMPLE", 4)
    assert split.texts("text") == ["one\n", "thre"]


def test_the_second_time_comes_from_the_cache(prepare, tmp_path, monkeypatch):
    first = prepare("abc\n", features=CHARACTERS, vocabulary_folder=tmp_path / "vocabulary")

    def fail(*_, **__):
        raise RuntimeError("this was to come from the cache")

    monkeypatch.setattr("kerasseq.data.tokenizing.Tokenizer.count", fail)
    monkeypatch.setattr("kerasseq.data.stream_cache._write", fail)
    second = prepare("abc\n", features=CHARACTERS, window=2)
    assert second.features["text"].vocabulary == first.features["text"].vocabulary
    third = prepare(
        "abc\n", features=CHARACTERS, vocabulary_folder=tmp_path / "vocabulary", splits=["validation"]
    )
    assert list(third.splits) == ["validation"]
    with pytest.raises(RuntimeError, match="from the cache"):
        prepare("abcd\n", features=CHARACTERS)


def test_parts_of_one_file_are_not_mistaken_for_each_other(tmp_path):
    (tmp_path / "a.txt").write_text("a" * 90 + "b" * 10)
    source = {"type": "text", "file": "a.txt"}
    prepared = prepare_streams(source=source, features=CHARACTERS, folders=[tmp_path])
    assert [split.num_tokens("text") for split in prepared.splits.values()] == [90, 10]
    assert prepared.splits["validation"].num_unknown("text") == 10
    assert len(prepared.checksums) == 1


def test_a_file_that_is_named_twice_is_not_taken_for_once(tmp_path):
    (tmp_path / "a.txt").write_text("abc")
    for train, number in ((["a.txt"], 1), (["a.txt", "a.txt"], 2)):
        source = {"type": "text", "train": train, "validation": "a.txt"}
        prepared = prepare_streams(source=source, features=CHARACTERS, folders=[tmp_path])
        assert prepared.counts["train"]["kept"] == number
        assert prepared.splits["train"].num_tokens("text") == 3 * number


def test_many_pieces_are_one_document(prepare, monkeypatch):
    monkeypatch.setattr("kerasseq.data.tokenizing.TEXTS_AT_ONCE", 2)
    text = _text(np.random.default_rng(5), 11, 5)
    for document, number in (("file", 1), ("line", 11)):
        prepared = prepare(text, document=document, features=CHARACTERS, batch_size=1)
        split = prepared.splits["train"]
        assert split.num_examples == number
        stretches = _read(_batches(split, training=False))
        expected = [text] if document == "file" else text.split()
        assert sorted(_decoded(prepared, stretches)) == sorted(line.encode() for line in expected)


def test_data_that_does_not_fit(prepare, tmp_path):
    with pytest.raises(DataError, match="`data.features.text.max_length` does not go with running text"):
        prepare("a\n", features={"text": {"max_length": 5}})
    (tmp_path / "a.tsv").write_text("a\tb\n")
    for word, message in (
        ("table", "`data.source` has examples, not running text"),
        ("parallel", "`data.source` is 'parallel', which has 2 texts an example, not text"),
    ):
        source = {"type": word, "train": "a.tsv", "validation": "a.tsv"}
        with pytest.raises(DataError, match=message):
            prepare_streams(source=source, folders=[tmp_path])
    with pytest.raises(DataError, match="^`data.source`: `validation` must be a file or several"):
        prepare_streams(source={"type": "text", "train": "a.txt"}, folders=[tmp_path])
    for name in ("batch_size", "window", "evaluation_batch_size"):
        with pytest.raises(ValueError, match=f"`{name}` must be positive. Received: {name}=0"):
            prepare("a\n", **{name: 0})


def test_every_argument_is_documented():
    for function in (prepare_streams, StreamSplit):
        documented = inspect.getdoc(function)
        for name in inspect.signature(function).parameters:
            assert f"\n    {name}: " in documented
