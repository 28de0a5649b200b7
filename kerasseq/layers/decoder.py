"""A recurrent decoder with or without attention."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kerasseq.layers.affine import affine, linear
from kerasseq.layers.attention.attention import attend_from, mask_bias, memory_of, rows_of
from kerasseq.layers.attention_recurrence import AttentionRecurrence, batch_major
from kerasseq.layers.copying import CopyGate
from kerasseq.layers.dropout import Dropout
from kerasseq.layers.kernels.fused import fused
from kerasseq.layers.ready_parts import with_ready_parts
from kerasseq.registry import create
from kerasseq.specs import Attention, Cell, NonNegativeFloat, PositiveInt, Rate, check_arguments

CONSTRAINTS = (
    (
        "input_feeding or attention.type != 'bahdanau'",
        "Bahdanau's attention feeds its context into the cell: leave `input_feeding` on, or take "
        "{type: luong, score: concat}",
    ),
    ("not copy or attention.type != 'none'", "words are copied from where the attention looks: take one"),
    (
        "not coverage or input_feeding and (attention.type == 'bahdanau' or "
        "attention.type == 'luong' and attention.score == 'concat')",
        "coverage is for additive energies and feeds: bahdanau, or {type: luong, score: concat} with feeding",
    ),
    ("coverage or coverage_weight == 1", "set `coverage: true`, or leave its weight out"),
)
CARRIED = ("states", "feed", "coverage")


@keras.saving.register_keras_serializable("kerasseq")
class RecurrentDecoder(keras.layers.Layer):
    """Stacked cells that attend to a memory; training and stepwise decoding share every weight.

    `call` runs over all target steps and computes only what feeds back inside the loop. `begin` and
    `step` decode one token at a time.

    Args:
        units: Width of each layer, positive.
        cell: The recurrent cell.
        num_layers: Cells on top of each other.
        attention: How to look at the source: `none`, `bahdanau` or `luong`.
        input_feeding: Feed the attentional vector to the next step (Luong et al. 2015, section 3.3). Where
            it is off, attention runs once for all steps, outside the loop. Bahdanau's attention feeds its
            context by definition.
        residual: Add each upper layer's input to its output.
        dropout: Rate between the layers and on the output.
        copy: Also tell how likely the next token is copied from the source; see `layers/copying.py`.
        coverage: Let the attention know where it has looked; see `layers/coverage.py`.
        coverage_weight: Weight of the loss on looking at a place again, in training.
    Call arguments:
        inputs: Embedded target tokens, (batch, target_time, embedding_dim).
        memory: Encoder outputs, (batch, source_time, width).
        memory_mask: True at real source tokens, (batch, source_time).
        initial_states: For each layer its states, (batch, units) each.
        with_attention: Whether to return what was looked at as well.
    Returns:
        (batch, target_time, units); `with_attention`, this and a dictionary of the `attention_weights`
        (batch, target_time, source_time) and, with `copy`, the `copy_gate` (batch, target_time).
    """

    def __init__(
        self,
        *,
        units: PositiveInt = 256,
        cell: Cell = "lstm",
        num_layers: PositiveInt = 1,
        attention: Attention = "bahdanau",
        input_feeding: bool = True,
        residual: bool = False,
        dropout: Rate = 0.0,
        copy: bool = False,
        coverage: bool = False,
        coverage_weight: NonNegativeFloat = 1.0,
        **kwargs: Any,
    ):
        options = {
            "units": units, "cell": cell, "num_layers": num_layers, "attention": attention,
            "input_feeding": input_feeding, "residual": residual, "dropout": dropout, "copy": copy,
            "coverage": coverage, "coverage_weight": coverage_weight,
        }  # fmt: skip
        check_arguments(RecurrentDecoder.__init__, **options)
        super().__init__(**kwargs)
        self.options = options
        self.units = units
        self.residual = residual
        self.cells = [create("cell", cell, units=units, dtype=self.dtype_policy) for _ in range(num_layers)]
        self.attention = create("attention", attention, units=units)
        if self.attention is not None and self.attention.feeds_context and not input_feeding:
            raise ValueError(
                "Bahdanau's attention feeds its context into the cell: leave `input_feeding` on, or take "
                f"`luong` with score 'concat'. Received: input_feeding={input_feeding}"
            )
        self.feeds = self.attention is not None and (input_feeding or self.attention.feeds_context)
        self.dropout = Dropout(dropout)
        if copy and self.attention is None:
            raise ValueError("`copy` needs an attention. Received: attention='none'")
        self.copy_gate = CopyGate(name="copy_gate") if copy else None
        if coverage and not (self.feeds and self.attention.is_additive):
            raise ValueError(
                "`coverage` needs an additive attention, `bahdanau` or `luong` with score 'concat', and "
                f"`input_feeding`. Received: attention={attention!r}, input_feeding={input_feeding}"
            )
        self.coverage, self.coverage_weight = coverage, coverage_weight
        self.coverage_kernel: Any = None

    @property
    def state_sizes(self) -> list[list[int]]:
        """For each layer the widths of its states."""
        return [cell.state_size for cell in self.cells]

    def build(self, inputs_shape: tuple, memory_shape: tuple | None = None) -> None:
        embedding_dim = inputs_shape[-1]
        for index, cell in enumerate(self.cells):
            cell.build((None, self.units if index else embedding_dim))
        if self.attention is None:
            return
        self.attention.build((None, self.units), memory_shape)
        width = memory_shape[-1]
        feeds_context, units = self.attention.feeds_context, self.units
        if self.feeds:
            self.feed_kernel = self.add_weight(
                name="feed_kernel",
                shape=(width if feeds_context else units, self.cells[0].num_gates * units),
                initializer="glorot_uniform",
            )
        self.readout_kernel = self.add_weight(
            name="readout_kernel",
            shape=(width + units + (embedding_dim if feeds_context else 0), units),
            initializer="glorot_uniform",
        )
        if self.copy_gate is not None:
            self.copy_gate.build(width, units, embedding_dim)
        if self.coverage:
            self.coverage_kernel = self.add_weight(name="coverage_kernel", shape=(self.attention.units,))

    def call(
        self,
        inputs: Any,
        memory: Any = None,
        memory_mask: Any = None,
        initial_states: Any = None,
        with_attention: bool = False,
        training: bool = False,
    ) -> Any:
        by_time = ops.transpose(inputs, (1, 0, 2))  # (target_time, batch, embedding_dim)
        run = self._with_feed if self.feeds else self._without_feed
        outputs, states, weights = run(by_time, memory, memory_mask, initial_states, training)
        outputs = self.dropout(outputs, training=training)
        if not with_attention:
            return outputs
        if self.copy_gate is None:
            return outputs, {"attention_weights": weights}
        gate = self.copy_gate(weights, self.copy_gate.prepare(memory), states, inputs)
        return outputs, {"attention_weights": weights, "copy_gate": gate}

    def _with_feed(
        self, by_time: Any, memory: Any, memory_mask: Any, states: Any, training: bool
    ) -> tuple[Any, Any, Any]:
        """The outputs, the upper cell's states and the attention weights, batch first."""
        state = self.begin(memory, memory_mask, states)
        results = self._loop()(
            {
                "product": self.cells[0].product(by_time, self.cells[0].input_weights()),
                "masks": self.dropout_masks(by_time, training),
                "weights": self._weights(),
                **{name: state[name] for name in CARRIED if name in state},
                **{name: state["memory"][name] for name in ("keys", "values", "bias")},
            }
        )
        outputs, weights = results["feeds"], results["attention_weights"]
        if self.attention.feeds_context:
            contexts = ops.concatenate([state["feed"][None], outputs[:-1]], axis=0)
            outputs = self._readout(contexts, results["outputs"], by_time)
            weights = ops.concatenate([state["next_weights"][None], weights[:-1]], axis=0)
        return batch_major((outputs, results["outputs"], weights))

    def _without_feed(
        self, by_time: Any, memory: Any, memory_mask: Any, states: Any, training: bool
    ) -> tuple[Any, Any, Any]:
        masks = self.dropout_masks(by_time, training)
        output = by_time
        for index, (cell, initial) in enumerate(zip(self.cells, states, strict=True)):
            below = output * masks[index - 1] if index and masks else output
            sequences, _ = fused(cell, cell.project(below), tuple(initial), None)
            output = sequences[0] + below if index and self.residual else sequences[0]
        output = batch_major(output)
        if self.attention is None:
            return output, output, None
        keys = self.attention.prepare(memory)
        bias = None if memory_mask is None else mask_bias(memory_mask, memory.dtype)
        context, weights = self.attention(output, keys, memory, bias)
        return self._readout(context, output, None), output, weights

    def _readout(self, context: Any, output: Any, embedded: Any) -> Any:
        """Luong's attentional vector; for Bahdanau, which predicts from the input too, its deep output."""
        parts = [context, output] if embedded is None else [context, output, embedded]
        return ops.tanh(linear(ops.concatenate(parts, axis=-1), self.readout_kernel))

    def begin(self, memory: Any, memory_mask: Any, initial_states: Any) -> dict[str, Any]:
        """The state before the first token.

        Under `memory` stands what stays the same from step to step.
        """
        state: dict[str, Any] = {"states": [tuple(states) for states in initial_states], "memory": {}}
        if self.attention is None:
            return state
        keys = self.attention.prepare(memory)
        state["attention_weights"] = ops.zeros_like(memory[:, :, 0])
        bias = state["attention_weights"] if memory_mask is None else mask_bias(memory_mask, memory.dtype)
        state["memory"] = {"keys": keys, "values": memory, "bias": bias}
        if self.copy_gate is not None:
            state["memory"]["copy_values"] = self.copy_gate.prepare(memory)
            state["copy_gate"] = ops.zeros_like(bias[:, 0])
        output = initial_states[-1][0]
        if self.attention.feeds_context:
            state["feed"], state["next_weights"] = self.attention(output, keys, memory, bias)
        elif self.feeds:
            state["feed"] = ops.zeros_like(output)
            # [c, h] W_c = c W_1 + h W_2, and c is a mean of values: each of them meets W_1 once, here.
            kernel = ops.cast(self.readout_kernel[: memory.shape[-1]], memory.dtype)
            state["memory"]["values"] = affine(memory, kernel)
        if self.coverage:
            state["coverage"] = state.get("next_weights", ops.zeros_like(bias))
        return state

    def step(
        self, inputs: Any, state: dict[str, Any], masks: list[Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """One token: (batch, embedding_dim) -> (batch, units), and the state after it.

        `attention_weights` in the new state are those that this step's output was made with. `masks` are
        the dropout masks between the layers, (batch, units) each.

        Several rows may share an example's memory. Then the state has `beams`, int32: the `examples` (rows,)
        of the rows, and where they stand in a table of (batch, beam): as `slots` (rows,), counted through
        all examples, and as `rows` (batch, beam), the other way round; some row where a place is empty.
        """
        run = self._step_with_feed if self.feeds else self._step_without_feed
        outputs, top, new = run(inputs, state, masks or [])
        new["memory"] = state["memory"]
        if self.copy_gate is not None:
            values = rows_of(state["memory"]["copy_values"], state)
            new["copy_gate"] = self.copy_gate(new["attention_weights"], values, top, inputs)
        return outputs, new

    def _step_without_feed(self, inputs: Any, state: dict, masks: list) -> tuple[Any, Any, dict]:
        """The output, the upper cell's and the new state, without what is the same in every step."""
        states, output = [], inputs
        for index, (cell, before) in enumerate(zip(self.cells, state["states"], strict=True)):
            below = output * masks[index - 1] if index and masks else output
            after, _ = cell.step(cell.project(below), before, cell.step_weights())
            output = after[0] + below if index and self.residual else after[0]
            states.append(after)
        if self.attention is None:
            return output, output, {"states": states}
        query = self.attention.project_query(output)
        context, weights = attend_from(query, self.attention, memory_of(state), self.attention.parameters())
        return self._readout(context, output, None), output, {"states": states, "attention_weights": weights}

    def _step_with_feed(self, inputs: Any, state: dict, masks: list) -> tuple[Any, Any, dict]:
        carry = {name: state[name] for name in CARRIED if name in state}
        product = self.cells[0].product(inputs, self.cells[0].input_weights())
        now = {"product": product, "masks": masks}
        after, trace = self._loop().step(carry, now, {**memory_of(state), "weights": self._weights()})
        new, top = {**after, "attention_weights": trace["attention_weights"]}, trace["output"]
        if not self.attention.feeds_context:
            return after["feed"], top, new
        # Bahdanau's context for this step was found at the end of the one before.
        new = {**new, "attention_weights": state["next_weights"], "next_weights": trace["attention_weights"]}
        return self._readout(state["feed"], top, inputs), top, new

    def _loop(self) -> AttentionRecurrence:
        return AttentionRecurrence(self.cells, self.attention, self.residual)

    def _weights(self) -> dict[str, Any]:
        kernels = {"feed": self.feed_kernel, "coverage": self.coverage_kernel}
        if not self.attention.feeds_context:
            kernels["combine"] = ops.convert_to_tensor(self.readout_kernel)[-self.units :]
        return self._loop().weights(kernels)

    def dropout_masks(self, by_time: Any, training: bool) -> list[Any]:
        """One mask for each upper layer, for all steps, or none where nothing is dropped."""
        if not training or not self.dropout.rate:
            return []
        shape = (*ops.shape(by_time)[:2], self.units)
        return [self.dropout(ops.ones(shape, by_time.dtype), training=True) for _ in self.cells[1:]]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.options}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> RecurrentDecoder:
        return super().from_config(with_ready_parts(config, "cell", "attention"))
