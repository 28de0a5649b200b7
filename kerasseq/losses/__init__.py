"""Losses that never count padding or missing values, and one of whole examples."""

from kerasseq.losses.class_cross_entropy import ClassCrossEntropy
from kerasseq.losses.ctc import CTCLoss
from kerasseq.losses.masked_cross_entropy import MaskedCrossEntropy
from kerasseq.losses.point_loss import PointLoss
from kerasseq.losses.quantile_loss import QuantileLoss

__all__ = ["CTCLoss", "ClassCrossEntropy", "MaskedCrossEntropy", "PointLoss", "QuantileLoss"]
