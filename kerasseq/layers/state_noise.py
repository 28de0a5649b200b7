"""What a recurrent layer drops in training: recurrent products, their weights, and updates of the state."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kerasseq.layers.cells.cell import Cell, States, Weights
from kerasseq.specs import Rate, check_arguments


class StateNoise:
    """Variational dropout, weight drop and zoneout of one layer; each costs nothing at rate 0.

    recurrent dropout:  h' * m in place of h' wherever h' is multiplied by a matrix, one m for all steps
    weight drop:        U * M in place of U, drawn once a batch
    zoneout:            s_t = d_t * s_{t-1} + (1 - d_t) * s~_t for each state s, where s~ is the cell's;
                        outside of training its expectation, with the rate for d

    Args:
        cell: The layer's cell.
        recurrent_dropout: Share of h' that is dropped.
        weight_drop: Share of each recurrent matrix that is dropped.
        zoneout: Share of each state that stays as it was.
    Raises:
        ValueError: If a rate is not in [0, 1), or the cell has no recurrent product to drop from.
    Reference:
        Gal and Ghahramani 2016, https://arxiv.org/abs/1512.05287; Merity et al. 2018, section 2,
        https://arxiv.org/abs/1708.02182; Krueger et al. 2017, https://arxiv.org/abs/1606.01305
    """

    def __init__(
        self, *, cell: Cell, recurrent_dropout: Rate = 0.0, weight_drop: Rate = 0.0, zoneout: Rate = 0.0
    ):
        rates = {"recurrent_dropout": recurrent_dropout, "weight_drop": weight_drop, "zoneout": zoneout}
        check_arguments(StateNoise.__init__, **rates)
        for name in ("recurrent_dropout", "weight_drop"):
            if rates[name] and not cell.has_product:
                raise ValueError(
                    f"`{name}` drops from recurrent products, which {type(cell).__name__} has not; `zoneout` "
                    f"works with every cell. Received: {name}={rates[name]}"
                )
        self.cell = cell
        self.recurrent_dropout = recurrent_dropout
        self.weight_drop = weight_drop
        self.zoneout = zoneout
        self.seed_generator = keras.random.SeedGenerator() if any(rates.values()) else None

    def weights(self, batch_size: Any, training: bool) -> Weights:
        """The cell's `step_weights`, dropped from, and with the mask of h', (batch, units)."""
        weights = self.cell.step_weights()
        if training and self.weight_drop:
            weights = {
                name: self._drop(weight, self.weight_drop) if name.endswith("kernel") else weight
                for name, weight in weights.items()
            }
        if training and self.recurrent_dropout:
            kept = ops.ones((batch_size, self.cell.units), self.cell.compute_dtype)
            weights = {**weights, "recurrent_mask": self._drop(kept, self.recurrent_dropout)}
        return weights

    def _drop(self, tensor: Any, rate: float) -> Any:
        return keras.random.dropout(tensor, rate, seed=self.seed_generator)

    def shares(self, num_steps: Any, batch_size: Any, training: bool) -> States | None:
        """How much of each new state is taken, (time, batch, units) or of sizes 1; None without zoneout."""
        if not self.zoneout:
            return None
        dtype = self.cell.compute_dtype
        if not training:
            return (ops.full((num_steps, 1, 1), 1 - self.zoneout, dtype),) * self.cell.num_states
        shape = (num_steps, batch_size, self.cell.units)
        draws = [keras.random.uniform(shape, seed=self.seed_generator) for _ in range(self.cell.num_states)]
        return tuple(ops.cast(draw >= self.zoneout, dtype) for draw in draws)

    def expected(self, after: States, before: States) -> States:
        """The states behind one step outside of training."""
        return blend(after, before, (1 - self.zoneout,) * len(after)) if self.zoneout else after


def blend(after: States, before: States, shares: tuple) -> States:
    """Takes a share of each new state, and the rest of the old one."""
    return tuple(
        share * new + (1 - share) * old for new, old, share in zip(after, before, shares, strict=True)
    )
