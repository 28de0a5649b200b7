import gzip
import json
import re

import pytest

from kerasseq.data.sources.parallel import Parallel
from kerasseq.errors import DataError

PAIRS = [("ein Haus", "a house"), ("zwei", "two")]


@pytest.fixture
def write(tmp_path):
    def write_file(name, text):
        path = tmp_path / name
        content = text if isinstance(text, bytes) else text.encode()
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        return str(path)

    return write_file


def _source(train, **options):
    return Parallel(train=train, validation=train, **options)


def _tabs(pairs):
    return "".join("\t".join(pair) + "\n" for pair in pairs)


def _json(pairs, keys=("source", "target")):
    return "".join(json.dumps(dict(zip(keys, pair, strict=True))) + "\n" for pair in pairs)


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_every_layout_gives_the_same_pairs(write, suffix):
    sides = [
        write(f"a.de{suffix}", "ein Haus\r\nzwei \r\n"),
        write(f"a.en{suffix}", "\ufeffa house\n two"),
    ]
    for train in (write(f"a.tsv{suffix}", _tabs(PAIRS)), write(f"a.jsonl{suffix}", _json(PAIRS)), sides):
        assert list(_source(train).read("train")) == PAIRS


def test_columns_and_keys_choose_and_turn(write):
    columns = write("a.tsv", "1\tein Haus\ta house\tx\n2\tzwei\ttwo\ty\n")
    assert list(_source(columns, columns=[2, 1]).read("train")) == [pair[::-1] for pair in PAIRS]
    keys = write("a.jsonl", _json(PAIRS, ("de", "en")))
    assert list(_source(keys, keys=["de", "en"]).read("train")) == PAIRS


def test_the_format_can_be_told(write):
    assert list(_source(write("a.txt", _json(PAIRS)), format="jsonl").read("train")) == PAIRS


def test_test_is_optional(write):
    train = write("a.tsv", _tabs(PAIRS))
    assert _source(train).splits == ("train", "validation")
    assert _source(train, test=train).splits == ("train", "validation", "test")


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("a.tsv", "a\tb\na b\n", "expected 2 tab-separated columns, found 1"),
        ("a.tsv", "a\tb\na\tb\tc\n", "expected 2 tab-separated columns, found 3"),
        ("a.tsv", "a\tb\n\n", "the line is empty"),
        ("a.tsv", "a\tb\n \tb\n", "the source is empty"),
        ("a.tsv", "a\tb\na\t\u00a0\n", "the target is empty"),
        ("a.tsv", b"a\tb\na\t\xff\n", "byte 0xff at column 3 is not utf-8"),
        ("a.jsonl", '{"source": "a", "target": "b"}\n{"source\n', "invalid JSON: "),
        ("a.jsonl", '{"source": "a", "target": "b"}\n[1]\n', "expected a JSON object, found list"),
        (
            "a.jsonl",
            '{"source": "a", "target": "b"}\n{"source": "a", "x": 1}\n',
            "the key 'target' is missing; there are 'source', 'x'",
        ),
        (
            "a.jsonl",
            '{"source": "a", "target": "b"}\n{"source": 1, "target": "b"}\n',
            "the value of 'source' is not a string: 1",
        ),
        (
            "a.jsonl",
            '{"source": "a", "target": "b"}\n{"source": "\\ud800", "target": "b"}\n',
            "the value of 'source' holds half a surrogate pair",
        ),
    ],
)
def test_bad_lines_are_named_or_skipped(write, name, text, problem):
    path = write(name, text)
    with pytest.raises(DataError) as error:
        list(_source(path).read("train"))
    assert str(error.value).startswith(f"{path}:2: {problem}")
    assert str(error.value).endswith("fix: correct the line, or set `data.source.on_bad_line: skip`")
    skipped = []
    source = _source(path, on_bad_line="skip")
    assert list(source.read("train", on_skip=skipped.append)) == [("a", "b")]
    assert [row.place for row in skipped] == [f"{path}:2"]


def test_a_column_that_is_not_there_is_named(write):
    path = write("a.tsv", "a\tb\n")
    with pytest.raises(DataError, match=":1: column 2 is asked for, but there are 2, counted from 0"):
        list(_source(path, columns=[0, 2]).read("train"))


@pytest.mark.parametrize(
    ("second", "problem"),
    [("x\n\n", "the target is empty"), (b"x\n\xff\n", "byte 0xff at column 1 is not utf-8")],
)
def test_bad_lines_of_aligned_files_name_the_file_that_is_at_fault(write, second, problem):
    files = [write("a.de", "a\nb\n"), write("a.en", second)]
    with pytest.raises(DataError) as error:
        list(_source(files).read("train"))
    assert str(error.value).startswith(f"{files[1]}:2: {problem}")
    assert list(_source(files, on_bad_line="skip").read("train")) == [("a", "x")]


@pytest.mark.parametrize("on_bad_line", ["error", "skip"])
def test_aligned_files_of_different_length_are_never_used(write, on_bad_line):
    files = [write("a.de", "a\nb\nc\n"), write("a.en", "x\n")]
    with pytest.raises(DataError) as error:
        list(_source(files, on_bad_line=on_bad_line).read("train"))
    assert str(error.value).startswith(
        f"{files[0]}:2: there is no such line in {files[1]}, which ends with line 1"
    )


PAPERS = """{"source": ["A b.", "C d."], "target": ["x", "y"], "title": "t"}
{"source": "E f.", "target": "z", "title": ["u", "v"]}
"""


def test_a_list_is_joined_where_it_may_be(write):
    files = write("a.jsonl", PAPERS)
    source = _source(files, keys=["source", "title"], join=" ", on_bad_line="skip")
    assert not source.is_grouped
    assert list(source.read("train")) == [("A b. C d.", "t"), ("E f.", "u v")]
    with pytest.raises(DataError, match=r"a.jsonl:1: the value of 'source' is not a string: \['A b.', "):
        list(_source(files).read("train"))


def test_each_of_several_references_is_an_example(write):
    source = _source(write("a.jsonl", PAPERS), join=" ", several_references=True)
    assert source.is_grouped
    assert list(source.read("train")) == [("A b. C d.", "x"), ("A b. C d.", "y"), ("E f.", "z")]


def test_how_lists_are_read_is_part_of_what_is_kept(write):
    path = write("a.jsonl", PAPERS)
    ways = [{}, {"join": " "}, {"join": "\n"}, {"join": " ", "several_references": True}]
    options = [str(_source(path, **way).options("train")) for way in ways]
    assert len(set(options)) == len(ways)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('{"source": "a", "target": []}', "the list at 'target' is empty"),
        ('{"source": "a", "target": ["x", 3]}', "the value of 'target' is not a string: 3"),
        ('{"source": "a", "target": ["x", " "]}', "the target is empty"),
        ('{"source": ["a", null], "target": "x"}', "the value of 'source' is not a string: None"),
        ('{"source": "a"}', "the key 'target' is missing; there are 'source'"),
        ("[1]", "expected a JSON object, found list"),
        ("{", "invalid JSON: Expecting property name"),
    ],
)
def test_what_is_wrong_with_lists_is_told(write, line, problem):
    source = _source(write("a.jsonl", f"{line}\n"), join=" ", several_references=True)
    with pytest.raises(DataError, match=f"a.jsonl:1: {re.escape(problem)}"):
        list(source.read("train"))


def test_an_empty_split_is_named(write):
    path = write("a.tsv", "")
    with pytest.raises(DataError, match="`data.source.train` holds no examples: .*a.tsv"):
        list(_source(path).read("train"))
    with pytest.raises(DataError, match="holds no examples"):
        list(_source(write("b.tsv", "\n\n"), on_bad_line="skip").read("train"))


def test_a_missing_file_is_named_with_its_key(tmp_path):
    source = Parallel(train="none.tsv", validation="none.tsv", folders=[tmp_path])
    with pytest.raises(
        DataError, match=r"`data.source.validation` is not there: none.tsv\n  looked at: .*none.tsv"
    ):
        source.files("validation")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"train": []}, r"`train` must be 1 or 2 files for format 'auto'. Received: train=\[\]"),
        ({"train": ["a", "b"], "format": "tsv"}, "`train` must be 1 files for format 'tsv'"),
        ({"train": "a", "format": "lines"}, "`train` must be 2 files for format 'lines'"),
        (
            {"format": "csv"},
            "`format` must be one of 'auto', 'tsv', 'lines', 'jsonl'. Received: format='csv'",
        ),
        ({"on_bad_line": "drop"}, "`on_bad_line` must be one of 'error', 'skip'"),
        ({"columns": [0]}, r"`columns` must be two, for source and target. Received: columns=\[0\]"),
        ({"columns": [0, -1]}, r"`columns` must be counted from 0. Received: columns=\[0, -1\]"),
        ({"keys": ["a", "b"]}, "`keys` goes with 'jsonl' files only, not tsv"),
        (
            {"train": "a.jsonl", "validation": "a.jsonl", "columns": [0, 1]},
            "`columns` goes with 'tsv' files only",
        ),
        ({"encoding": "utf-16"}, "`encoding` must extend ASCII"),
        ({"join": " "}, "`join` goes with 'jsonl' files only, not tsv. Received: join=' '"),
        ({"several_references": True}, "`several_references` goes with 'jsonl' files only, not tsv"),
    ],
)
def test_options_that_contradict_each_other(options, message):
    with pytest.raises(ValueError, match=message):
        Parallel(**{"train": "a.tsv", "validation": "a.tsv", **options})


def test_reading_streams(write):
    path = write("a.tsv", "a\tb\n" * 1000 + "broken\n")
    stream = _source(path).read("train")
    assert next(stream) == ("a", "b")
    stream.close()
