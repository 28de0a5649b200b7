"""A field that holds text, and how likely its tokens are behind each other."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from kerasseq.data.faults import data_error
from kerasseq.data.features.text import TextFeature
from kerasseq.data.ngrams import count_runs, ngram_log_probabilities
from kerasseq.registry import register
from kerasseq.run_folder import write_text
from kerasseq.specs import PositiveInt, Tokenizer, check_arguments

CONSTRAINTS = (("not truncate or max_length is not None", "say with `max_length` how much is kept"),)
MOST_NUMBERS = 2**23  # 32 MB
SUFFIX = ".ngrams"


@register("feature")
class NgramText(TextFeature):
    """Text that tells a search what is likely: `decode: {type: ctc_beam, prior_weight: 0.5}`.

    It counts the runs of tokens in the training split's texts.

    Args:
        tokenizer: How text is cut into tokens; few of them, such as characters, for the table is dense.
        ngram_order: Tokens of a run: one is foreseen from all before it.
        max_length: Training examples with more tokens are left out; markers are not counted.
        truncate: Whether texts with more tokens, in every split, are cut off there instead.
    Raises:
        ValueError: If an option is out of its range, or there is no `max_length` to truncate to.
    """

    def __init__(
        self,
        *,
        tokenizer: Tokenizer = "character",
        ngram_order: PositiveInt = 4,
        max_length: PositiveInt | None = None,
        truncate: bool = False,
    ):
        check_arguments(NgramText.__init__, ngram_order=ngram_order)
        super().__init__(tokenizer=tokenizer, max_length=max_length, truncate=truncate)
        self.ngram_order = ngram_order
        self._runs = np.zeros((0, ngram_order), np.int32)
        self._counts = np.zeros(0, np.int64)

    @property
    def vocabulary_options(self) -> dict[str, Any]:
        """What decides what is learned, but for the texts."""
        return {**super().vocabulary_options, "ngram_order": self.ngram_order}

    @property
    def prior(self) -> np.ndarray:
        """Log-probabilities of the next token, (contexts, vocabulary); see `ngram_log_probabilities`."""
        return ngram_log_probabilities(self._runs, self._counts, self.vocabulary_size)

    def learn(self, texts: Iterable[str]) -> None:
        """Takes the vocabulary, and the runs of tokens, from a stream of texts.

        Raises:
            DataError: If there are too many tokens for runs as long.
        """
        texts = list(texts)
        super().learn(texts)
        if self.vocabulary_size**self.ngram_order > MOST_NUMBERS:
            message = f"`ngram_order: {self.ngram_order}` is too much for {self.vocabulary_size:,} tokens"
            raise data_error(
                message, fix="lower it, or take a tokenizer with fewer tokens, such as character"
            )
        self._runs, self._counts = count_runs(self.ids_of(texts), self.ngram_order)

    def save(self, path: Path) -> None:
        """Writes the vocabulary, and beside it a run of ids and its count a line."""
        rows = zip(self._runs.tolist(), self._counts.tolist(), strict=True)
        lines = (f"{' '.join(map(str, run))}\t{count}\n" for run, count in rows)
        write_text(Path(path).with_suffix(SUFFIX), "".join(lines))
        super().save(path)

    def load(self, path: Path) -> None:
        """Reads what `save` wrote.

        Raises:
            DataError: Names the file and line of what is wrong.
        """
        super().load(path)
        file = Path(path).with_suffix(SUFFIX)
        runs, counts = [], []
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
            run, _, count = line.partition("\t")
            ids = [int(token) for token in run.split() if token.isdecimal()]
            if len(ids) != self.ngram_order or max(ids) >= self.vocabulary_size or not count.isdecimal():
                message = f"expected {self.ngram_order} ids, a tab and a count, found {line!r}"
                raise data_error(message, place=f"{file}:{number}", fix="run the recipe with --fresh")
            runs.append(ids)
            counts.append(int(count))
        self._runs = np.array(runs, np.int32).reshape(-1, self.ngram_order)
        self._counts = np.array(counts, np.int64)
