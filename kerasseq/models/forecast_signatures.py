"""What the SavedModel of a forecaster answers to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kerasseq.specs import Raw, Signature


def forecast_signatures(reader: Any, respond: Callable[[Any], dict[str, Any]]) -> dict[str, Signature]:
    """From histories to forecasts, all in raw units.

    - `serving_default`: `history` (batch, context, features), targets first; `known` (batch, context +
      horizon, columns) where columns are known ahead; `time` (batch,), the date of the last row in seconds
      since 1970, where the calendar is read; `series` (batch,), names, where there are several -> `forecast`
      (batch, horizon, targets) and, if any, `quantiles` (batch, horizon, targets, quantiles).

    Args:
        reader: What was learned of the series.
        respond: From a batch of scaled windows to forecasts in raw units.
    """
    inputs = {"history": Raw("float32", (None, reader.context, reader.num_features))}
    if reader.known:
        inputs["known"] = Raw("float32", (None, reader.context + reader.horizon, len(reader.known)))
    if reader.calendar:
        inputs["time"] = Raw("int64", (None,))
    if reader.is_of_several:
        inputs["series"] = Raw("string", (None,))
    return {"serving_default": Signature(inputs, lambda **given: respond(reader.served(**given)))}
