import gzip

import pytest

from kerasseq.data.lines import check_encoding, read_lines
from kerasseq.errors import DataError


def _read(path, encoding="utf-8"):
    return [(line.number, line.text or line.problem) for line in read_lines(path, encoding=encoding)]


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize(
    "content",
    [b"\xc3\xa4\nb\n", b"\xc3\xa4\nb", b"\xc3\xa4\r\nb\r\n", b"\xef\xbb\xbf\xc3\xa4\nb\n"],
    ids=["lf", "no-end", "crlf", "bom"],
)
def test_lines_are_the_same_however_they_end(tmp_path, content, compress):
    path = tmp_path / "a.txt"  # gzip is known by its content, not by its name
    path.write_bytes(gzip.compress(content) if compress else content)
    assert _read(path) == [(1, "ä"), (2, "b")]


def test_only_line_feeds_end_lines(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("a\u2028b\x0bc\x85d\n", "utf-8")
    assert _read(path) == [(1, "a\u2028b\x0bc\x85d")]


def test_bytes_that_are_not_the_encoding_are_a_problem_of_their_line(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"a\nb\xe4c\nd\n")
    assert _read(path) == [(1, "a"), (2, "byte 0xe4 at column 2 is not utf-8"), (3, "d")]
    assert _read(path, "latin-1")[1] == (2, "bäc")


def test_a_broken_gzip_stream_is_told(tmp_path):
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(b"a\nb\n" * 1000)[:-20])
    with pytest.raises(DataError, match=r"a\.gz:\d+: the gzip stream breaks off"):
        _read(path)


def test_utf_16_is_told_apart(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("a\n", "utf-16")
    with pytest.raises(DataError, match=r"a\.txt:1: the file is UTF-16(.|\n)*fix: iconv"):
        _read(path)


def test_what_cannot_be_opened_is_told(tmp_path):
    with pytest.raises(DataError, match="cannot be read: "):
        _read(tmp_path)


@pytest.mark.parametrize(
    ("encoding", "message"),
    [("utf-9", "is not known to Python"), ("utf-16", "must extend ASCII, as utf-8 does")],
)
def test_encodings_that_do_not_do(encoding, message):
    with pytest.raises(ValueError, match=f"`encoding` {message}. Received: encoding='{encoding}'"):
        check_encoding(encoding)


def test_encodings_that_do():
    assert [check_encoding(name) for name in ("UTF8", "utf-8-sig", "latin1")] == [
        "utf-8",
        "utf-8",
        "iso8859-1",
    ]


def test_lines_are_streamed(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"a\n" * 10 + b"\xff\n")
    lines = read_lines(path, encoding="utf-8")
    assert next(lines).text == "a"
    lines.close()


def _pieces(tmp_path, content, longest, encoding="utf-8"):
    path = tmp_path / "a.txt"
    path.write_bytes(content)
    return list(read_lines(path, encoding=encoding, longest=longest))


def test_a_long_line_comes_in_pieces_cut_before_white_space(tmp_path):
    lines = _pieces(tmp_path, b"one two three four\nfive", longest=8)
    assert [line.text for line in lines] == ["one two", " three", " four", "five"]
    assert [line.number for line in lines] == [1, 1, 1, 2]
    assert [line.is_ended for line in lines] == [False, False, True, False]


@pytest.mark.parametrize("longest", range(6, 13))
@pytest.mark.parametrize("text", ["ä€𝄞" * 9, "x" * 30 + "\r\n", "a bb  ccc\tdd\r\nä ö ü\r\n\r\nß"])
def test_pieces_are_the_whole_together(tmp_path, text, longest):
    lines = _pieces(tmp_path, text.encode(), longest)
    joined = "".join(line.text + "\n" * line.is_ended for line in lines)
    assert joined == text.replace("\r\n", "\n")
    assert max(len(line.text.encode()) for line in lines) <= 2 * longest
    assert not any(line.problem for line in lines)


def test_the_column_of_a_bad_byte_is_counted_from_the_lines_start(tmp_path):
    lines = _pieces(tmp_path, b"one two th\xffee four\n", longest=8)
    assert [line.problem for line in lines if line.problem] == ["byte 0xff at column 11 is not utf-8"]


def test_the_last_line_tells_whether_it_ended(tmp_path):
    assert [line.is_ended for line in _pieces(tmp_path, b"a\nb", longest=-1)] == [True, False]
    assert [line.is_ended for line in _pieces(tmp_path, b"a\nb\n", longest=-1)] == [True, True]
