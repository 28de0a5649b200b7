"""NVIDIA's own LSTM and GRU, on a GPU."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kerasseq.layers.cells.cell import Cell, States
from kerasseq.layers.cells.gru import GRU
from kerasseq.layers.cells.lstm import LSTM


def obstacle(cell: Cell) -> str | None:
    """Why cuDNN has no such cell; None for a plain LSTM and a GRU that resets after the product."""
    if type(cell) not in (LSTM, GRU):
        return f"cuDNN has no {type(cell).__name__}"
    if cell.layer_norm:
        return "cuDNN has no layer norm"
    if isinstance(cell, GRU) and not (cell.reset_after and cell.update == "keras"):
        return "cuDNN's GRU resets after the product and keeps by z"
    if isinstance(cell, GRU) and keras.backend.backend() != "tensorflow":
        return "JAX offers cuDNN's LSTM alone"
    return None


def has_gpu() -> bool:
    """Whether the backend in use sees a GPU that cuDNN runs on."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        is_cuda = tf.sysconfig.get_build_info().get("is_cuda_build", False)
        return bool(is_cuda and tf.config.list_logical_devices("GPU"))
    if backend == "jax":
        import jax

        return jax.default_backend() == "gpu"
    return False


def is_aligned(mask: Any) -> Any:
    """Whether every row has one run of real tokens: cuDNN knows a row's length and no holes.

    Args:
        mask: True (1) at real tokens, (time, batch, 1).
    Returns:
        True or False, without axes.
    """
    is_real = mask[..., 0] > 0.5
    before = ops.concatenate([ops.zeros_like(is_real[:1]), is_real[:-1]], axis=0)
    starts = ops.logical_and(is_real, ops.logical_not(before))  # (time, batch)
    return ops.all(ops.sum(ops.cast(starts, "int32"), axis=0) == 1)


def cudnn(cell: Cell, inputs: Any, states: States, mask: Any | None) -> tuple[Any, States]:
    """Runs a cell over time in one call.

    A row's real tokens are moved to its front, where cuDNN wants them, and its outputs back. cuDNN puts out
    zeros at padding; here it is the state before it, as from the other kernels.

    Args:
        cell: One without an `obstacle`, built.
        inputs: (time, batch, features).
        states: Before the first step, (batch, units) each.
        mask: True (1) at real tokens, (time, batch, 1), one for which `is_aligned`, or None.
    Returns:
        The outputs, (time, batch, units), and the last states.
    """
    num_steps, batch_size = ops.shape(inputs)[:2]
    if mask is None:
        lengths = ops.full((batch_size,), num_steps, "int32")
        return _call(cell, inputs, states, lengths)
    is_real = mask[..., 0] > 0.5  # (time, batch)
    lengths = ops.sum(ops.cast(is_real, "int32"), axis=0)
    starts = ops.cast(ops.argmax(ops.cast(is_real, "int32"), axis=0), "int32")
    steps = ops.arange(num_steps, dtype="int32")[:, None]
    to_front = ops.mod(steps + starts, num_steps)[..., None]  # (time, batch, 1)
    outputs, last = _call(cell, ops.take_along_axis(inputs, to_front, axis=0), states, lengths)
    back = ops.mod(steps - starts, num_steps)[..., None]
    outputs = ops.take_along_axis(outputs, back, axis=0)
    padding = ops.where((steps < starts)[..., None], states[0], last[0])
    return ops.where(is_real[..., None], outputs, padding), last


def parameters(cell: Cell) -> Any:
    """A cell's weights as one vector, as cuDNN reads it.

    All input matrices, all recurrent ones, all input biases, all recurrent ones; in each gate by gate, a
    matrix (outputs, inputs). An LSTM's gates are i, f, g, o as here, and its recurrent biases are 0; a GRU's
    are r, z, n.
    """
    num_gates = cell.num_gates
    bias = ops.convert_to_tensor(cell.bias)
    recurrent_bias = ops.convert_to_tensor(cell.recurrent_bias) if num_gates == 3 else ops.zeros_like(bias)
    order = (1, 0, 2) if num_gates == 3 else (0, 1, 2, 3)
    parts = []
    for weight in (cell.kernel, cell.recurrent_kernel, bias, recurrent_bias):
        gates = ops.split(ops.convert_to_tensor(weight), num_gates, axis=-1)
        parts += [ops.reshape(ops.transpose(gates[place]), (-1,)) for place in order]
    return ops.concatenate(parts)


def _call(cell: Cell, inputs: Any, states: States, lengths: Any) -> tuple[Any, States]:
    """Outputs (time, batch, units) and last states of rows that begin at once."""
    if keras.backend.backend() == "jax":
        return _call_jax(cell, inputs, states, lengths)
    import tensorflow as tf

    is_lstm = len(states) == 2
    outputs, h, c, _, _ = tf.raw_ops.CudnnRNNV3(
        input=inputs,
        input_h=states[0][None],
        input_c=states[1][None] if is_lstm else tf.zeros((), inputs.dtype),
        params=parameters(cell),
        sequence_lengths=lengths,
        rnn_mode="lstm" if is_lstm else "gru",
        is_training=True,
        time_major=True,
    )
    return outputs, (h[0], c[0]) if is_lstm else (h[0],)


def _call_jax(cell: Cell, inputs: Any, states: States, lengths: Any) -> tuple[Any, States]:
    from jax.experimental import rnn

    outputs, h, c = rnn.lstm(
        ops.transpose(inputs, (1, 0, 2)),
        states[0][None],
        states[1][None],
        parameters(cell),
        lengths,
        input_size=inputs.shape[-1],
        hidden_size=cell.units,
        num_layers=1,
        dropout=0.0,
        bidirectional=False,
    )
    return ops.transpose(outputs, (1, 0, 2)), (h[0], c[0])
