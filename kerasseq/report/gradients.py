"""How far back a gradient reaches, as charts, as a table and as text; from what `gradients.json` holds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from kerasseq.report import formatting
from kerasseq.report.charts import Chart, History, line_chart
from kerasseq.report.columns import aligned

FAR = 10
SAME = 1e-3
BARS = "▁▂▃▄▅▆▇█"
FORMULA = "dL/dh(t-1) = J(t)^T dL/dh(t) + other ways,  J(t) = dh(t)/dh(t-1)"
_CURVES = {
    "all": ("h, all ways", "training"),
    "c": ("c, all ways", "validation"),
    "own": ("h, own recurrence alone", "neutral"),
    "bound": ("bound of own recurrence", "muted-line"),
}


class LayerRow(NamedTuple):
    """What the table says of a layer."""

    name: str
    cell: str
    spectral_radius: str
    factor: str
    left: str


def gradient_charts(flow: Mapping[str, Any]) -> list[Chart]:
    """A chart a layer, all with one vertical axis, so that they can be compared."""
    layers = [(layer["name"], _rows(layer)) for layer in flow.get("layers", [])]
    measured = [
        value
        for _, rows in layers
        for row in rows
        for name, value in row.items()
        if name != "distance" and value
    ]
    if not measured:
        return []
    most = max(measured)
    for place, layer in enumerate(flow["layers"]):
        for row, bound in zip(layers[place][1], layer.get("bound", ()), strict=False):
            row["bound"] = bound if bound is not None and bound <= most else None
    charts = [
        line_chart(
            rows,
            _CURVES,
            title=name,
            y_label="norm of the gradient",
            x="distance",
            x_label="steps from the loss",
            span=(min(measured), most),
        )
        for name, rows in layers
    ]
    return [chart for chart in charts if chart is not None]


def _rows(layer: Mapping[str, Any]) -> list[dict[str, float | None]]:
    """A row a distance; what is 0 has no place on an axis of powers of ten."""
    columns = {"all": layer["norms"].get("h"), "c": layer["norms"].get("c")}
    if not is_only_way(layer):
        columns["own"] = layer["own_norms"].get("h")
    return [
        {"distance": distance, **{name: found[place] or None for name, found in columns.items() if found}}
        for place, distance in enumerate(layer["distance"])
    ]


def is_only_way(layer: Mapping[str, Any]) -> bool:
    """Whether a layer's own recurrence is all that a gradient comes by."""
    pairs = zip(layer["norms"].get("h", ()), layer["own_norms"].get("h", ()), strict=False)
    return all(math.isclose(norm, own, rel_tol=SAME) for norm, own in pairs)


def layer_rows(flow: Mapping[str, Any]) -> list[LayerRow]:
    """A row a layer; what is not known of it is a dash."""
    rows = []
    for layer in flow.get("layers", []):
        factor = layer.get("factor")
        radii = {gate: found["spectral_radius"] for gate, found in layer["recurrent"].items()}
        shown = ", ".join(
            f"{radius:.2f}" if len(radii) == 1 else f"{gate} {radius:.2f}" for gate, radius in radii.items()
        )
        changes = ("–", "–") if factor is None else (f"× {factor:.3f}", f"{formatting.number(factor**FAR)}")
        rows.append(LayerRow(layer["name"], layer["cell"], shown or "–", *changes))
    return rows


def gradients_text(flow: Mapping[str, Any]) -> str:
    """For terminals: a table of the layers, and of the norms at ever larger distances, with a small plot."""
    longest = max(len(layer["distance"]) for layer in flow["layers"])
    shown = [0, *(2**power for power in range(longest.bit_length()) if 2**power < longest)]
    head = (f"|dL/dh|, {flow['loss']}", "", *shown, "")
    rows, largest, smallest = [head], *_ends(flow)
    for layer in flow["layers"]:
        for way, norms in (("all ways", layer["norms"]), ("own recurrence", layer["own_norms"])):
            if found := norms.get("h"):
                values = [f"{found[k]:.1e}" if k < len(found) else "" for k in shown]
                rows.append((layer["name"], way, *values, _plot(found, smallest, largest)))
    about = [("layer", "cell", "spectral radius", "own recurrence, a step", f"after {FAR} steps")]
    about += layer_rows(flow)
    places = tuple(range(2, 2 + len(shown)))
    lines = [f"{FORMULA}; a mean over {flow['rows']} examples, by steps from the loss", ""]
    return "\n".join([*lines, *aligned(rows, right=places), "", *aligned(about)])


def _ends(flow: Mapping[str, Any]) -> tuple[float, float]:
    found = [
        value
        for layer in flow["layers"]
        for norms in (layer["norms"], layer["own_norms"])
        for value in norms.get("h", ())
        if value
    ]
    return max(found, default=1.0), min(found, default=1.0)


def _plot(norms: list[float], smallest: float, largest: float) -> str:
    """A bar a step, from the loss backwards, its height in powers of ten; nothing where nothing arrives."""
    room = math.log(largest / smallest) or 1.0
    heights = [
        " " if not norm else BARS[min(7, int(8 * math.log(norm / smallest) / room))] for norm in norms[:40]
    ]
    return "".join(heights)


def clipping_sentence(history: History, threshold: float | None) -> str:
    """How often clipping bit; empty where that was not measured."""
    shares = [row["clipped_share"] for row in history if row.get("clipped_share") is not None]
    if not shares:
        return ""
    where = "" if threshold is None else f" the norm exceeded {formatting.number(threshold)} and"
    mean, last = (formatting.metric("share", share) for share in (sum(shares) / len(shares), shares[-1]))
    return f"In {mean} of all steps{where} the gradient was scaled down; in the last epoch in {last}."


def training_charts(history: History, threshold: float | None) -> list[Chart]:
    """The norm of the whole gradient over training, and how often it was clipped."""
    rows = [{**row, "threshold": row.get("clipping_threshold", threshold)} for row in history]
    columns = {"gradient_norm": ("mean norm", "neutral")}
    if any(row["threshold"] is not None for row in rows):
        columns["threshold"] = ("clipped above", "muted-line")
    measured = any(row.get("gradient_norm") is not None for row in history)
    norm = (
        line_chart(rows, columns, title="Gradient norm", y_label="norm before clipping", from_zero=True)
        if measured
        else None
    )
    share = line_chart(
        history,
        {"clipped_share": ("clipped steps", "neutral")},
        title="Clipped steps",
        y_label="share of steps",
        from_zero=True,
    )
    return [chart for chart in (norm, share) if chart is not None]
