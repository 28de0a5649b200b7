"""Losses that never count padding, and one of whole examples."""

from kerasseq.losses.class_cross_entropy import ClassCrossEntropy
from kerasseq.losses.masked_cross_entropy import MaskedCrossEntropy

__all__ = ["ClassCrossEntropy", "MaskedCrossEntropy"]
