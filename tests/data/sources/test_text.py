import gzip
import json

import pytest

from kerasseq.data.sources import text as texts
from kerasseq.data.sources.text import Text
from kerasseq.errors import DataError


@pytest.fixture
def write(tmp_path):
    def write_file(name, text):
        path = tmp_path / name
        content = text if isinstance(text, bytes) else text.encode()
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        return str(path)

    return write_file


def _source(train, **options):
    return Text(train=train, validation=train, **options)


def _documents(source, split="train"):
    documents = []
    for piece, begins in source.pieces(split):
        if begins:
            documents.append("")
        documents[-1] += piece
    return documents


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_file_is_a_document_as_it_stands(write, suffix):
    files = [write(f"a.txt{suffix}", "\ufeffone\r\n two \r\n\r\n"), write(f"b.txt{suffix}", "three")]
    assert _documents(_source(files)) == ["one\n two \n\n", "three"]
    assert _documents(_source(files[0])) == ["one\n two \n\n"]


def test_paragraphs_are_parted_by_empty_lines(write):
    files = [write("a.txt", "\n\none\n two \n \n\nthree\n"), write("b.txt", "four\nfive")]
    assert _documents(_source(files, document="paragraph")) == ["one\n two ", "three", "four\nfive"]


def test_lines_are_stripped(write):
    files = [write("a.txt", " one two \nthree\n"), write("b.txt", "four ")]
    assert _documents(_source(files, document="line")) == ["one two", "three", "four"]


def test_json_lines(write):
    lines = "".join(json.dumps({"id": 1, "body": text}) + "\n" for text in (" a\nb ", "c"))
    assert _documents(_source(write("a.jsonl", lines), document="line", key="body")) == ["a\nb", "c"]


@pytest.mark.parametrize("document", ["file", "paragraph", "line"])
def test_long_lines_come_in_pieces(write, monkeypatch, document):
    monkeypatch.setattr(texts, "LONGEST_PIECE", 8)
    long = "one two three four five six seven"
    source = _source(write("a.txt", f"{long}\n\n{long}"), document=document, on_bad_line="skip")
    whole = [f"{long}\n\n{long}"] if document == "file" else [long, long]
    assert _documents(source) == whole
    assert max(len(piece) for piece, _ in source.pieces("train")) <= 16
    lines = json.dumps({"text": long}) + "\n"
    source = _source(write("a.jsonl", lines), document="line", key="text")
    assert _documents(source) == [long]
    assert max(len(piece) for piece, _ in source.pieces("train")) <= 8


@pytest.mark.parametrize("share", [None, 0.1])
def test_one_file_is_cut_by_position(write, share):
    text = "".join(f"line {number}\n" for number in range(123))
    source = Text(file=write("a.txt", text), validation_share=share)
    cut = int(len(text) * 0.9)
    assert source.splits == ("train", "validation")
    assert _documents(source) == [text[:cut]]
    assert _documents(source, "validation") == [text[cut:]]
    assert source.options("train") != source.options("validation")
    assert source.files("train") == source.files("validation")


def test_a_file_is_cut_in_three(write):
    text = "0123456789" * 10
    source = Text(file=write("a.txt", text), validation_share=0.2, test_share=0.3)
    assert [_documents(source, split) for split in source.splits] == [[text[:50]], [text[50:70]], [text[70:]]]


@pytest.mark.parametrize("document", ["paragraph", "line"])
def test_no_line_or_paragraph_is_cut(write, document):
    lines = [f"line {number}" for number in range(10)]
    end = "\n\n" if document == "paragraph" else "\n"
    source = Text(
        file=write("a.txt", end.join(lines)), document=document, validation_share=0.25, test_share=0.25
    )
    found = [_documents(source, split) for split in source.splits]
    assert sum(found, []) == lines
    assert [len(part) for part in found] == [5, 3, 2]


def test_bad_lines_are_told_skipped_and_counted(write):
    path = write("a.txt", b"a\n\xff\n\nb\n")
    with pytest.raises(DataError) as error:
        list(_source(path).pieces("train"))
    assert str(error.value) == (
        f"{path}:2: byte 0xff at column 1 is not utf-8\n"
        "  fix: correct the line, or set `data.source.on_bad_line: skip`"
    )
    skipped = []
    source = _source(path, on_bad_line="skip")
    assert list(source.pieces("train", on_skip=skipped.append)) == [
        ("a\n", True),
        ("\n", False),
        ("b\n", False),
    ]
    assert [row.place for row in skipped] == [f"{path}:2"]
    source = _source(path, on_bad_line="skip", document="line")
    assert [row.problem for row in source.rows("train") if row.problem] == [
        "byte 0xff at column 1 is not utf-8",
        "the line is empty",
    ]
    assert list(source.read("train")) == [("a",), ("b",)]
    assert list(_source(write("b.txt", b"\xff\na"), on_bad_line="skip").pieces("train")) == [("a", True)]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("[1]", "expected a JSON object, found list"),
        ('{"x": 1}', "the key 'text' is missing; there are 'x'"),
        ('{"text": " "}', "the text is empty"),
        ("", "the line is empty"),
    ],
)
def test_bad_json_lines(write, line, problem):
    source = _source(write("a.jsonl", f'{{"text": "a"}}\n{line}\n'), document="line", key="text")
    with pytest.raises(DataError, match=f"a.jsonl:2: {problem}"):
        list(source.pieces("train"))


def test_no_text_at_all(write):
    path = write("a.txt", "")
    with pytest.raises(DataError, match=r"`data.source.train` holds no examples: .*a\.txt"):
        list(_source(path).pieces("train"))
    with pytest.raises(
        DataError, match=r"a\.txt: `data.source.file` leaves no text for the validation split"
    ):
        list(Text(file=write("a.txt", "abc"), test_share=0.1).pieces("validation"))


def test_a_missing_file_is_named_with_its_key(tmp_path):
    with pytest.raises(DataError, match=r"`data.source.validation` is not there: none.txt"):
        _source("none.txt", folders=[tmp_path]).files("validation")
    with pytest.raises(DataError, match=r"`data.source.file` is not there: none.txt"):
        Text(file="none.txt", folders=[tmp_path]).files("validation")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "`train` must be a file or several, unless `file` is given. Received: train=None"),
        ({"train": "a"}, "`validation` must be a file or several"),
        ({"train": "a", "validation": []}, r"`validation` must be .* Received: validation=\[\]"),
        ({"train": "a", "validation": "b", "test_share": 0.1}, "`test_share` goes with `file` only"),
        ({"file": "a", "test": "b"}, "`test` does not go with `file`, which is cut. Received: test='b'"),
        ({"file": "a", "validation_share": 0.0}, "`validation_share` must be positive, and leave something"),
        ({"file": "a", "validation_share": 0.5, "test_share": 0.5}, "validation_share=0.5, test_share=0.5"),
        ({"file": "a", "validation_share": 1.5}, "`validation_share` must be >= 0 and < 1"),
        ({"file": "a", "key": "text"}, "`key` goes with `document: line`. Received: document='file'"),
        ({"file": "a", "document": "page"}, "`document` must be one of 'file', 'paragraph', 'line'"),
        ({"file": "a", "encoding": "utf-16"}, "`encoding` must extend ASCII"),
    ],
)
def test_options_that_contradict_each_other(options, message):
    with pytest.raises(ValueError, match=message):
        Text(**options)
