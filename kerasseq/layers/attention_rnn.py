"""A recurrent layer that attends to its own earlier states."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kerasseq.layers.attention.attention import attend, mask_bias
from kerasseq.layers.cells.cell import States
from kerasseq.layers.ready_parts import with_ready_parts
from kerasseq.layers.scan import scan
from kerasseq.registry import create
from kerasseq.specs import Attention as AttentionName
from kerasseq.specs import Cell as CellName
from kerasseq.specs import PositiveInt, check_arguments


@keras.saving.register_keras_serializable("kerasseq")
class AttentionRNN(keras.layers.Layer):
    """A cell that reads, beside its input, a mean of all of its earlier states.

    e_tj = score(h_{t-1}, h_j), a_t = softmax(e_t), c_t = sum_j a_tj h_j    for j = 0, ..., t - 1
    h_t = cell(h_{t-1}, [x_t, c_t])

    h_0 is the initial state, zero unless given: what the first step looks at, and where later ones may look
    at nothing. It is causal: no step sees a later one. In training, memory grows with the square of time.

    Args:
        units: Width of the states, positive.
        cell: A name from `layers/cells/`, a mapping with `type`, or a cell.
        attention: How h_{t-1} scores the earlier states: `bahdanau` or `luong`.
        go_backwards: Read from the last token to the first; outputs stay in the order of the input.
        return_sequences: Return the output of every step instead of the last.
        return_state: Return the last states as well.
    Call arguments:
        inputs: (batch, time, features).
        mask: True at real tokens, (batch, time). Behind a padded token every state is what it was before it,
            and no step attends to it.
        initial_state: (batch, units) each, zeros unless given.
    Returns:
        (batch, time, units), or (batch, units) without `return_sequences`; with `return_state`, this and
        a tuple of states.
    Raises:
        ValueError: If `attention` is `none`.
    Reference:
        Cheng et al. 2016, "Long short-term memory-networks for machine reading", section 3.1,
        https://arxiv.org/abs/1601.06733
    """

    def __init__(
        self,
        *,
        units: PositiveInt,
        cell: CellName = "lstm",
        attention: AttentionName = "bahdanau",
        go_backwards: bool = False,
        return_sequences: bool = False,
        return_state: bool = False,
        **kwargs: Any,
    ):
        check_arguments(AttentionRNN.__init__, units=units)
        super().__init__(**kwargs)
        self.units = units
        self.parts = {"cell": cell, "attention": attention}
        self.cell = create("cell", cell, units=units, dtype=self.dtype_policy)
        self.attention = create("attention", attention, units=units)
        if self.attention is None:
            raise ValueError("`attention` must attend to something. Received: attention='none'")
        self.go_backwards = go_backwards
        self.return_sequences = return_sequences
        self.return_state = return_state
        self.supports_masking = True

    def build(self, input_shape: tuple) -> None:
        self.cell.build(input_shape)
        self.attention.build((None, self.units), (None, None, self.units))
        self.context_kernel = self.add_weight(
            name="context_kernel",
            shape=(self.units, self.cell.num_gates * self.units),
            initializer="glorot_uniform",
        )

    def call(self, inputs: Any, mask: Any = None, initial_state: States | None = None) -> Any:
        inputs = ops.transpose(inputs, (1, 0, 2))  # (time, batch, features)
        is_real = ops.ones_like(inputs[..., 0], "bool") if mask is None else ops.transpose(mask)
        if self.go_backwards:
            inputs, is_real = ops.flip(inputs, 0), ops.flip(is_real, 0)
        states = tuple(initial_state or self.cell.zero_states(ops.shape(inputs)[1]))
        outputs, last = self._loop(inputs, ops.cast(is_real, "bool"), states)
        output = last[0]
        if self.return_sequences:
            output = ops.flip(outputs, 0) if self.go_backwards else outputs
            output = ops.transpose(output, (1, 0, 2))
        return (output, last) if self.return_state else output

    def _loop(self, inputs: Any, is_real: Any, states: States) -> tuple[Any, States]:
        """Outputs (time, batch, units) and the last states."""
        weights, context_kernel = self.cell.step_weights(), ops.convert_to_tensor(self.context_kernel)
        places = ops.arange(ops.shape(inputs)[0], dtype="int32")

        def step(carry: dict, now: dict) -> tuple[dict, Any]:
            context = self._look_back(carry)
            product = now["product"] + ops.matmul(context, context_kernel)
            after, _ = self.cell.step(self.cell.finish_projection(product), carry["states"], weights)
            chosen = now["is_real"][:, None]
            after = tuple(
                ops.where(chosen, new, old) for new, old in zip(after, carry["states"], strict=True)
            )
            is_next = places == now["place"] + 1  # (time,)
            key = self.attention.prepare(after[0][:, None])
            return {
                "states": after,
                "values": ops.where(is_next[:, None], after[0][:, None], carry["values"]),
                "keys": ops.where(is_next[:, None], key, carry["keys"]),
                "is_there": ops.where(is_next, chosen, carry["is_there"]),
            }, after[0]

        values = ops.where(places[:, None] == 0, states[0][:, None], 0.0)  # (batch, time, units)
        carry = {
            "states": states,
            "values": values,
            "keys": self.attention.prepare(values),
            "is_there": ops.logical_and(places == 0, ops.ones_like(is_real[0], "bool")[:, None]),
        }
        product = self.cell.product(inputs, self.cell.input_weights())
        last, outputs = scan(step, carry, {"product": product, "is_real": is_real, "place": places})
        return outputs, last["states"]

    def _look_back(self, carry: dict) -> Any:
        """c_t, (batch, units)."""
        query = self.attention.project_query(carry["states"][0])
        energies = self.attention.energies(query, carry["keys"], self.attention.parameters())
        context, _ = attend(energies, carry["values"], mask_bias(carry["is_there"], energies.dtype))
        return context

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        output_mask = mask if self.return_sequences else None
        return (output_mask, (None,) * self.cell.num_states) if self.return_state else output_mask

    def get_config(self) -> dict[str, Any]:
        parts = {
            name: part if isinstance(part, (str, dict)) else keras.saving.serialize_keras_object(part)
            for name, part in self.parts.items()
        }
        return {
            **super().get_config(),
            "units": self.units,
            **parts,
            "go_backwards": self.go_backwards,
            "return_sequences": self.return_sequences,
            "return_state": self.return_state,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> AttentionRNN:
        return super().from_config(with_ready_parts(config, "cell", "attention"))
