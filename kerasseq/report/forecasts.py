"""Forecasts as lines of predictions.jsonl have them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kerasseq.report import formatting

MOST_NUMBERS = 8


def is_forecast(line: Mapping[str, Any]) -> bool:
    """Whether a line of predictions.jsonl is a forecast: numbers, and the dates they are of."""
    return "dates" in line and isinstance(line.get("prediction"), list)


def first_numbers(numbers: Sequence[Any]) -> str:
    """`867.3, 984.7, 956.5 … 947.1`: of many numbers the first and the last."""
    shown = [_text(one) for one in numbers]
    if len(shown) <= MOST_NUMBERS:
        return ", ".join(shown)
    return f"{', '.join(shown[: MOST_NUMBERS - 1])} … {shown[-1]}"


def of_target(numbers: Sequence[Any], target: int) -> list[float | None]:
    """The numbers of one target, whether or not there are several."""
    return [one[target] if isinstance(one, list) else one for one in numbers]


def _text(one: Any) -> str:
    if isinstance(one, list):
        return f"({', '.join(map(_text, one))})"
    return "–" if one is None else formatting.number(float(one))
