"""How far back a model's gradient reaches: the norm of dL/dh_t against the distance from the loss."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import ops, tree

from kerasseq.layers.cells.cell import Cell
from kerasseq.layers.cells.rnn import RNN
from kerasseq.layers.recurrent import Recurrent
from kerasseq.layers.state_gradients import StateGradients, state_gradients
from kerasseq.losses.masked_cross_entropy import MaskedCrossEntropy
from kerasseq.specs import PAD_ID

MOST_ROWS = 32
LEAST_SHARE = 0.5  # of the rows that a distance is shown for: a mean over fewer jumps about
STATES = ("h", "c")
GATES = {"rnn": "h", "gru": "zrn", "lstm": "ifgo", "peephole_lstm": "ifgo", "coupled_lstm": "igo"}


def gradient_flow(task: Any, model: keras.Model, batch: Mapping[str, Any]) -> dict[str, Any] | None:
    """Follows the gradient of a loss at one step back through every recurrent layer.

    The loss is that of each row's last real token where the task's loss is one per token, else the task's.

    Args:
        task: The model's task.
        model: The model, trained or not.
        batch: One batch of the data stage; its first rows are taken.
    Returns:
        What `gradients.json` holds: `loss`, `rows`, and for each of `layers` its `name`, `cell`, `units`, the
        `recurrent` matrix of each gate (`spectral_radius` and `norm`), `distance`, the `rows` that reach it,
        and by state the mean `norms` there: by all ways, and as `own_norms` by the layer's own recurrence
        alone, as far as its gradient is written by hand. `factor` is the latter's mean change a step, and
        `bound`, for a vanilla cell, what it cannot exceed. None where the model has no such layer.
    """
    batch = tree.map_structure(lambda part: ops.convert_to_numpy(part)[:MOST_ROWS], dict(batch))
    inputs, labels = task.example(batch)
    if isinstance(inputs, Mapping) and isinstance(model.input, Mapping):
        inputs = {name: inputs[name] for name in model.input}  # a batch may say more, for training alone
    loss, kind, num_rows = task.loss(), "the loss of the whole example", len(tree.flatten(batch)[0])
    if isinstance(loss, MaskedCrossEntropy):
        labels, kind = _only_last(labels), "the loss of the last token"
        num_rows = int((labels != PAD_ID).sum())
    # A loss is a mean over the rows: times their number, each row has the gradient of its own.
    found = state_gradients(lambda: num_rows * loss(labels, model(inputs, training=False)))
    layers = [
        _layer(name, gradients)
        for name, gradients in zip(_names(model, found), found, strict=True)
        if (gradients.last >= 0).any()
    ]
    return {"loss": kind, "rows": num_rows, "layers": layers} if layers else None


def _only_last(labels: Any) -> np.ndarray:
    """Labels, (batch, time), of which all but each row's last real one are padding."""
    labels = ops.convert_to_numpy(labels)
    last = labels.shape[1] - 1 - np.argmax(labels[:, ::-1] != PAD_ID, axis=1)
    return np.where(np.arange(labels.shape[1]) == last[:, None], labels, PAD_ID)


def _names(model: keras.Model, found: list[StateGradients]) -> list[str]:
    """`encoder`, or `encoder, layer 2, backward` where there are more."""
    backwards = {
        id(layer.cell)
        for layer in model._flatten_layers(include_self=False)
        if isinstance(layer, Recurrent) and layer.go_backwards
    }
    owners = [_owner(model, gradients.cell) for gradients in found]
    directions = [id(gradients.cell) in backwards for gradients in found]
    keys = list(zip(owners, directions, strict=True))
    names = []
    for place, (owner, is_backward) in enumerate(keys):
        number = f", layer {keys[: place + 1].count(keys[place])}" if keys.count(keys[place]) > 1 else ""
        is_one_of_two = (owner, not is_backward) in keys
        direction = (", backward" if is_backward else ", forward") if is_one_of_two else ""
        names.append(f"{owner}{number}{direction}")
    return names


def _owner(model: keras.Model, cell: Cell) -> str:
    """The model's layer that a cell is part of."""
    kernel = cell.weights[0]
    owners = (layer.name for layer in model.layers if any(weight is kernel for weight in layer.weights))
    return next(owners, cell.name)


def _layer(name: str, gradients: StateGradients) -> dict[str, Any]:
    cell, distance = gradients.cell, _distances(gradients)
    counts = np.array([(distance == k).sum() for k in range(distance.max() + 1)])
    kept = range(int((counts >= max(1, LEAST_SHARE * counts[0])).sum()))
    names = [*STATES, *(f"state {place}" for place in range(3, cell.num_states + 1))]
    norms, own_norms = (
        {
            state: [_mean_norm(d_state, distance == k) for k in kept]
            for state, d_state in zip(names[: len(way)], way, strict=True)
        }
        for way in (gradients.all_ways, gradients.own_way)
    )
    matrices = recurrent_matrices(cell)
    layer = {
        "name": name,
        "cell": _word(cell),
        "units": cell.units,
        "recurrent": {
            gate: {"spectral_radius": _rounded(spectral_radius(matrix)), "norm": _rounded(_norm(matrix))}
            for gate, matrix in matrices.items()
        },
        "distance": list(kept),
        "rows": counts[: len(kept)].tolist(),
        "norms": norms,
        "own_norms": own_norms,
        "factor": _factor(own_norms.get("h", [])),
    }
    if type(cell) is RNN and own_norms:  # the derivative of tanh and of relu is at most 1
        steepest = _norm(next(iter(matrices.values())))
        layer["bound"] = [_rounded(own_norms["h"][0] * steepest**k) for k in kept]
    return layer


def _distances(gradients: StateGradients) -> np.ndarray:
    """For each step the tokens from it to its row's last one, (time, batch); -1 where there is no way."""
    steps = np.arange(len(gradients.is_real))[:, None]
    counts = gradients.is_real & (steps <= gradients.last)
    behind = np.cumsum(counts[::-1], axis=0)[::-1] - 1
    return np.where(counts, behind, -1)


def _mean_norm(d_state: np.ndarray, chosen: np.ndarray) -> float:
    return _rounded(float(np.linalg.norm(d_state[chosen], axis=-1).mean()))


def _factor(norms: list[float]) -> float | None:
    """The geometric mean of the changes from step to step."""
    reached = [k for k, norm in enumerate(norms) if norm > 0 and k]
    if not reached or norms[0] == 0:
        return None
    return _rounded((norms[reached[-1]] / norms[0]) ** (1 / reached[-1]))


def recurrent_matrices(cell: Cell) -> dict[str, np.ndarray]:
    """A cell's recurrent matrix in squares, by the letter of the gate that each one feeds."""
    kernel = getattr(cell, "recurrent_kernel", None)
    if kernel is None or len(kernel.shape) != 2 or kernel.shape[1] % kernel.shape[0]:
        return {}
    squares = np.split(
        ops.convert_to_numpy(kernel).astype("float64"), kernel.shape[1] // kernel.shape[0], axis=1
    )
    letters = GATES.get(_word(cell), "")
    if len(letters) != len(squares):
        letters = [str(number) for number in range(1, len(squares) + 1)]
    return dict(zip(letters, squares, strict=True))


def _word(cell: Cell) -> str:
    """A recipe's word for a cell: the name of its file."""
    return type(cell).__module__.rpartition(".")[2]


def spectral_radius(matrix: np.ndarray) -> float:
    """The largest absolute eigenvalue: how a matrix' power grows in the end."""
    return float(np.abs(np.linalg.eigvals(matrix)).max())


def _norm(matrix: np.ndarray) -> float:
    """The largest singular value: the most that one product can lengthen a vector."""
    return float(np.linalg.norm(matrix, 2))


def _rounded(value: float) -> float | None:
    return float(f"{value:.6g}") if math.isfinite(value) else None
