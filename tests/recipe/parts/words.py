"""An alias that signatures of several files use."""

from typing import Literal

Activation = Literal["tanh", "relu"]
