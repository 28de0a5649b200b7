"""A field that holds a tag for each word."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import tensorflow as tf

from kerasseq.data.faults import UnusableValue, data_error
from kerasseq.data.layout import Aligned
from kerasseq.data.token_cache import vocabulary_checksum
from kerasseq.data.vocabulary import id_dtype, read_vocabulary, write_vocabulary
from kerasseq.errors import did_you_mean
from kerasseq.registry import register
from kerasseq.specs import SPECIAL_TOKENS, UNKNOWN_ID, check_arguments
from kerasseq.tag_schemes import SCHEMES, Span, convert, spans_of, tags_of

FIRST = SPECIAL_TOKENS[: UNKNOWN_ID + 1]  # what no word is tagged with: padding, and what training lacks
MOST_TOLD = 40


@register("feature")
class TagsFeature(tf.Module):
    """One tag for each word of a sentence, as its place among all: padding, the unknown one, then by name.

    A sentence's tags are one text, with a tab or another blank between tags. A tf.Module: a SavedModel that
    uses it carries its tags.

    Args:
        scheme: The scheme that tags of spans are learned in, whichever of IOB1, IOB2 and BIOES they are
            written in; null takes them as they are.
        unseen: What a tag that the training split lacks is in the other splits: an error with its place, or
            one that no answer gets right.
    Attributes:
        layout: How its ids stand in a batch.
        spec: What a batch of it is.
        max_length: No sentence is too long.
        most_ids: Only data say how many tags there are.
        size_option: Nothing limits them.
    """

    layout = Aligned()
    spec = layout.spec
    max_length = None
    most_ids = None
    size_option = ()

    def __init__(
        self,
        *,
        scheme: Literal["iob1", "iob2", "bioes"] | None = None,
        unseen: Literal["error", "wrong"] = "error",
    ):
        super().__init__()
        check_arguments(TagsFeature.__init__, scheme=scheme, unseen=unseen)
        self.scheme = scheme
        self.unseen = unseen
        self._tags: tuple[str, ...] = ()
        self._names = None

    @property
    def options(self) -> dict[str, str | None]:
        """What decides which ids a text becomes, but for the tags; for the cache's key."""
        return {"type": "tags", "scheme": self.scheme, "unseen": self.unseen}

    @property
    def vocabulary(self) -> list[str]:
        """The tags; the place of each is its id."""
        return list(self._tags)

    @property
    def vocabulary_size(self) -> int:
        """How many there are, those of padding and of the unknown included."""
        return len(self._tags)

    @property
    def dtype(self) -> str:
        """Of its ids on disk."""
        return id_dtype(self.vocabulary_size)

    @property
    def checksum(self) -> str:
        """SHA-256 of what it learned, for the cache's key."""
        return vocabulary_checksum(self.vocabulary)

    def tags_of(self, text: str) -> list[str]:
        """The tags of a text, in the scheme that is learned.

        Raises:
            UnusableValue: If one is no tag of spans where there is a scheme.
        """
        tags = [tag.decode() for tag in text.encode().split()]  # at ASCII's blanks alone
        try:
            return tags if self.scheme is None else convert(tags, self.scheme)
        except ValueError as error:
            fix = "leave `scheme` out where tags are not of spans, or correct the tag"
            raise UnusableValue(text, str(error), fix=fix) from error

    def learn(self, texts: Iterable[str]) -> None:
        """Takes the tags from a stream of texts: with a scheme, all that it has for a type.

        Raises:
            DataError: If there are fewer than two.
        """
        found = {tag for text in texts for tag in self.tags_of(text)}
        if self.scheme is not None:
            kinds = {span.type for tag in found for span in spans_of([tag])}
            found |= {tag for kind in kinds for tag in _spelled(kind, self.scheme)} | {"O"}
        if len(found) < 2:
            told = f"only one tag, {found.pop()!r}" if found else "no tag at all"
            raise data_error(
                f"the training split has {told}", fix="check which column the tags are read from"
            )
        self._set([*FIRST, *sorted(found - set(FIRST))])

    def save(self, path: Path) -> None:
        """Writes the tags as plain text, one a line."""
        write_vocabulary(Path(path), self.vocabulary)

    def load(self, path: Path) -> None:
        """Reads what `save` wrote.

        Raises:
            DataError: Names the file and line of what is wrong.
        """
        self._set(read_vocabulary(Path(path), first=FIRST))

    def _set(self, tags: Sequence[str]) -> None:
        self._tags = tuple(tags)
        self._names = tf.constant(["", *self._tags[1:]])

    def check(self, texts: Iterable[str]) -> None:
        """Holds that each tag was in the training split, unless those that were not are simply wrong.

        Raises:
            UnusableValue: At the first text with one that was not.
        """
        known = set(self._tags)
        for text in texts:
            for tag in self.tags_of(text):
                if tag not in known and self.unseen == "error":
                    message = f"{tag!r} is no tag of the training split"
                    allowed = self._tags[len(FIRST) :]
                    shown = allowed if len(allowed) <= MOST_TOLD else ()
                    hint = did_you_mean(tag, allowed) or "count it as wrong with `unseen: wrong`"
                    raise UnusableValue(text, message, allowed=shown, fix=hint)

    def advice(self, texts: Sequence[str]) -> str:
        """What is odd about a split's tags: how many sentences break the scheme that most of them are in."""
        if self.scheme is None:
            return ""
        sentences = [[tag.decode() for tag in text.encode().split()] for text in texts]
        kept = {scheme: sum(convert(tags, scheme) == tags for tags in sentences) for scheme in SCHEMES}
        best = max(SCHEMES, key=kept.__getitem__)
        if not (broken := len(sentences) - kept[best]):
            return ""
        share = f"{broken:,} of {len(sentences):,} sentences"
        return f"{share} are not in {best}, as the others are: they are mended"

    def encode_ragged(self, texts: tf.Tensor) -> tf.RaggedTensor:
        """Ids, (batch,) strings to (batch, ragged) int32; spans are rewritten outside of the graph."""
        ids, lengths = tf.numpy_function(self._ids, [texts], [tf.int32, tf.int64])
        return tf.RaggedTensor.from_row_lengths(
            tf.ensure_shape(ids, (None,)), tf.ensure_shape(lengths, (None,))
        )

    def _ids(self, texts: Iterable[bytes]) -> tuple[np.ndarray, np.ndarray]:
        """The ids of all texts in a row, and how many each text has."""
        id_of = {tag: place for place, tag in enumerate(self._tags)}
        rows = [[id_of.get(tag, UNKNOWN_ID) for tag in self.tags_of(text.decode())] for text in texts]
        ids = [one for row in rows for one in row]
        return np.array(ids, np.int32), np.array([len(row) for row in rows], np.int64)

    def encode(self, texts: Iterable[str]) -> np.ndarray:
        """Ids, (batch, time) int32, padded on the right.

        Raises:
            DataError: At a text with a tag that was not in the training split.
        """
        texts = list(texts)
        self.check(texts)
        values, lengths = self._ids([text.encode() for text in texts])
        return self.layout.assemble(values, lengths, 1)

    def decode(self, ids: tf.Tensor) -> tf.Tensor:
        """The tags' names, integers to strings of the same shape; padding is the empty one."""
        return tf.gather(self._names, ids)


def _spelled(kind: str, scheme: str) -> set[str]:
    """Every tag that a scheme has for a type of span."""
    spans = [Span(kind, 0, 3), Span(kind, 3, 6), Span(kind, 6, 7)]
    return set(tags_of(spans, 7, scheme))
