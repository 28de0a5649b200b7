import json
from pathlib import Path

import numpy as np
import pytest

from kerasseq import registry
from kerasseq.data import token_cache
from kerasseq.data.cache_folder import cache_root
from kerasseq.data.token_cache import Encoder, cached_tokens, checksum, key_of, rows_of
from kerasseq.data.vocabulary import id_dtype
from kerasseq.errors import DataError

EXAMPLES = [("a b", "x"), ("b", "y z y"), ("a", "\u200b")]


@pytest.fixture(scope="module")
def encoders():
    made = {}
    for place, field in enumerate(("source", "target")):
        feature = registry.create("feature", {"type": "text"})
        feature.learn([example[place] for example in EXAMPLES])
        made[field] = Encoder(feature)
    return made


def _read(on_skip):
    on_skip("a bad line")
    yield from EXAMPLES


def test_ids_are_read_back_by_example(tmp_path, encoders):
    tokens = cached_tokens(tmp_path / "key", encoders, _read)
    source, target = tokens.columns["source"], tokens.columns["target"]
    assert source.lengths(np.arange(3)).tolist() == [2, 1, 1]
    assert source.take(np.array([2, 0])).tolist() == [4, 4, 5]
    assert target.take(np.array([1, 1])).tolist() == [4, 6, 4] * 2
    assert tokens.skipped == 1


def test_the_second_time_nothing_is_read(tmp_path, encoders):
    first = cached_tokens(tmp_path / "key", encoders, _read)
    second = cached_tokens(tmp_path / "key", encoders, None)
    assert second.skipped == first.skipped
    everything = np.arange(3)
    for field in encoders:
        np.testing.assert_array_equal(
            second.columns[field].take(everything), first.columns[field].take(everything)
        )


def test_batches_join_without_a_seam(tmp_path, encoders, monkeypatch):
    whole = cached_tokens(tmp_path / "whole", encoders, _read)
    monkeypatch.setattr("kerasseq.data.tokenizing.TEXTS_AT_ONCE", 2)
    parts = cached_tokens(tmp_path / "parts", encoders, _read)
    for field in encoders:
        np.testing.assert_array_equal(parts.columns[field].offsets, whole.columns[field].offsets)
        assert (tmp_path / "parts" / f"{field}.ids").read_bytes() == (
            tmp_path / "whole" / f"{field}.ids"
        ).read_bytes()


def test_a_failure_leaves_nothing_behind(tmp_path, encoders):
    def fail(on_skip):
        yield EXAMPLES[0]
        raise DataError("broken")

    with pytest.raises(DataError, match="broken"):
        cached_tokens(tmp_path / "tokens" / "key", encoders, fail)
    assert list((tmp_path / "tokens").iterdir()) == []


def test_a_cache_that_cannot_be_written_says_what_to_do(tmp_path, encoders):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError) as error:
        cached_tokens(tmp_path / "file" / "key", encoders, _read)
    assert str(error.value).startswith(f"{tmp_path / 'file' / 'key'}: cannot be written: ")
    assert "fix: set KERASSEQ_CACHE, or `data.cache_folder`, to a folder with room" in str(error.value)


def test_large_vocabularies_get_wider_ids(encoders):
    assert encoders["source"].dtype == "uint16"
    assert [id_dtype(size) for size in (2**16, 2**16 + 1)] == ["uint16", "int32"]


def test_keys_differ_with_what_they_are_made_from(monkeypatch):
    keys = {key_of(a=1), key_of(a=2), key_of(b=1)}
    monkeypatch.setattr(token_cache, "LAYOUT", -1)
    assert len(keys | {key_of(a=1)}) == 4


def test_checksums_are_of_the_content(tmp_path):
    (tmp_path / "a").write_text("x")
    (tmp_path / "b").write_text("x")
    (tmp_path / "c").write_text("y")
    assert checksum(tmp_path / "a") == checksum(tmp_path / "b") != checksum(tmp_path / "c")


def test_where_the_cache_is(monkeypatch):
    monkeypatch.delenv("KERASSEQ_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/x")
    assert cache_root(None) == Path("/x/kerasseq")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_root(None) == Path("~/.cache/kerasseq").expanduser()
    monkeypatch.setenv("KERASSEQ_CACHE", "/y")
    assert cache_root(None) == Path("/y")
    assert cache_root("/z") == Path("/z")


def test_rows_of_a_stream():
    assert list(rows_of(iter(EXAMPLES), np.array([0, 2]))) == [EXAMPLES[0], EXAMPLES[2]]


def test_the_layout_on_disk_is_plain(tmp_path, encoders):
    cached_tokens(tmp_path / "key", encoders, _read)
    assert json.loads((tmp_path / "key" / "split.json").read_text())["dtypes"]["source"] == "uint16"
    assert np.fromfile(tmp_path / "key" / "source.offsets", np.int64).tolist() == [0, 2, 3, 4]
    assert np.fromfile(tmp_path / "key" / "source.ids", np.uint16).tolist() == [4, 5, 5, 4]


class _Files:
    """A feature whose texts only point to what is read: here their letters, as numbers."""

    dtype = "uint8"
    repeats = True

    def __init__(self):
        self.asked = []

    def check(self, texts):
        pass

    def read(self, texts):
        self.asked += texts
        letters = [np.frombuffer(text.encode(), np.uint8) for text in texts]
        return np.concatenate(letters), np.cumsum([len(found) for found in letters])


def test_what_is_read_is_kept_once_however_often_it_stands_there(tmp_path):
    feature = _Files()
    rows = [("ab",), ("ab",), ("cde",), ("ab",), ("f",)]
    tokens = cached_tokens(tmp_path / "split", {"picture": Encoder(feature)}, lambda on_skip: iter(rows))
    column = tokens.columns["picture"]
    assert feature.asked == ["ab", "cde", "f"]
    assert column.num_examples == 5
    assert column.lengths(np.arange(5)).tolist() == [2, 2, 3, 2, 1]
    assert column.take(np.array([3, 4, 2])).tobytes() == b"abfcde"


def test_many_files_are_read_a_few_at_a_time(tmp_path):
    rows = [(f"{place:03}",) for place in range(150)]
    sizes = []

    class Counting(_Files):
        def read(self, texts):
            sizes.append(len(texts))
            return super().read(texts)

    tokens = cached_tokens(tmp_path / "split", {"picture": Encoder(Counting())}, lambda on_skip: iter(rows))
    assert sum(sizes) == 150 and max(sizes) <= 64
    assert tokens.columns["picture"].take(np.array([149, 0, 64])).tobytes() == b"149000064"
