"""What every attention gives: energies, and their gradient."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kerasseq.specs import PositiveInt, check_arguments

MASKED_ENERGY = -3e4  # float16 reaches to -65504


class Attention(keras.layers.Layer):
    """Base of the attentions.

    `prepare` does once what depends on the memory alone. `call` is pure: it can run in a loop over time,
    or over all target steps at once. For the decoder's loop, the query's projection stands apart
    (`project_query`), so that its weight gradient is one matrix product over time, and
    `energy_gradient` is the derivative of `energies` for one step.

    Args:
        units: Width of the decoder's state, positive.
    """

    def __init__(self, *, units: PositiveInt, **kwargs: Any):
        check_arguments(Attention.__init__, units=units)
        super().__init__(**kwargs)
        self.units = units

    feeds_context = False  # True: the context enters the cell of the same step, as in Bahdanau et al.
    is_additive = False  # True: energies are of the sum of query and key, which coverage can be added to
    query_kernel: Any = None

    def prepare(self, memory: Any) -> Any:
        """Keys from encoder outputs: (batch, source_time, width) -> (batch, source_time, key_units)."""
        raise NotImplementedError(f"{type(self).__name__} must define `prepare`")

    def parameters(self) -> tuple[Any, ...]:
        """The weights that `energies` needs."""
        return ()

    def energies(self, query: Any, keys: Any, parameters: tuple) -> Any:
        """Scores before the softmax: query (batch, ..., key_units) -> (batch, ..., source_time)."""
        raise NotImplementedError(f"{type(self).__name__} must define `energies`")

    def beam_energies(self, query: Any, keys: Any, parameters: tuple, beams: dict[str, Any]) -> Any:
        """Scores of a beam search's rows, which share their example's keys: (rows, key_units) ->
        (batch, beam, source_time). `beams` is described in `RecurrentDecoder.step`."""
        return self.energies(ops.take(query, beams["rows"], axis=0), keys, parameters)

    def start_gradient(self, keys: Any) -> Any:
        """What `energy_gradient` adds up over the steps."""
        return ()

    def energy_gradient(self, d_energies: Any, query: Any, keys: Any, parameters: tuple, total: Any) -> Any:
        """One step back: the query's gradient, and `total` with this step added."""
        raise NotImplementedError(f"{type(self).__name__} must define `energy_gradient`")

    def finish_gradient(
        self, total: Any, d_energies: Any, queries: Any, parameters: tuple
    ) -> tuple[Any, tuple]:
        """The gradients of the keys and the parameters; d_energies and queries are (time, batch, ...)."""
        raise NotImplementedError(f"{type(self).__name__} must define `finish_gradient`")

    def project_query(self, query: Any) -> Any:
        """(..., units) -> (..., key_units)."""
        return query if self.query_kernel is None else ops.matmul(query, self.query_kernel)

    def call(self, query: Any, keys: Any, values: Any, bias: Any = None) -> tuple[Any, Any]:
        """Attends with one query a row, or with one for each target step.

        Args:
            query: Decoder state, (batch, units) or (batch, target_time, units).
            keys: From `prepare`, (batch, source_time, key_units).
            values: Encoder outputs, (batch, source_time, width).
            bias: From `mask_bias`, (batch, source_time).
        Returns:
            Context (batch, [target_time,] width), weights (batch, [target_time,] source_time).
        """
        energies = self.energies(self.project_query(query), keys, self.parameters())
        if query.ndim == 2:
            return attend(energies, values, bias)
        return _attend_all(energies, values, bias)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}


def mask_bias(mask: Any, dtype: Any) -> Any:
    """Added to energies: 0 at real tokens, so far below that the softmax gives 0 at padding."""
    return (1 - ops.cast(mask, dtype)) * MASKED_ENERGY


def attend_from(
    query: Any, attention: Attention, memory: dict[str, Any], parameters: tuple
) -> tuple[Any, Any]:
    """Attends with one projected query a row.

    Args:
        query: From `project_query`, (rows, key_units).
        attention: The attention.
        memory: `keys`, `values` and `bias`, of the rows; of the examples where there are `beams` as well.
            With `coverage`, a pair of where each row has looked, (rows, source_time), and of what this adds
            to the keys, (key_units,).
        parameters: From `attention.parameters`.
    Returns:
        Context (rows, width), weights (rows, source_time).
    """
    if "coverage" in memory:
        looked, kernel = memory["coverage"]
        keys, values, bias = (rows_of(memory[name], memory) for name in ("keys", "values", "bias"))
        energies = attention.energies(query, keys + looked[..., None] * kernel, parameters)
        return attend(energies, values, bias)
    if "beams" not in memory:
        return attend(attention.energies(query, memory["keys"], parameters), memory["values"], memory["bias"])
    energies = attention.beam_energies(query, memory["keys"], parameters, memory["beams"])
    found = _attend_all(energies, memory["values"], memory["bias"])  # (batch, beam, width or source_time)
    by_slot = [ops.reshape(part, (-1, ops.shape(part)[-1])) for part in found]
    context, weights = (ops.take(part, memory["beams"]["slots"], axis=0) for part in by_slot)
    return context, weights


def memory_of(state: dict[str, Any]) -> dict[str, Any]:
    """A decoder state's memory, and where a beam search has several rows for each of it, which."""
    return {**state["memory"], **({"beams": state["beams"]} if "beams" in state else {})}


def rows_of(part: Any, state: dict[str, Any]) -> Any:
    """What stands for each example, for each row: several share one where the state has `beams`."""
    if part is None or "beams" not in state:
        return part
    return ops.take(part, state["beams"]["examples"], axis=0)


def attend(energies: Any, values: Any, bias: Any = None) -> tuple[Any, Any]:
    """Softmax and weighted sum: (batch, source_time) -> (batch, width), (batch, source_time)."""
    weights = _softmax(energies if bias is None else energies + bias)
    return ops.squeeze(ops.matmul(weights[:, None], values), axis=1), weights


def _attend_all(energies: Any, values: Any, bias: Any) -> tuple[Any, Any]:
    """As `attend`, with several queries for each memory, (batch, queries, source_time)."""
    weights = _softmax(energies if bias is None else energies + bias[:, None])
    return ops.matmul(weights, values), weights


def _softmax(energies: Any) -> Any:
    """Keras warns of a softmax over a single place, which a source of one token is."""
    return ops.ones_like(energies) if energies.shape[-1] == 1 else ops.softmax(energies, axis=-1)


def attend_gradient(d_context: Any, weights: Any, values: Any, d_weights: Any) -> Any:
    """The energies' gradient from those of context (batch, width) and weights (batch, source_time)."""
    d_weights = d_weights + product_of_rows(d_context, values)
    return weights * (d_weights - ops.sum(weights * d_weights, axis=-1, keepdims=True))


def product_of_rows(row: Any, rows: Any) -> Any:
    """Each example's row times its matrix of rows: (batch, width), (batch, time, width) -> (batch, time).

    TensorFlow on a CPU takes a quarter less time (bfloat16: two fifths) for a row times a matrix turned
    around than for a matrix times a column.
    """
    return ops.squeeze(ops.matmul(row[:, None], ops.transpose(rows, (0, 2, 1))), axis=1)
