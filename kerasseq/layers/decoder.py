"""A recurrent decoder with or without attention."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kerasseq.layers.affine import affine
from kerasseq.layers.attention.attention import attend_from, mask_bias
from kerasseq.layers.attention_recurrence import AttentionRecurrence, batch_major
from kerasseq.layers.kernels.fused import fused
from kerasseq.layers.ready_parts import with_ready_parts
from kerasseq.registry import create
from kerasseq.specs import Attention, Cell, PositiveInt, Rate, check_arguments

CONSTRAINTS = (
    (
        "input_feeding or attention.type != 'bahdanau'",
        "Bahdanau's attention feeds its context into the cell: leave `input_feeding` on, or take "
        "{type: luong, score: concat}",
    ),
)


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
    Call arguments:
        inputs: Embedded target tokens, (batch, target_time, embedding_dim).
        memory: Encoder outputs, (batch, source_time, width).
        memory_mask: True at real source tokens, (batch, source_time).
        initial_states: For each layer its states, (batch, units) each.
    Returns:
        (batch, target_time, units).
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
        **kwargs: Any,
    ):
        check_arguments(RecurrentDecoder.__init__, units=units, num_layers=num_layers, dropout=dropout)
        super().__init__(**kwargs)
        self.options = {
            "units": units, "cell": cell, "num_layers": num_layers, "attention": attention,
            "input_feeding": input_feeding, "residual": residual, "dropout": dropout,
        }  # fmt: skip
        self.units = units
        self.residual = residual
        self.cells = [create("cell", cell, units=units) for _ in range(num_layers)]
        self.attention = create("attention", attention, units=units)
        if self.attention is not None and self.attention.feeds_context and not input_feeding:
            raise ValueError(
                "Bahdanau's attention feeds its context into the cell: leave `input_feeding` on, or take "
                f"`luong` with score 'concat'. Received: input_feeding={input_feeding}"
            )
        self.feeds = self.attention is not None and (input_feeding or self.attention.feeds_context)
        self.dropout = keras.layers.Dropout(dropout)

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
        feeds_context = self.attention.feeds_context
        if self.feeds:
            self.feed_kernel = self.add_weight(
                name="feed_kernel",
                shape=(width if feeds_context else self.units, self.cells[0].num_gates * self.units),
                initializer="glorot_uniform",
            )
        readout_width = width + self.units + (embedding_dim if feeds_context else 0)
        self.readout_kernel = self.add_weight(
            name="readout_kernel", shape=(readout_width, self.units), initializer="glorot_uniform"
        )

    def call(
        self,
        inputs: Any,
        memory: Any = None,
        memory_mask: Any = None,
        initial_states: Any = None,
        training: bool = False,
    ) -> Any:
        by_time = ops.transpose(inputs, (1, 0, 2))  # (target_time, batch, embedding_dim)
        if self.feeds:
            outputs = self._with_feed(by_time, memory, memory_mask, initial_states, training)
        else:
            outputs = self._without_feed(by_time, memory, memory_mask, initial_states, training)
        return self.dropout(outputs, training=training)

    def _with_feed(self, by_time: Any, memory: Any, memory_mask: Any, states: Any, training: bool) -> Any:
        state = self.begin(memory, memory_mask, states)
        results = self._loop()(
            {
                "product": self.cells[0].product(by_time, self.cells[0].input_weights()),
                "masks": self.dropout_masks(by_time, training),
                "states": state["states"],
                "feed": state["feed"],
                **state["memory"],
                "weights": self._weights(),
            }
        )
        feeds = results["feeds"]
        if self.attention.feeds_context:
            contexts = ops.concatenate([state["feed"][None], feeds[:-1]], axis=0)
            outputs = self._readout(contexts, results["outputs"], by_time)
        else:
            outputs = feeds
        return batch_major(outputs)

    def _without_feed(self, by_time: Any, memory: Any, memory_mask: Any, states: Any, training: bool) -> Any:
        masks = self.dropout_masks(by_time, training)
        output = by_time
        for index, (cell, initial) in enumerate(zip(self.cells, states, strict=True)):
            below = output * masks[index - 1] if index and masks else output
            sequences, _ = fused(cell, cell.project(below), tuple(initial), None)
            output = sequences[0] + below if index and self.residual else sequences[0]
        output = batch_major(output)
        if self.attention is None:
            return output
        bias = None if memory_mask is None else mask_bias(memory_mask, memory.dtype)
        context, _ = self.attention(output, self.attention.prepare(memory), memory, bias)
        return self._readout(context, output, None)

    def _readout(self, context: Any, output: Any, embedded: Any) -> Any:
        """Luong's attentional vector; for Bahdanau, which predicts from the input too, its deep output."""
        parts = [context, output] if embedded is None else [context, output, embedded]
        return ops.tanh(ops.matmul(ops.concatenate(parts, axis=-1), self.readout_kernel))

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
        output = initial_states[-1][0]
        if self.attention.feeds_context:
            state["feed"], state["next_weights"] = self.attention(output, keys, memory, bias)
        elif self.feeds:
            state["feed"] = ops.zeros_like(output)
            # [c, h] W_c = c W_1 + h W_2, and c is a mean of values: each of them meets W_1 once, here.
            kernel = ops.cast(self.readout_kernel[: memory.shape[-1]], memory.dtype)
            state["memory"]["values"] = affine(memory, kernel)
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
        masks = masks or []
        if self.feeds:
            return self._step_with_feed(inputs, state, masks)
        states, output = [], inputs
        for index, (cell, before) in enumerate(zip(self.cells, state["states"], strict=True)):
            below = output * masks[index - 1] if index and masks else output
            after, _ = cell.step(cell.project(below), before, cell.step_weights())
            output = after[0] + below if index and self.residual else after[0]
            states.append(after)
        memory = state["memory"]
        if self.attention is None:
            return output, {"states": states, "memory": memory}
        query = self.attention.project_query(output)
        context, weights = attend_from(query, self.attention, _as_seen(state), self.attention.parameters())
        new = {"states": states, "memory": memory, "attention_weights": weights}
        return self._readout(context, output, None), new

    def _step_with_feed(self, inputs: Any, state: dict, masks: list) -> tuple[Any, dict]:
        memory = state["memory"]
        carry = {"states": state["states"], "feed": state["feed"]}
        product = self.cells[0].product(inputs, self.cells[0].input_weights())
        now = {"product": product, "masks": masks}
        after, trace = self._loop().step(carry, now, {**_as_seen(state), "weights": self._weights()})
        new = {**after, "memory": memory, "attention_weights": trace["attention_weights"]}
        if not self.attention.feeds_context:
            return after["feed"], new
        # Bahdanau's context for this step was found at the end of the one before.
        new = {**new, "attention_weights": state["next_weights"], "next_weights": trace["attention_weights"]}
        return self._readout(state["feed"], trace["output"], inputs), new

    def _loop(self) -> AttentionRecurrence:
        return AttentionRecurrence(self.cells, self.attention, self.residual)

    def _weights(self) -> dict[str, Any]:
        weights = {
            "feed": ops.convert_to_tensor(self.feed_kernel),
            "inputs": [cell.input_weights() for cell in self.cells[1:]],
            "cells": [cell.step_weights() for cell in self.cells],
            "attention": self.attention.parameters(),
        }
        if self.attention.query_kernel is not None:
            weights["query"] = ops.convert_to_tensor(self.attention.query_kernel)
        if not self.attention.feeds_context:
            weights["combine"] = ops.convert_to_tensor(self.readout_kernel)[-self.units :]
        return weights

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


def _as_seen(state: dict[str, Any]) -> dict[str, Any]:
    """The memory, and where a beam search has several rows for each of it, which."""
    return {**state["memory"], **({"beams": state["beams"]} if "beams" in state else {})}
