"""A metric."""

from kerasseq.registry import register


@register("metric")
class Metric:
    """Counts."""
