"""No encoder in the model."""

from __future__ import annotations

from kerasseq.registry import register


@register("image_encoder")
def none() -> None:
    """The data are maps of features already, which the feature `image_features` makes."""
    return None
