import gzip
import json

import pytest

from kerasseq.data.sources.table import Table
from kerasseq.errors import DataError

EXAMPLES = [("a fine film", "good"), ('it is "new"', "bad"), ("dull, and long", "bad")]


@pytest.fixture
def write(tmp_path):
    def write_file(name, text):
        path = tmp_path / name
        content = text if isinstance(text, bytes) else text.encode()
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        return str(path)

    return write_file


def _source(train, **options):
    return Table(**{"train": train, "validation": train, **options})


TABS = "".join(f"{text}\t{label}\n" for text, label in EXAMPLES)
COMMAS = 'a fine film,good\r\n"it is ""new""",bad\n"dull, and long", bad\n'
ROWS = "id;label;sentence\n" + "".join(f"7;{label};{text}\n" for text, label in EXAMPLES)


NAMED, NUMBERED = {"input": "sentence"}, {"input": 2, "label": 0}
TURNED = "".join(f"{label}\tx\t{text}\n" for text, label in EXAMPLES)
OBJECTS = "".join(json.dumps({"sentence": text, "label": label}) + "\n" for text, label in EXAMPLES)
LAYOUTS = {
    "tabs": ("a.tsv", TABS, {}),
    "gzip": ("a.txt.gz", TABS, {}),
    "csv": ("a.csv", COMMAS, {}),
    "csv_gzip_with_a_mark": ("a.csv.gz", "\ufeff" + COMMAS, {}),
    "names_of_fields": ("a.tsv", "input\tlabel\n" + TABS, {"header": True}),
    "names": ("a.tsv", "label\tx\tsentence\n" + TURNED, {"columns": NAMED}),
    "numbers": ("a.tsv", TURNED, {"columns": NUMBERED}),
    "numbers_behind_a_header": ("a.tsv", "a\tb\tc\n" + TURNED, {"columns": NUMBERED, "header": True}),
    "delimiter": ("a.txt", ROWS, {"columns": NAMED, "delimiter": ";", "quotes": False}),
    "json": ("a.jsonl", OBJECTS, {"columns": NAMED}),
}


@pytest.mark.parametrize(("name", "text", "options"), LAYOUTS.values(), ids=LAYOUTS)
def test_every_layout_gives_the_same_examples(write, name, text, options):
    assert list(_source(write(name, text), **options).read("train")) == EXAMPLES


def test_numbers_and_truth_are_labels_as_json_writes_them(write):
    path = write("a.jsonl", '{"input": "x", "label": 1}\n{"input": "y", "label": true}\n')
    assert [label for _, label in _source(path).read("train")] == ["1", "true"]


def test_a_cell_in_quotes_may_hold_line_ends(write):
    source = _source(
        write("a.csv", 'input,label\n"one\ntwo",x\n\nthree,y\n"four",\n'), header=True, on_bad_line="skip"
    )
    skipped = []
    assert list(source.read("train", on_skip=skipped.append)) == [("one\ntwo", "x"), ("three", "y")]
    assert [(row.place.rpartition(":")[2], row.problem) for row in skipped] == [
        ("4", "the line is empty"), ("6", "the label is empty"),
    ]  # fmt: skip


def test_bytes_that_are_no_text_are_told_where_they_stand(write):
    source = _source(write("a.csv", b'"a\nb",x\n\xff,y\nc,z\n'), on_bad_line="skip")
    skipped = []
    assert list(source.read("train", on_skip=skipped.append)) == [("a\nb", "x"), ("c", "z")]
    assert [row.place.rpartition(":")[2] for row in skipped] == ["3"]


HEADER = (
    r"a\.tsv:1: the first row looks like names of columns: 'sentence', 'label'\n"
    r"  fix: set `data\.source\.header` to true, or to false"
)
MISSING = (
    r"a\.tsv:1: there is no column 'sentence' for the input\n"
    r"  allowed: sentense, label\n  fix: did you mean 'sentense'"
)


@pytest.mark.parametrize(
    ("name", "text", "options", "message"),
    [
        ("a.tsv", "a\tb\tc\n", {}, r"a\.tsv:1: expected 2 columns \(input, label\), found 3"),
        ("a.tsv", "a\tb\nc\n", {"columns": {"label": 1}}, r"tsv:2: column 1 is asked for, but there are 1, "),
        ("a.tsv", "a\t \n", {}, r"a\.tsv:1: the label is empty"),
        ("a.csv", 'a,b\n"c,d\n', {}, r"a\.csv:2: no row of a CSV file: unexpected end of data"),
        ("a.jsonl", '{"input": "x"}\n', {}, r"a\.jsonl:1: the key 'label' is missing; there are 'input'"),
        ("a.tsv", "sentence\tlabel\nx\t1\n", {}, HEADER),
        ("a.tsv", "sentense\tlabel\nx\t1\n", {"columns": NAMED}, MISSING),
        ("a.jsonl", "{}\n", {"columns": {"label": 1}}, r"has the number 1, but JSON objects have names"),
        ("a.tsv", "", {}, r"`data\.source\.train` holds no examples"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(write, name, text, options, message):
    with pytest.raises(DataError, match=message):
        list(_source(write(name, text), **options).read("train"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"columns": {"inputs": 0}}, r"`columns` must name input, label\. Received"),
        ({"columns": {"input": -1}}, r"`columns` must be counted from 0\. Received"),
        (
            {"columns": {"input": "a"}, "header": False},
            r"`columns` has names, which need a header\. Received",
        ),
        ({"delimiter": "||"}, r"`delimiter` must be one character\. Received: delimiter='\|\|'"),
        ({"validation_share": 0.1}, r"give `validation` or a `validation_share`, one of both\. Received"),
        ({"validation": None}, r"give `validation` or a `validation_share`, one of both\. Received"),
    ],
)
def test_options_that_cannot_be(options, message):
    with pytest.raises(ValueError, match=message):
        _source("a.tsv", **options)


def test_the_fields_are_the_tasks(write):
    path = write("a.tsv", "q\ta\tb\n")
    source = _source(path, fields=("question", "answer"), columns={"answer": 2, "question": 0})
    assert list(source.read("train")) == [("q", "b")]


def test_examples_that_are_held_out_are_not_trained_on(write):
    lines = [f"text {number % 400}\tx\n" for number in range(500)]
    source = _source(write("a.tsv", "".join(lines)), validation=None, validation_share=0.2)
    train, validation = (list(source.read(split)) for split in ("train", "validation"))
    assert len(train) + len(validation) == 500 and 60 < len(validation) < 140
    assert not set(train) & set(validation)  # nor is a text on both sides
    assert source.splits == ("train", "validation")
    assert source.options("train") != source.options("validation")
    turned = _source(write("b.tsv", "".join(lines[::-1])), validation=None, validation_share=0.2)
    assert list(turned.read("validation")) == validation[::-1]


def test_several_files_are_one_split(write):
    paths = [write("a.tsv", "a\tx\n"), write("b.csv", "b,y\n")]
    assert list(_source(paths).read("train")) == [("a", "x"), ("b", "y")]


def test_paths_start_at_the_table(tmp_path):
    (tmp_path / "set" / "wavs").mkdir(parents=True)
    (tmp_path / "set" / "wavs" / "a.wav").touch()
    (tmp_path / "set" / "train.tsv").write_text("wavs/a.wav\tyes\nwavs/b.wav\tno\n")
    source = Table(train="set/train.tsv", validation="set/train.tsv", folders=[tmp_path], on_bad_line="skip")
    source.media = ("input",)
    skipped = []
    assert list(source.read("train", on_skip=skipped.append)) == [(str(tmp_path / "set/wavs/a.wav"), "yes")]
    assert skipped[0].problem == f"the input {tmp_path}/set/wavs/b.wav is not there"
    assert source.files("train") == [tmp_path / "set" / "train.tsv", tmp_path / "set" / "wavs"]
