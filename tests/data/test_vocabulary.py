from collections import Counter

import pytest

from kerasseq.data.vocabulary import escape, most_frequent, read_vocabulary, unescape, write_vocabulary
from kerasseq.errors import DataError
from kerasseq.specs import SPECIAL_TOKENS

AWKWARD = [
    " ",
    "\n",
    "\r",
    "\t",
    "\\",
    "\\n",
    "\u00a0",
    "\u2028",
    "\x85",
    "\u200b",
    "\x00",
    "😀",
    "e\u0301",
    "#",
]


@pytest.mark.parametrize("token", AWKWARD)
def test_unescape_undoes_escape(token):
    line = escape(token)
    assert unescape(line) == token
    assert len(line.splitlines()) == 1
    assert line.strip() == line


def test_escapes_are_legible():
    assert escape("a b\n\\") == "a\\u0020b\\n\\\\"
    assert escape("\U000e0001") == "\\U000e0001"


def test_a_file_gives_back_what_was_written(tmp_path):
    vocabulary = [*SPECIAL_TOKENS, *AWKWARD]
    write_vocabulary(tmp_path / "v.txt", vocabulary)
    assert read_vocabulary(tmp_path / "v.txt") == vocabulary
    assert (tmp_path / "v.txt").read_text("utf-8").startswith("<pad>\n<unk>\n<s>\n</s>\n\\u0020\n\\n\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<pad>\n<unk>\na\n", ":3: expected <s>, found 'a'"),
        ("<pad>\n<unk>\n", ":2: the file ends before the special tokens do"),
        ("<pad>\n<unk>\n<s>\n</s>\na\na\n", ":6: 'a' stands in line 5 already"),
        ("<pad>\n<unk>\n<s>\n</s>\n\nb\n", ":5: the line is empty"),
        ("<pad>\n<unk>\n<s>\n</s>\n\\q\n", ":5: unknown escape \\q"),
    ],
)
def test_a_broken_file_is_told_with_its_line(tmp_path, text, message):
    path = tmp_path / "v.txt"
    path.write_text(text, "utf-8")
    with pytest.raises(DataError) as error:
        read_vocabulary(path)
    assert f"{path}{message}" in str(error.value)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(DataError, match="cannot be read as a vocabulary"):
        read_vocabulary(tmp_path / "none.txt")


def test_the_most_frequent_come_first_and_ties_in_code_point_order():
    counts = Counter({"b": 2, "a": 2, "c": 3, "d": 1, "<s>": 9})
    assert most_frequent(counts, vocabulary_size=None, minimum_frequency=2) == [
        *SPECIAL_TOKENS,
        "c",
        "a",
        "b",
    ]
    assert most_frequent(counts, vocabulary_size=6, minimum_frequency=1) == [*SPECIAL_TOKENS, "c", "a"]
