"""Losses that never count padding."""

from kerasseq.losses.masked_cross_entropy import MaskedCrossEntropy

__all__ = ["MaskedCrossEntropy"]
