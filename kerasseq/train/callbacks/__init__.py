"""Callbacks for `fit`, of kerasseq's models and of anyone's."""

from kerasseq.train.callbacks.between_steps import BetweenSteps
from kerasseq.train.callbacks.checkpoints import Checkpoints
from kerasseq.train.callbacks.gradient_accumulation import GradientAccumulation
from kerasseq.train.callbacks.gradient_clipping import GradientClipping
from kerasseq.train.callbacks.learning_rate import LearningRate, MovingRate
from kerasseq.train.callbacks.limits import Limits
from kerasseq.train.callbacks.metric_evaluation import MetricEvaluation
from kerasseq.train.callbacks.nan_guard import NanGuard
from kerasseq.train.callbacks.own_rates import OwnRates
from kerasseq.train.callbacks.scheduled_sampling import ScheduledSampling
from kerasseq.train.callbacks.watching import Watching
from kerasseq.train.callbacks.weight_averaging import WeightAveraging

__all__ = [
    "BetweenSteps",
    "Checkpoints",
    "GradientAccumulation",
    "GradientClipping",
    "LearningRate",
    "Limits",
    "MetricEvaluation",
    "MovingRate",
    "NanGuard",
    "OwnRates",
    "ScheduledSampling",
    "Watching",
    "WeightAveraging",
]
