"""A field that holds a sentence whose words are given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from kerasseq.data.features.text import marked
from kerasseq.data.layout import MARKERS, WordsAndCharacters
from kerasseq.data.locate import find_file
from kerasseq.data.token_cache import vocabulary_checksum
from kerasseq.data.tokenizers.character import Character
from kerasseq.data.tokenizing import Tokenizer
from kerasseq.data.vocabulary import id_dtype, most_frequent, read_vocabulary, write_vocabulary
from kerasseq.data.word_vectors import read_vectors
from kerasseq.registry import register
from kerasseq.run_folder import write_whole
from kerasseq.specs import (
    PAD_ID,
    SPECIAL_TOKENS,
    NonNegativeInt,
    PositiveInt,
    check_arguments,
)


class WholeWords(Tokenizer):
    """A word is a token: what it is given is never cut."""

    def split(self, strings: tf.Tensor) -> tf.RaggedTensor:
        return tf.RaggedTensor.from_uniform_row_length(strings, 1)


@register("feature")
class WordsFeature(tf.Module):
    """The words of a sentence and the characters of each word.

    A sentence is one text, with a tab or another blank between words; a blank within a word is a no-break
    one. A tf.Module: a SavedModel that uses it carries both vocabularies.

    Args:
        vocabulary_size: The most words to keep, special tokens included.
        minimum_frequency: Words seen less often in training are unknown.
        lowercase: Whether words are looked up without case; characters keep theirs.
        longest_word: Of a longer word the characters in the middle are left out.
        max_length: Training sentences with more words are left out.
        vectors: A file of word vectors, in GloVe's or word2vec's text format, which the words' embedding
            begins with.
        extra_words: Words that only that file has, from its beginning, which are kept as well.
    Attributes:
        layout: How its ids stand in a batch.
        spec: What a batch of it is.
        size_option: The option that limits how many ids there are.
    """

    layout = WordsAndCharacters()
    spec = layout.spec
    size_option = ("vocabulary_size",)

    def __init__(
        self,
        *,
        vocabulary_size: PositiveInt | None = None,
        minimum_frequency: PositiveInt = 1,
        lowercase: bool = False,
        longest_word: PositiveInt = 24,
        max_length: PositiveInt | None = None,
        vectors: str | None = None,
        extra_words: NonNegativeInt = 100_000,
    ):
        super().__init__()
        limits = {"vocabulary_size": vocabulary_size, "minimum_frequency": minimum_frequency}
        lengths = {"longest_word": longest_word, "max_length": max_length, "extra_words": extra_words}
        check_arguments(WordsFeature.__init__, **limits, **lengths)
        self.words = WholeWords(**limits, lowercase=lowercase)
        self.characters = Character()
        self.longest_word = longest_word
        self.max_length = max_length
        self._file = vectors
        self._extra_words = extra_words
        self._path: Path | None = None
        self._vectors: np.ndarray | None = None

    @property
    def vocabulary(self) -> list[str]:
        """Every word; its place is its id."""
        return self.words.vocabulary

    @property
    def vocabulary_size(self) -> int:
        """How many words there are, special tokens included."""
        return len(self.vocabulary)

    @property
    def num_characters(self) -> int:
        """How many characters there are, special ones included."""
        return len(self.characters.vocabulary)

    @property
    def vectors(self) -> np.ndarray | None:
        """What the words' embedding begins with, (vocabulary_size, width): not numbers for a word without."""
        return self._vectors

    @property
    def notes(self) -> list[str]:
        """What is to be said of what it learned."""
        if self._vectors is None:
            return []
        num_words = self.vocabulary_size - len(SPECIAL_TOKENS)
        num_missing = int(np.isnan(self._vectors[len(SPECIAL_TOKENS) :, 0]).sum())
        return [
            f"{num_words - num_missing:,} of {num_words:,} words have a ready vector; {num_missing:,} do not"
        ]

    @property
    def most_ids(self) -> None:
        """Only data say how many characters there are."""
        return None

    @property
    def options(self) -> dict[str, Any]:
        """What decides which ids a text becomes, but for the vocabularies; for the cache's key."""
        own = {"type": "words", "longest_word": self.longest_word}
        vectors = {"vectors": self._file, "extra_words": self._extra_words} if self._file else {}
        return {**self.words.options, **own, **vectors}

    @property
    def dtype(self) -> str:
        """Of a row of ids on disk: the word's and those of its characters."""
        number = id_dtype(max(self.vocabulary_size, self.num_characters))
        return f"({1 + self.longest_word},){number}"

    @property
    def checksum(self) -> str:
        """SHA-256 of what it learned, for the cache's key."""
        return vocabulary_checksum([*self.vocabulary, "", *self.characters.vocabulary])

    def check(self, texts: Iterable[str]) -> None:
        """Takes every text: a word or character that was not learned is the unknown one."""

    def files(self, folders: Sequence[Path]) -> list[Path]:
        """What it learns from beside texts.

        Raises:
            DataError: If a file is missing.
        """
        if self._file is None:
            return []
        self._path = find_file(self._file, folders, asked_by="data.features.tokens.vectors")
        return [self._path]

    def learn(self, texts: Iterable[str]) -> None:
        """Takes both vocabularies from a stream of texts."""
        counts = Counter(word for text in texts for word in text.encode().split())  # at ASCII's blanks alone
        words = tf.constant(list(counts), tf.string)
        known: Counter[str] = Counter()
        letters: Counter[str] = Counter()
        pairs = (self.words.normalize(words), self.characters.normalize(words))
        for word, spelled, count in zip(*(pair.numpy() for pair in pairs), counts.values(), strict=True):
            known[word.decode()] += count
            for letter in spelled.decode():
                letters[letter] += count
        limits = {
            "vocabulary_size": self.words.vocabulary_size,
            "minimum_frequency": self.words.minimum_frequency,
        }
        self.words.set_vocabulary(most_frequent(known, **limits))
        self.characters.set_vocabulary(most_frequent(letters, vocabulary_size=None, minimum_frequency=1))
        if self._path is not None:
            extra, self._vectors = read_vectors(
                self._path,
                vocabulary=self.vocabulary,
                extra_words=self._extra_words,
                lowercase=self.words.lowercase,
            )
            self.words.set_vocabulary([*self.vocabulary, *extra])

    def save(self, path: Path) -> None:
        """Writes both vocabularies as plain text, one token a line; that of the characters beside `path`.

        Ready vectors are a NumPy file there.
        """
        write_vocabulary(_characters_path(path), self.characters.vocabulary)
        if self._vectors is not None:
            write_whole(_vectors_path(path), lambda fresh: np.save(fresh, self._vectors))
        write_vocabulary(Path(path), self.vocabulary)

    def load(self, path: Path) -> None:
        """Reads what `save` wrote.

        Raises:
            DataError: Names the file and line of what is wrong.
        """
        self.words.set_vocabulary(read_vocabulary(Path(path)))
        self.characters.set_vocabulary(read_vocabulary(_characters_path(path)))
        self._vectors = np.load(_vectors_path(path)) if _vectors_path(path).is_file() else None

    def split(self, texts: tf.Tensor) -> tf.RaggedTensor:
        """The words of each text, (batch,) to (batch, ragged) strings."""
        return tf.strings.split(texts)

    def unpadded(self, tokens: tf.Tensor) -> tf.RaggedTensor:
        """Words without what pads them, "", (batch, time) to (batch, ragged) strings."""
        return tf.ragged.boolean_mask(tokens, tokens != "")

    def padded(self, words: tf.RaggedTensor) -> tf.Tensor:
        """Words padded with "", (batch, ragged) to (batch, time) strings, as wide as `encode` is."""
        tokens = words.to_tensor("")
        missing = tf.maximum(1 - tf.shape(tokens)[1], 0)
        return tf.pad(tokens, [[0, 0], [0, missing]], constant_values="")

    def encode_ragged(self, texts: tf.Tensor) -> tf.RaggedTensor:
        """Rows of ids, (batch,) strings to (batch, ragged, 1 + longest_word) int32."""
        words = self.split(texts)
        letters = self._letters(words.flat_values).to_tensor(PAD_ID, shape=(None, self.longest_word))
        ids = self.words.encode(words.flat_values).flat_values
        return words.with_flat_values(tf.concat([ids[:, None], letters], axis=1))

    def _letters(self, words: tf.Tensor) -> tf.RaggedTensor:
        """Ids of the characters of each word, (words, ragged) int32."""
        letters = self.characters.encode(words)
        lengths = letters.row_lengths()
        places = tf.range(tf.size(letters.values, lengths.dtype)) - tf.repeat(letters.row_starts(), lengths)
        behind = self.longest_word // 2
        is_kept = (places < self.longest_word - behind) | (places >= tf.repeat(lengths, lengths) - behind)
        return tf.RaggedTensor.from_row_lengths(
            tf.boolean_mask(letters.values, is_kept), tf.minimum(lengths, self.longest_word), validate=False
        )

    def encode(self, texts: tf.Tensor) -> dict[str, tf.Tensor]:
        """`words` and `characters` of a batch, (batch,) strings, at least a word wide."""
        return self.encode_words(self.split(texts))

    def encode_words(self, words: tf.RaggedTensor) -> dict[str, tf.Tensor]:
        """`words` and `characters` of sentences whose words are apart, (batch, ragged) strings."""
        ids = words.with_flat_values(self.words.encode(words.flat_values).flat_values)
        letters = words.with_flat_values(marked(self._letters(words.flat_values)))
        return {
            "words": _at_least(ids.to_tensor(PAD_ID), [0, 1]),
            "characters": _at_least(letters.to_tensor(PAD_ID), [0, 1, MARKERS]),
        }


def _at_least(ids: tf.Tensor, sizes: list[int]) -> tf.Tensor:
    """Pads what is smaller than `sizes` along any axis."""
    missing = tf.maximum(tf.constant(sizes) - tf.shape(ids), 0)
    return tf.pad(ids, tf.stack([tf.zeros_like(missing), missing], axis=1))


def _characters_path(path: Path) -> Path:
    return Path(path).with_suffix(".characters.txt")


def _vectors_path(path: Path) -> Path:
    return Path(path).with_suffix(".vectors.npy")
