"""The train section."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from kerasseq.specs import (
    NonNegativeFloat,
    Optimizer,
    Options,
    Part,
    PositiveFloat,
    PositiveInt,
    Probability,
    Supplied,
)

EPOCHS = 10


def train(
    *,
    model: Supplied,
    epochs: PositiveInt = EPOCHS,
    optimizer: Optimizer = "adam",
    clipping: Annotated[Any, Options("parts.train.loop:clip")] | None = None,
    teacher_forcing: Probability = 1.0,
    precision: Literal["float32", "mixed_bfloat16"] = "float32",
    layer_sizes: list[PositiveInt] = (8, 16),
    weights: dict[str, NonNegativeFloat] | None = None,
    schedule: PositiveFloat | Annotated[Any, Part("cell", supplied=("units",))] = 1.0,
    shuffle: bool = True,
    limit: int | None = None,
    note: str = "",
) -> Any:
    """Trains.

    Args:
        epochs: Passes over the data.
    """


def clip(*, global_norm: PositiveFloat, until_step: PositiveInt | None = None) -> Any:
    """Clips gradients."""
