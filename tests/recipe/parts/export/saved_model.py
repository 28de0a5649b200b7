"""A form of the model."""

from kerasseq.registry import register


@register("export")
def saved_model(*, folder: str = "saved_model") -> None:
    """Writes a SavedModel."""
