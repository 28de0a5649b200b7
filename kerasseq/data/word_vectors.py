"""Ready word vectors, as GloVe and word2vec write them: a word and its numbers a line, plain or gzip."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from kerasseq.data.faults import data_error
from kerasseq.data.lines import read_lines
from kerasseq.specs import SPECIAL_TOKENS

HEADER_CELLS = 2  # of word2vec's first line: how many words there are, and how many numbers each has


def read_vectors(
    path: Path, *, vocabulary: Sequence[str], extra_words: int, lowercase: bool
) -> tuple[list[str], np.ndarray]:
    """The vectors of a vocabulary, and those of more words from the file's beginning.

    A word that the file does not have as it is takes the vector of its lower-case form, of that with a
    capital, or of that all in capitals, whichever there is first.

    Args:
        path: The file, with or without word2vec's header.
        vocabulary: Special tokens, which have no vectors, and words.
        extra_words: The most words to take that the vocabulary lacks.
        lowercase: Whether the vocabulary is without case.
    Returns:
        The words taken, and vectors of all tokens, (vocabulary + words taken, dimension), not numbers where
        there is none.
    Raises:
        DataError: Names the file and line of what is wrong.
    """
    forms = _forms(vocabulary)
    ranks = np.full(len(vocabulary), len(vocabulary))
    taken: dict[str, np.ndarray] = {}
    known = set(vocabulary)
    table: np.ndarray | None = None
    for place, word, numbers in _words(path):
        if table is None:
            table = np.full((len(vocabulary), len(numbers)), np.nan, np.float32)
        extra = unicodedata.normalize("NFKC", word.lower() if lowercase else word)
        is_extra = len(taken) < extra_words and extra not in known and extra not in taken
        wanted = [(rank, token) for rank, token in forms.get(word, ()) if rank < ranks[token]]
        if wanted or is_extra:
            vector = _vector(place, numbers)
            for rank, token in wanted:
                ranks[token], table[token] = rank, vector
            if is_extra:
                taken[extra] = vector
    if table is None:
        raise data_error(
            "the file holds no word vectors", place=path, fix="give a file in GloVe's text format"
        )
    return list(taken), np.concatenate([table, *(vector[None] for vector in taken.values())])


def _forms(vocabulary: Sequence[str]) -> dict[str, list[tuple[int, int]]]:
    """For each spelling whom it may serve: how much it is preferred, 0 most, and the place of the word."""
    found: dict[str, list[tuple[int, int]]] = {}
    for place, word in enumerate(vocabulary[len(SPECIAL_TOKENS) :], len(SPECIAL_TOKENS)):
        spellings = dict.fromkeys([word, word.lower(), word.capitalize(), word.upper()])
        for rank, spelling in enumerate(spellings):
            found.setdefault(spelling, []).append((rank, place))
    return found


def _words(path: Path) -> Iterator[tuple[str, str, list[str]]]:
    """The place of each line, its word, in which there may be blanks, and its numbers as they are written."""
    dimension = None
    for line in read_lines(path, encoding="utf-8"):
        place, cells = f"{path}:{line.number}", line.text.rstrip(" ").split(" ")
        if line.number == 1 and len(cells) == HEADER_CELLS and all(map(str.isdecimal, cells)):
            dimension = int(cells[1])
            continue
        if dimension is None:
            dimension = len(cells) - 1
        if line.problem:
            continue  # a word that is not UTF-8, as there are in some files, is nobody's
        if dimension < 1 or len(cells) <= dimension:
            message = f"expected a word and {max(dimension, 1)} numbers, found {len(cells)} cells"
            raise data_error(message, place=place, fix="give a file in GloVe's or word2vec's text format")
        yield place, " ".join(cells[:-dimension]), cells[-dimension:]


def _vector(place: str, numbers: list[str]) -> np.ndarray:
    try:
        return np.array(numbers, np.float32)
    except ValueError as error:
        fix = "give a file in GloVe's or word2vec's text format"
        raise data_error(f"a number cannot be read: {error}", place=place, fix=fix) from error
