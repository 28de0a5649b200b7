"""An optimizer as a function."""

from typing import Any

from kerasseq.registry import register
from kerasseq.specs import PositiveFloat


@register("optimizer")
def adam(*, learning_rate: PositiveFloat = 1e-3, epsilon: PositiveFloat = 1e-7) -> Any:
    """Adam."""
