"""CoNLL-U, CoNLL columns and JSON Lines of token lists: every layout, and every line that cannot be used."""

import gzip
import json

import pytest

from kerasseq.data.sources.conll import Conll
from kerasseq.data.sources.conllu import Conllu
from kerasseq.data.sources.token_lists import TokenLists
from kerasseq.errors import DataError

EXAMPLES = [("Ann\tdoesn't\tsleep", "PROPN\tAUX\tVERB"), ("10\u00a0000\t!", "NUM\tPUNCT")]


def _word(number, form, upos, xpos="_"):
    return f"{number}\t{form}\t_\t{upos}\t{xpos}\t_\t0\tdep\t_\t_\n"


TREEBANK = (
    "# sent_id = 1\n# text = Ann doesn't sleep\n"
    + _word(1, "Ann", "PROPN", "NNP")
    + _word("2-3", "doesn'tsleep", "_")
    + _word(2, "doesn't", "AUX", "VBZ")
    + _word(3, "sleep", "VERB", "VB")
    + _word("3.1", "sleep", "VERB")
    + "\n\n"
    + _word(1, "10 000", "NUM", "CD")
    + _word(2, "!", "PUNCT", ".")
)
CONLL = "-DOCSTART- -X- O\n\nAnn x  PROPN\ndoesn't x AUX\nsleep x VERB\n\n10\u00a0000 x NUM\n! x PUNCT\n\n"
OBJECTS = "".join(
    json.dumps({"words": words.replace("\u00a0", " ").split("\t"), "pos": tags.split("\t")}) + "\n"
    for words, tags in EXAMPLES
)
KEYS = {"tokens": "words", "tags": "pos"}
LAYOUTS = {
    "conllu": (Conllu, "a.conllu", TREEBANK, {}),
    "conllu_gzip": (Conllu, "a.conllu.gz", TREEBANK, {}),
    "conllu_windows": (Conllu, "a.conllu", TREEBANK.replace("\n", "\r\n"), {}),
    "conll": (Conll, "a.txt", CONLL, {}),
    "conll_tabs": (Conll, "a.tsv", CONLL.replace("x  ", "x ").replace(" ", "\t"), {"delimiter": "\t"}),
    "conll_commas": (Conll, "a.csv", CONLL.replace("x  ", "x ").replace(" ", ","), {"delimiter": ","}),
    "conll_gzip": (Conll, "a.gz", CONLL, {"columns": {"tags": 2}}),
    "conll_columns": (
        Conll,
        "a.txt",
        "# a\nPROPN Ann\nAUX doesn't\nVERB sleep\n\n# b\nNUM 10\u00a0000\nPUNCT !",
        {"columns": {"tokens": 1, "tags": 0}, "comment": "#"},
    ),
    "token_lists": (TokenLists, "a.jsonl", OBJECTS, {"columns": KEYS}),
    "token_lists_gzip": (TokenLists, "a.jsonl.gz", "\n" + OBJECTS, {"columns": KEYS}),
}  # fmt: skip


@pytest.fixture
def write(tmp_path):
    def write_file(name, text):
        path = tmp_path / name
        content = text.encode()
        path.write_bytes(gzip.compress(content) if name.endswith("gz") else content)
        return str(path)

    return write_file


def _source(kind, train, **options):
    return kind(**{"train": train, "validation": train, **options})


@pytest.mark.parametrize(("kind", "name", "text", "options"), LAYOUTS.values(), ids=LAYOUTS)
def test_every_layout_gives_the_same_sentences(write, kind, name, text, options):
    source = _source(kind, write(name, text), **options)
    assert list(source.read("train")) == EXAMPLES
    assert not source.is_grouped and source.splits == ("train", "validation")


def test_a_treebank_has_other_columns(write):
    path = write("a.conllu", TREEBANK)
    assert list(_source(Conllu, path, column="xpos").read("train"))[0][1] == "NNP\tVBZ\tVB"
    assert _source(Conllu, path, column="xpos").options("train") != _source(Conllu, path).options("train")


def test_several_files_and_a_share_for_validation(write):
    lines = "".join(f"word{number} A\n\n" for number in range(200))
    source = Conll(train=[write("a.txt", lines), write("b.txt", CONLL)], validation_share=0.3)
    sizes = {split: len(list(source.read(split))) for split in source.splits}
    assert sum(sizes.values()) == 202 and 30 < sizes["validation"] < 90


BAD = {
    "columns": (Conllu, "1\tAnn\tPROPN\n", 1, "expected 10 columns with tabs between, found 3"),
    "numbers": (Conllu, _word(1, "a", "X") + _word(3, "b", "X"), 2, "expected word 2, found '3'"),
    "no_tag": (Conllu, _word(1, "a", ""), 1, "the tag is empty"),
    "no_column": (Conll, "a A\nb\n\nc C\n", 2, "column 1 is asked for, but there are 1, counted from 0"),
    "json": (TokenLists, "{\n", 1, "invalid JSON: "),
    "list": (TokenLists, "[]\n", 1, "expected a JSON object, found list"),
    "key": (TokenLists, '{"tokens": ["a"]}\n', 1, "the key 'tags' is missing; there are 'tokens'"),
    "text": (
        TokenLists,
        '{"tokens": "a", "tags": ["A"]}\n',
        1,
        "the value of 'tokens' is not a list of strings",
    ),
    "number": (
        TokenLists,
        '{"tokens": ["a"], "tags": [1]}\n',
        1,
        "the list of 'tags' holds what is no word or tag: 1",
    ),
    "lengths": (TokenLists, '{"tokens": ["a"], "tags": ["A", "B"]}\n', 1, "there are 1 words, but 2 tags"),
    "surrogate": (
        TokenLists,
        '{"tokens": ["\\ud800"], "tags": ["A"]}\n',
        1,
        "the list of 'tokens' holds half a surrogate pair",
    ),
}
WHOLE = {Conllu: _word(1, "c", "C"), Conll: "c C\n", TokenLists: '{"tokens": ["c"], "tags": ["C"]}\n'}


@pytest.mark.parametrize(("kind", "text", "line", "problem"), BAD.values(), ids=BAD)
def test_a_bad_line_is_named_or_its_sentence_skipped(write, kind, text, line, problem):
    path = write("a.txt", text + "\n" + WHOLE[kind])
    options = {"columns": {"tags": 1}} if kind is Conll else {}
    with pytest.raises(DataError) as error:
        list(_source(kind, path, **options).read("train"))
    assert f"{path}:{line}: {problem}" in str(error.value)
    assert "set `data.source.on_bad_line: skip`" in str(error.value)
    skipped = []
    source = _source(kind, path, on_bad_line="skip", **options)
    assert list(source.read("train", on_skip=skipped.append))[-1] == (("c", "C"))
    assert len(skipped) == 1


def test_bytes_that_are_no_text_are_named(tmp_path):
    for kind in (Conllu, Conll, TokenLists):
        (tmp_path / "a").write_bytes(b"a\xff A\n")
        with pytest.raises(DataError, match="a:1: byte 0xff at column 2 is not utf-8"):
            list(_source(kind, str(tmp_path / "a")).read("train"))


def test_what_cannot_be_is_refused(write):
    path = write("a.txt", "a A\n")
    with pytest.raises(ValueError, match="`columns` must name tokens, tags. Received: columns={'words': 1}"):
        _source(Conll, path, columns={"words": 1})
    with pytest.raises(ValueError, match="`columns` must name tokens, tags"):
        _source(TokenLists, path, columns={"words": "a"})
    with pytest.raises(ValueError, match="`delimiter` must not be empty"):
        _source(Conll, path, delimiter="")
    with pytest.raises(ValueError, match="`column` must be one of 'lemma', 'upos'"):
        _source(Conllu, path, column="form")
    with pytest.raises(DataError, match="has 2 texts an example, not input"):
        _source(Conll, path, fields=("input",))
    with pytest.raises(DataError, match="column -2 is asked for, but there are 1, counted from -1 backwards"):
        list(_source(Conll, write("b.txt", "a\n"), columns={"tags": -2}).read("train"))
