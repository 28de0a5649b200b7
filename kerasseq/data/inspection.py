"""What `doctor` tells about data: unknown words, lengths, duplicates, leaks and lines that cannot be used."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from kerasseq.data.prepare import PreparedData
from kerasseq.data.split import Split

QUANTILES = (0.5, 0.9, 0.95, 0.99, 1.0)
MOST_BAD_LINES = 20


@dataclass(frozen=True)
class FieldReport:
    """One field of one split.

    Args:
        num_tokens: Tokens without markers.
        unknown_rate: The share of them that is not in the vocabulary.
        lengths: Tokens of an example at each of `QUANTILES`; 1.0 is the longest.
    """

    num_tokens: int
    unknown_rate: float
    lengths: dict[float, int]


@dataclass(frozen=True)
class SplitReport:
    """One split.

    Args:
        num_examples: Examples that are used.
        fields: A report for each field.
        duplicates: Examples whose texts all stand earlier in the split as well.
        contradictions: Examples whose first text stands earlier in the split with another second one.
        leaks: For each other split, how many examples of this one stand there too, in all their texts.
        source_leaks: The same, in their first text alone.
    """

    num_examples: int
    fields: dict[str, FieldReport]
    duplicates: int
    contradictions: int
    leaks: dict[str, int] = field(default_factory=dict)
    source_leaks: dict[str, int] = field(default_factory=dict)


def inspect_data(prepared: PreparedData) -> dict[str, SplitReport]:
    """Reports on every split; memory grows by two numbers an example.

    Of recordings, pictures and videos the content is compared, whatever their files are called.
    """
    read = [name for name, feature in prepared.features.items() if hasattr(feature, "read")]
    digests = {name: _digests(split, read) for name, split in prepared.splits.items()}
    reports = {}
    for name, split in prepared.splits.items():
        whole, first = digests[name]
        num_distinct = len(np.unique(whole))
        reports[name] = SplitReport(
            num_examples=split.num_examples,
            fields={field: _field_report(split, field) for field in split.fields},
            duplicates=len(whole) - num_distinct,
            contradictions=num_distinct - len(np.unique(first)),
            leaks=_shared(digests, name, part=0),
            source_leaks=_shared(digests, name, part=1),
        )
    return reports


def bad_lines(source: Any) -> dict[str, tuple[int, list[str]]]:
    """For each split, how many lines cannot be used, and the first of them as `file:line: what is wrong`.

    Args:
        source: A source, whether or not it skips such lines when it is read.
    """
    found = {}
    for split in source.splits:
        count, shown = 0, []
        for row in source.rows(split):
            if row.problem:
                count += 1
                shown += [f"{row.place}: {row.problem}"] if count <= MOST_BAD_LINES else []
        found[split] = (count, shown)
    return found


def _field_report(split: Split, field: str) -> FieldReport:
    lengths = split.lengths(field)
    num_tokens = int(lengths.sum(dtype=np.int64))
    quantiles = np.quantile(lengths, QUANTILES, method="higher")
    unknown_rate = split.num_unknown(field) / num_tokens if num_tokens else 0.0
    return FieldReport(num_tokens, unknown_rate, dict(zip(QUANTILES, map(int, quantiles), strict=True)))


def _digests(split: Split, read: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """A number for each example and for its first text, (num_examples,) each.

    The content stands in the place of a path in the fields that are `read` from files.
    """
    contents = {split.fields.index(field): split.values(field) for field in read}

    def compared() -> Iterator[list[str]]:
        for texts in split.examples():
            found = list(texts)
            for place, values in contents.items():
                found[place] = hashlib.sha256(next(values).tobytes()).hexdigest()
            yield found

    pairs = np.fromiter(
        ((_digest("\0".join(texts)), _digest(texts[0])) for texts in compared()),
        dtype=np.dtype((np.uint64, 2)),
        count=split.num_examples,
    )
    return pairs[:, 0], pairs[:, 1]


def _digest(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def _shared(digests: Mapping[str, tuple[np.ndarray, np.ndarray]], name: str, *, part: int) -> dict[str, int]:
    own = digests[name][part]
    return {other: int(np.isin(own, there[part]).sum()) for other, there in digests.items() if other != name}
