"""Single steps outside of training whose gates run side by side.

A step's product for all gates is one operation. TensorFlow runs what does not wait for each other at the same
time, a core each. Where an operation has a single thread, as in `kerasseq predict`, a product for each gate
fills the cores, and needs no parting after it; where all cores share an operation, nothing is gained.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kerasseq.layers.affine import linear
from kerasseq.layers.cells.cell import Cell, Weights
from kerasseq.layers.kernels.cudnn import has_gpu
from kerasseq.threads import has_one_thread_an_operation

# Measured by `benchmarks/generation.py --gates`, LSTM: at 512 units 64 texts are a fifth faster and one is a
# sixth slower; at 256 one is a quarter slower, and 64 an eighth faster.
FEWEST_UNITS = 512


def weights_by_gate(cell: Cell) -> Weights | None:
    """A cell's input and step weights with a tensor for each gate; None where its `step` is as fast.

    To be made once before a loop over steps.
    """
    if not cell.has_step_by_gate or cell.units < FEWEST_UNITS:
        return None
    if keras.backend.backend() != "tensorflow" or has_gpu() or not has_one_thread_an_operation():
        return None
    return {
        name: tuple(ops.split(weight, cell.num_gates, axis=-1))
        for name, weight in {**cell.input_weights(), **cell.step_weights()}.items()
    }


def project_by_gate(inputs: Any, weights: Weights) -> tuple[Any, ...]:
    """A cell's `project` for each gate: (..., inputs) -> (..., units) each."""
    gates = zip(weights["kernel"], weights["bias"], strict=True)
    return tuple(linear(inputs, kernel, bias) for kernel, bias in gates)
