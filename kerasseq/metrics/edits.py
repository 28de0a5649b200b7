"""What is wrong in transcripts, counted with jiwer."""

from __future__ import annotations

from abc import ABC
from collections import Counter
from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any, ClassVar

from kerasseq.errors import KerasseqError
from kerasseq.metrics.corpus import check_corpus

MOST_CONFUSIONS = 20


class ErrorRate(ABC):
    """Base of the error rates of transcripts; a subclass names its unit, `word` or `character`."""

    from_text = True
    names: ClassVar[tuple[str, ...]]
    unit: ClassVar[str]

    def __init__(self):
        require_jiwer(self.names[0])
        self.signature: dict[str, str] = {}
        self.details: dict[str, Any] = {}

    def __call__(self, predictions: list[str], references: list[list[str]]) -> dict[str, float]:
        import jiwer

        (name,) = self.names
        found = nearest_edits(getattr(jiwer, f"process_{self.unit}s"), predictions, references)
        self.signature = {name: signature_of(self.unit)}
        self.details = {f"{self.unit}_errors": error_counts(found)}
        return {name: error_rate(found)}


def require_jiwer(metric: str) -> None:
    """Holds that jiwer is there, without importing it.

    Raises:
        KerasseqError: If it is not, with the line that installs it.
    """
    if find_spec("jiwer") is None:
        message = f"the metric `{metric}` needs jiwer, which is not installed"
        raise KerasseqError(f"{message}.\n  fix: python -m pip install 'kerasseq[speech]'")


def nearest_edits(process: Callable[..., Any], predictions: list[str], references: list[list[str]]) -> Any:
    """What jiwer finds in all transcripts, each beside the reference that it is nearest to.

    Args:
        process: `jiwer.process_words` or `jiwer.process_characters`.
        predictions: Texts that a model wrote.
        references: For each prediction one reference or more.
    Raises:
        ValueError: If predictions and references do not match.
    """
    check_corpus(predictions, references)

    def num_errors(reference: str, prediction: str) -> int:
        found = process(reference, prediction)
        return found.substitutions + found.deletions + found.insertions

    nearest = [
        several[0] if len(several) == 1 else min(several, key=lambda one: num_errors(one, prediction))
        for prediction, several in zip(predictions, references, strict=True)
    ]
    return process(nearest, predictions)


def error_rate(found: Any) -> float:
    """Substituted, deleted and inserted units for each 100 of the references."""
    num_errors = found.substitutions + found.deletions + found.insertions
    return 100.0 * num_errors / max(found.hits + found.substitutions + found.deletions, 1)


def error_counts(found: Any) -> dict[str, Any]:
    """How many errors there are of each kind, and which units stand in the place of which most often."""
    confused: Counter[tuple[str, str]] = Counter()
    for right, said, chunks in zip(found.references, found.hypotheses, found.alignments, strict=True):
        for chunk in (chunk for chunk in chunks if chunk.type == "substitute"):
            wanted = right[chunk.ref_start_idx : chunk.ref_end_idx]
            confused.update(zip(wanted, said[chunk.hyp_start_idx : chunk.hyp_end_idx], strict=True))
    most = sorted(confused.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_CONFUSIONS]
    return {
        "hits": found.hits,
        "substitutions": found.substitutions,
        "deletions": found.deletions,
        "insertions": found.insertions,
        "confusions": [[wanted, given, count] for (wanted, given), count in most],
    }


def signature_of(unit: str) -> str:
    """How a rate was computed."""
    return f"case:mixed|unit:{unit}|refs:nearest|jiwer:{version('jiwer')}"
