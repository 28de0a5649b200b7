import numpy as np
import pytest

from kerasseq.data.stream_cache import cached_stream
from kerasseq.errors import DataError


class Letters:
    """An id a letter, from 4; a line feed is 3, and a blank is nothing."""

    dtype = "uint16"

    def __call__(self, texts):
        ids = [[3 if letter == "\n" else ord(letter) for letter in text if letter != " "] for text in texts]
        return np.array(sum(ids, []), np.uint16), np.cumsum([len(some) for some in ids])


def _expected(documents):
    ids = []
    for document in documents:
        flat = [2, *Letters()([document])[0].tolist()]
        ids.append(flat if flat[-1] == 3 else [*flat, 3])
    return ids


def _pieces(documents, rng):
    for document in documents:
        cuts = sorted({0, len(document), *rng.integers(0, len(document) + 1, 2).tolist()})
        texts = [document[first:after] for first, after in zip(cuts[:-1], cuts[1:], strict=True)] or [
            document
        ]
        yield from ((text, place == 0) for place, text in enumerate(texts))


@pytest.mark.parametrize("texts_at_once", [1, 2, 3, 1000])
def test_documents_have_markers_whatever_their_pieces(tmp_path, monkeypatch, texts_at_once):
    monkeypatch.setattr("kerasseq.data.tokenizing.TEXTS_AT_ONCE", texts_at_once)
    rng = np.random.default_rng(0)
    documents = ["".join(rng.choice(list("ab \n"), rng.integers(1, 6))) for _ in range(60)]
    documents += [" ", " ", "a", " ", "\n", " ", "a\n"]
    stream = cached_stream(tmp_path / "a", Letters(), lambda on_skip: _pieces(documents, rng))
    found = [stream.column.take(np.array([place])).tolist() for place in range(len(documents))]
    assert found == _expected(documents)
    assert stream.column.offsets[-1] == len(sum(found, []))


def test_skipped_lines_are_counted_and_kept(tmp_path):
    def read(on_skip):
        on_skip("a line")
        yield "ab", True

    for _ in range(2):
        assert cached_stream(tmp_path / "a", Letters(), read).skipped == 1


def test_a_cache_that_cannot_be_written_says_what_to_do(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot be written: (.|\n)*fix: set KERASSEQ_CACHE"):
        cached_stream(tmp_path / "file" / "a", Letters(), lambda on_skip: iter([("a", True)]))
