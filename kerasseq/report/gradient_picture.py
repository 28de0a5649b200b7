"""Gradients against the distance from the loss, as a picture file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kerasseq.report.gradients import is_only_way
from kerasseq.run_folder import write_whole

DPI = 120
FORMATS = (".png", ".svg", ".pdf")
COLOURS = ("#2f6fde", "#d9601a", "#2a8c82", "#8a4fbf", "#b8860b", "#5b6472")


def gradient_picture(flows: Mapping[str, Mapping[str, Any]], path: Path) -> None:
    """Draws a chart for each layer, with a colour for each run.

    Solid is the gradient by all ways, dashed by the layer's own recurrence alone, dotted what a vanilla
    cell's cannot exceed.

    Args:
        flows: By a name for each run, what its gradients.json holds.
        path: The file to write; its suffix says the format: `.png`, `.svg` or `.pdf`.
    Raises:
        ValueError: If the suffix is none of these, or no run has a layer.
    """
    path = Path(path)
    if path.suffix not in FORMATS:
        raise ValueError(f"`path` must end in {', '.join(FORMATS)}. Received: path={str(path)!r}")
    names = list(dict.fromkeys(layer["name"] for flow in flows.values() for layer in flow["layers"]))
    if not names:
        raise ValueError("`flows` must have a layer. Received: runs without recurrent layers")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.0 * len(names) + 0.6, 3.8), layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    all_axes = figure.subplots(1, len(names), sharey=True, squeeze=False)[0]
    for name, axes in zip(names, all_axes, strict=True):
        _draw(axes, name, flows)
    all_axes[0].set_ylabel("norm of ∂L/∂h")
    write_whole(path, lambda fresh: figure.savefig(fresh, format=path.suffix[1:], dpi=DPI))


def _draw(axes: Any, name: str, flows: Mapping[str, Mapping[str, Any]]) -> None:
    most = max(
        max(norms["h"], default=0.0)
        for flow in flows.values()
        for layer in flow["layers"]
        for norms in (layer["norms"], layer["own_norms"])
        if "h" in norms
    )
    for place, (run, flow) in enumerate(flows.items()):
        colour = COLOURS[place % len(COLOURS)]
        for layer in flow["layers"]:
            if layer["name"] == name:
                _draw_layer(axes, layer, run, colour, most)
    axes.set_yscale("log")
    axes.set_title(name, loc="left", fontsize=11, fontweight="bold")
    axes.set_xlabel("steps from the loss")
    axes.grid(color="#e8e8e8", linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.legend(frameon=False, fontsize=8)


def _draw_layer(axes: Any, layer: Mapping[str, Any], run: str, colour: str, most: float) -> None:
    curves = [(layer["norms"]["h"], "-", "all ways")]
    if "h" in layer["own_norms"] and not is_only_way(layer):
        curves.append((layer["own_norms"]["h"], "--", "own recurrence alone"))
    if "bound" in layer:
        bound = [value if value is not None and value <= 2 * most else None for value in layer["bound"]]
        curves.append((bound, ":", "bound of own recurrence"))
    for values, style, label in curves:
        points = [(place, value) for place, value in zip(layer["distance"], values, strict=True) if value]
        if points:
            label = f"{run}, {label}" if run else label
            axes.plot(*zip(*points, strict=True), style, color=colour, linewidth=1.6, label=label)
