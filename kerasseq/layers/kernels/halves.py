"""Two loops, each over half of the rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from keras import ops, tree

from kerasseq.layers.cells.cell import States


def in_halves(
    loop: Callable[..., tuple[States, States]],
    inputs: Any,
    states: States,
    mask: Any | None,
    *,
    weights: dict[str, Any],
    shares: States | None = None,
) -> tuple[States, States]:
    """Calls a loop over time for each half of the batch.

    A step waits for the step before it, but no row waits for another: TensorFlow runs the two loops side by
    side, a core each. Of an odd number of rows the middle one is in both halves, and its second copy is
    thrown away, so that neither half is ever empty.

    Args:
        loop: `(inputs, states, mask, weights=, shares=) -> (sequences, last)`, pure.
        inputs: (time, batch, features).
        states: (batch, units) each.
        mask: (time, batch, 1) or None.
        weights: As in `loop_inputs`.
        shares: As in `loop_inputs`.
    Returns:
        All states, (time, batch, units) each, and the last ones, as from `loop`.
    """
    batch_size = ops.shape(inputs)[1]
    middle = batch_size // 2
    results = []
    for rows in (slice(0, batch_size - middle), slice(middle, batch_size)):
        of_rows = {
            name: weight[rows] if name == "recurrent_mask" else weight for name, weight in weights.items()
        }
        results.append(
            loop(
                inputs[:, rows],
                tuple(state[rows] for state in states),
                None if mask is None else mask[:, rows],
                weights=of_rows,
                shares=None if shares is None else tuple(_by_row(share, rows) for share in shares),
            )
        )
    (early_sequences, early_last), (late_sequences, late_last) = results

    def joined(axis: int) -> Callable[[Any, Any], Any]:
        return lambda early, late: ops.concatenate([_first(early, middle, axis), late], axis=axis)

    sequences = tree.map_structure(joined(1), early_sequences, late_sequences)
    return sequences, tree.map_structure(joined(0), early_last, late_last)


def _by_row(share: Any, rows: slice) -> Any:
    """One share may stand for all rows: (time, 1, 1)."""
    return share if share.shape[1] == 1 else share[:, rows]


def _first(tensor: Any, number: Any, axis: int) -> Any:
    return tensor[:, :number] if axis == 1 else tensor[:number]
