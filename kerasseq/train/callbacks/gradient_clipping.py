"""Clipping of the gradient."""

from __future__ import annotations

from typing import Annotated, Any

import keras
import numpy as np
from keras import ops

from kerasseq.layers.scan import sum_of_squares
from kerasseq.specs import PositiveFloat, PositiveInt, Range, check_arguments
from kerasseq.train.callbacks.around_update import Apply, AroundUpdate

TOTALS = ("norm_total", "clipped_steps", "counted_steps", "threshold_total")
Percentile = Annotated[float, Range(gt=0, lt=100)]
CONSTRAINTS = (
    (
        "final_global_norm is None or global_norm is not None and over_steps is not None",
        "give `global_norm`, where the threshold begins, and `over_steps`, when it has arrived",
    ),
    ("over_steps is None or final_global_norm is not None", "give `final_global_norm`, where it arrives"),
    ("final_global_norm is None or percentile is None", "let the threshold follow a line or the norms"),
)


class GradientClipping(AroundUpdate):
    """Makes a gradient that is too large smaller, and reports its norm.

    Any of these may be combined; they are done in this order, and null leaves one out:

    value: each number g <- min(max(g, -value), value)
    variable_norm: the gradient of each weight g_w <- g_w * min(1, variable_norm / ||g_w||)
    global_norm: g <- g * min(1, global_norm / ||g||), with ||g|| over all weights together

    The last one's threshold may move, which traces nothing anew: in a straight line to `final_global_norm`,
    or with the norms themselves, as a percentile of the last `history` of them that is at most `global_norm`.

    Each epoch's logs get `gradient_norm`, the mean norm before any clipping, `clipped_share`, the share of
    steps that were clipped, and where the threshold moves its mean, `clipping_threshold`.

    Args:
        global_norm: The most that the norm of the whole gradient may be.
        variable_norm: The most that the norm of each weight's gradient may be.
        value: The most that each number of the gradient may be.
        final_global_norm: Where a threshold that begins at `global_norm` ends.
        over_steps: Steps until it is there.
        percentile: Which percentile of the norms so far clips, such as 10; AutoClip.
        history: How many of the last norms it is the percentile of.
    Attributes:
        variables: What `Checkpoints` keeps.
    Raises:
        ValueError: If an option is out of its range, or a threshold is to move in two ways or without an end.
    Reference:
        Pascanu et al. 2013, algorithm 1, https://arxiv.org/abs/1211.5063
        Seetharaman et al. 2020, algorithm 1, https://arxiv.org/abs/2007.14469 (the percentile)
    """

    rank = 0

    def __init__(
        self,
        *,
        global_norm: PositiveFloat | None = 1.0,
        variable_norm: PositiveFloat | None = None,
        value: PositiveFloat | None = None,
        final_global_norm: PositiveFloat | None = None,
        over_steps: PositiveInt | None = None,
        percentile: Percentile | None = None,
        history: PositiveInt = 1000,
    ):
        check_arguments(
            GradientClipping.__init__,
            global_norm=global_norm,
            variable_norm=variable_norm,
            value=value,
            final_global_norm=final_global_norm,
            over_steps=over_steps,
            percentile=percentile,
            history=history,
        )
        if (final_global_norm is None) != (over_steps is None) or (final_global_norm and not global_norm):
            raise ValueError(
                "A threshold that moves in a line needs `global_norm`, `final_global_norm` and `over_steps`. "
                f"Received: global_norm={global_norm!r}, final_global_norm={final_global_norm!r}, "
                f"over_steps={over_steps!r}"
            )
        if final_global_norm is not None and percentile is not None:
            raise ValueError(
                "`final_global_norm` and `percentile` both move the threshold: give one. Received: "
                f"final_global_norm={final_global_norm!r}, percentile={percentile!r}"
            )
        super().__init__()
        self.global_norm = global_norm
        self.variable_norm = variable_norm
        self.value = value
        self.final_global_norm = final_global_norm
        self.over_steps = over_steps
        self.percentile = percentile
        self.totals = [keras.Variable(0.0, trainable=False, name=name) for name in TOTALS]
        self.steps = keras.Variable(0.0, trainable=False, name="clipping_steps")
        self.norms: keras.Variable | None = None
        if percentile is not None:
            unknown = np.full(history, np.inf, "float32")
            self.norms = keras.Variable(unknown, trainable=False, name="last_norms")

    @property
    def variables(self) -> list[keras.Variable]:
        return [*self.totals, self.steps, *([] if self.norms is None else [self.norms])]

    @property
    def logged(self) -> tuple[str, ...]:
        """What it adds to an epoch's logs."""
        return ("gradient_norm", "clipped_share", *(("clipping_threshold",) if self.moves else ()))

    @property
    def moves(self) -> bool:
        """Whether the threshold does."""
        return self.percentile is not None or self.final_global_norm is not None

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        for total in self.totals:
            total.assign(ops.zeros(()))

    def around(self, apply: Apply, gradients: list[Any], variables: Any) -> None:
        apply(self.clip(gradients, self.norm(gradients)), variables)

    def clip(self, gradients: list[Any], norm: Any) -> list[Any]:
        """The clipped gradients; adds what it saw to the totals of the epoch."""
        given = [gradient for gradient in gradients if gradient is not None]
        is_clipped = ops.zeros((), "bool")
        if self.value is not None:
            largest = ops.stack([ops.cast(ops.max(ops.abs(gradient)), "float32") for gradient in given])
            is_clipped = ops.max(largest) > self.value
            given = [ops.clip(gradient, -self.value, self.value) for gradient in given]
        if self.variable_norm is not None:
            norms = [ops.sqrt(sum_of_squares(gradient)) for gradient in given]
            is_clipped = ops.logical_or(is_clipped, ops.max(ops.stack(norms)) > self.variable_norm)
            shares = [self.variable_norm / ops.maximum(own, self.variable_norm) for own in norms]
            given = [each * ops.cast(share, each.dtype) for each, share in zip(given, shares, strict=True)]
        threshold = self._threshold(norm)
        if threshold is not None:
            changed = self.value is not None or self.variable_norm is not None
            rest = ops.sqrt(sum(map(sum_of_squares, given))) if changed else norm
            is_above = rest > threshold
            is_clipped = ops.logical_or(is_clipped, is_above)
            share = threshold / ops.maximum(rest, threshold)
            given = ops.cond(  # scaling goes over every weight once more, which most late steps need not
                is_above,
                lambda: [gradient * ops.cast(share, gradient.dtype) for gradient in given],
                lambda: given,
            )
        seen = (norm, ops.cast(is_clipped, "float32"), 1.0, 0.0 if threshold is None else threshold)
        for total, value in zip(self.totals, seen, strict=True):
            total.assign_add(value)
        kept = iter(given)
        return [None if gradient is None else next(kept) for gradient in gradients]

    def _threshold(self, norm: Any) -> Any:
        """What the whole gradient's norm may be at this step, which it counts."""
        if not self.moves:
            return self.global_norm
        self.steps.assign_add(1.0)
        place = self.steps - 1.0
        if self.percentile is None:
            share = ops.minimum(place / self.over_steps, 1.0)
            return self.global_norm + (self.final_global_norm - self.global_norm) * share
        size = self.norms.shape[0]
        is_here = ops.equal(ops.arange(size, dtype="float32"), place % size)
        self.norms.assign(ops.where(is_here, norm, self.norms))
        number = ops.minimum(place + 1, float(size))
        found = _percentile(ops.convert_to_tensor(self.norms), self.percentile, number)
        return found if self.global_norm is None else ops.minimum(found, self.global_norm)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        norm, clipped, steps, threshold = (float(ops.convert_to_numpy(total.value)) for total in self.totals)
        if logs is not None and steps:
            logs["gradient_norm"] = norm / steps
            logs["clipped_share"] = clipped / steps
            if self.moves:
                logs["clipping_threshold"] = threshold / steps


def _percentile(values: Any, percentile: float, number: Any) -> Any:
    """The percentile of the `number` smallest values, in between two of them as NumPy's."""
    place = (number - 1) * percentile / 100
    below = ops.floor(place)
    ordered = ops.sort(values)
    low = ops.take(ordered, ops.cast(below, "int32"))
    high = ops.take(ordered, ops.cast(ops.minimum(below + 1, number - 1), "int32"))
    return low + (high - low) * (place - below)
