"""What every metric of texts asks of its arguments."""

from __future__ import annotations


def check_corpus(predictions: list[str], references: list[list[str]]) -> None:
    """Holds that there is something to score, and something to score each of it against.

    Raises:
        ValueError: If there are no predictions, not as many lists of references, or a list is empty or a
            string.
    """
    if not predictions:
        raise ValueError("`predictions` must not be empty. Received: predictions=[]")
    if len(predictions) != len(references):
        raise ValueError(
            "`references` must hold a list for each prediction. "
            f"Received: {len(references)} lists for {len(predictions)} predictions"
        )
    for place, one in enumerate(references):
        if isinstance(one, str) or not one:
            raise ValueError(
                "`references` must hold a list of one string or more for each prediction. "
                f"Received: references[{place}]={one!r}"
            )


def reference_streams(references: list[list[str]]) -> list[list[str | None]]:
    """sacreBLEU's layout: every prediction's first reference, then every second, None where there is none."""
    most = max(map(len, references))
    return [[one[rank] if rank < len(one) else None for one in references] for rank in range(most)]
