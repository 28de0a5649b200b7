"""A stack of cells whose attention feeds back into the next step.

The step, with feed m (the context c, or the attentional vector) and query projection Q:

    layer 1:  states = cell(x_t + m_{t-1} W_feed, states)          x_t: from before the loop
    layer k:  states = cell(h_{k-1} * dropout_k, states)
    c_t, a_t = attend(h_t Q)        m_t = c_t, or tanh(c_t + h_t W_h)

Luong's tanh([c_t, h_t] W_c) is the latter, attending to values that are multiplied by their part of W_c once,
before the loop: what is left of W_c is W_h.

Bahdanau's attention looks from s_{t-1} and feeds c_t to step t: the same loop, begun with one look from the
initial state. The gradient is written by hand: its loop carries the gradients of the states and of m alone,
and each weight's gradient is one matrix product over all steps at the end. Where there is coverage, to which
each step adds its weights, the gradient is found automatically.
"""

from __future__ import annotations

from typing import Any

from keras import ops, tree

from kerasseq.layers.attention.attention import Attention, attend_from, attend_gradient
from kerasseq.layers.cells.cell import Cell, States
from kerasseq.layers.scan import as_tensor, outer_sum, scan, shifted, with_gradient
from kerasseq.layers.watching import disturbed, probed


class AttentionRecurrence:
    """The loop of an attention decoder.

    Args:
        cells: The stack, built, the first cell's kernel split into input and feed.
        attention: The attention.
        residual: Add each upper layer's input to its output.
    """

    def __init__(self, cells: list[Cell], attention: Attention, residual: bool):
        self.cells = cells
        self.attention = attention
        self.residual = residual

    def __call__(self, inputs: dict) -> dict:
        """Runs over all target steps.

        Args:
            inputs: `product` (time, batch, gates) of the first cell, `masks` (one (time, batch, units) for
                each upper layer, or empty), `states`, `feed` (batch, feed_units), `keys`, `values` (batch,
                source_time, feed_units), `bias` (added to energies, (batch, source_time); it gets no
                gradient), `coverage` (batch, source_time) where there is one, and `weights` as `step` takes
                them.
        Returns:
            `outputs` (time, batch, units), `feeds` (time, batch, feed_units), `attention_weights`
            (time, batch, source_time), and the last `states` and `feed`.
        """

        def replay() -> list[tuple[States, Any]]:
            _, trace = self._run(inputs)
            return list(zip(shifted(inputs["states"], trace["states"]), trace["saved"], strict=True))

        def forward(inputs: dict) -> tuple[dict, Any]:
            last, trace = self._run(inputs)
            results = {
                "outputs": trace["output"],
                "feeds": trace["feed"],
                "attention_weights": trace["attention_weights"],
                "last": last,
            }
            return results, lambda upstream: self._backward(inputs, trace, upstream)

        inputs = {**inputs, "weights": tree.map_structure(as_tensor, inputs["weights"])}
        inputs = probed(inputs, self.cells, inputs["product"], replay)
        has_gradient = all(cell.has_gradient for cell in self.cells) and "coverage" not in inputs
        return with_gradient(forward, inputs) if has_gradient else forward(inputs)[0]

    def _run(self, inputs: dict) -> tuple[dict, dict]:
        """The last carry, and for each step what its gradient needs."""
        sequence = {name: inputs[name] for name in ("product", "masks", "probes") if name in inputs}
        carry = {name: inputs[name] for name in ("states", "feed", "coverage") if name in inputs}
        fixed = {**inputs, "weights": self._joined(inputs["weights"])}
        return scan(lambda carry, now: self.step(carry, now, fixed), carry, sequence)

    def _joined(self, weights: dict) -> dict:
        """The first cell's h' and the feed as one state with one matrix, [h', m] [U; W_feed], where they may.

        A product of twice the width takes a CPU less than two products.
        """
        cell, own = self.cells[0], weights["cells"][0]
        if not cell.only_adds_product or cell.layer_norm:
            return weights
        kernel = ops.concatenate([own["recurrent_kernel"], weights["feed"]], axis=0)
        others = {name: weight for name, weight in weights.items() if name != "feed"}
        return {**others, "cells": [{**own, "recurrent_kernel": kernel}, *weights["cells"][1:]]}

    def step(self, carry: dict, now: dict, fixed: dict) -> tuple[dict, dict]:
        """One target step; returns the carry and what the gradient needs of it."""
        weights = fixed["weights"]
        states, saved = [], []
        before = list(carry["states"])
        if "feed" in weights:
            projected = now["product"] + ops.matmul(carry["feed"], weights["feed"])
        else:  # `_joined`
            projected = now["product"]
            before[0] = (ops.concatenate([before[0][0], carry["feed"]], axis=-1), *before[0][1:])
        projected = self.cells[0].finish_projection(projected)
        output = None
        for index, cell in enumerate(self.cells):
            if index:
                below = output * now["masks"][index - 1] if now["masks"] else output
                projected = cell.finish_projection(cell.product(below, weights["inputs"][index - 1]))
            after, kept = cell.step(projected, before[index], weights["cells"][index])
            if "probes" in now:
                after = disturbed(after, now["probes"][index])
            output = after[0] + below if index and self.residual else after[0]
            states.append(after)
            saved.append(kept)
        query = output if "query" not in weights else ops.matmul(output, weights["query"])
        covers = "coverage" in carry
        seen = {**fixed, "coverage": (carry["coverage"], weights["coverage"])} if covers else fixed
        feed, attention_weights = attend_from(query, self.attention, seen, weights["attention"])
        if "combine" in weights:
            feed = ops.tanh(feed + ops.matmul(output, weights["combine"]))
        trace = {
            "states": states, "saved": saved, "output": output, "query": query,
            "attention_weights": attention_weights, "feed": feed,
        }  # fmt: skip
        after = {"states": states, "feed": feed}
        if covers:
            after["coverage"] = carry["coverage"] + attention_weights
        return after, trace

    def weights(self, kernels: dict[str, Any]) -> dict[str, Any]:
        """What a step multiplies by: the parts' own weights beside the decoder's `kernels`, by name.

        Args:
            kernels: `feed`; `combine`, W_h, where the feed is the attentional vector; `coverage`, w_u, or
                None.
        """
        given = {name: kernel for name, kernel in kernels.items() if kernel is not None}
        weights: dict[str, Any] = {name: ops.convert_to_tensor(kernel) for name, kernel in given.items()}
        weights["inputs"] = [cell.input_weights() for cell in self.cells[1:]]
        weights["cells"] = [cell.step_weights() for cell in self.cells]
        weights["attention"] = self.attention.parameters()
        if self.attention.query_kernel is not None:
            weights["query"] = ops.convert_to_tensor(self.attention.query_kernel)
        return weights

    def _backward(self, inputs: dict, trace: dict, upstream: dict) -> dict:
        weights = inputs["weights"]
        previous = shifted(inputs["states"], trace["states"])
        now = {
            "factors": [
                cell.factors(before, saved)
                for cell, before, saved in zip(self.cells, previous, trace["saved"], strict=True)
            ],
            "masks": inputs["masks"],
            "d_outputs": upstream["outputs"],
            "d_feeds": upstream["feeds"],
            "d_weights": upstream["attention_weights"],
            "query": trace["query"],
            "attention_weights": trace["attention_weights"],
        }
        if "combine" in weights:
            now["slope"] = 1 - trace["feed"] * trace["feed"]  # of the tanh
        carry = {**upstream["last"], "total": self.attention.start_gradient(inputs["keys"])}
        transposed = self._transposed(self._joined(weights))
        carry, d = scan(
            lambda carry, now: self._step_gradient(carry, now, inputs, transposed), carry, now, reverse=True
        )
        d_keys, d_attention = self.attention.finish_gradient(
            carry["total"], d["energies"], trace["query"], weights["attention"]
        )
        gradients = {
            "product": d["projected"][0],
            "masks": [ops.zeros_like(mask) for mask in inputs["masks"]],
            "states": carry["states"],
            "feed": carry["feed"],
            "keys": d_keys,
            "values": ops.matmul(
                ops.transpose(trace["attention_weights"], (1, 2, 0)), ops.transpose(d["context"], (1, 0, 2))
            ),
            "bias": ops.zeros_like(inputs["bias"]),
            "weights": {**self._weight_gradients(inputs, trace, d, previous), "attention": d_attention},
        }
        if "probes" in inputs:
            gradients["probes"] = d["states"]
        return gradients

    def _weight_gradients(self, inputs: dict, trace: dict, d: dict, previous: list) -> dict:
        weights, below = inputs["weights"], self._below(trace, inputs["masks"])
        cells = zip(self.cells, previous, trace["saved"], d["projected"], strict=True)
        d_weights = {
            "feed": outer_sum(shifted(inputs["feed"], trace["feed"]), d["projected"][0]),
            "inputs": [
                {"kernel": outer_sum(left, right), "bias": ops.sum(right, axis=(0, 1))}
                for left, right in zip(below, d["projected"][1:], strict=True)
            ],
            "cells": [cell.weight_gradients(before, saved, d_own) for cell, before, saved, d_own in cells],
        }
        if "query" in weights:
            d_weights["query"] = outer_sum(trace["output"], d["query"])
        if "combine" in weights:
            d_weights["combine"] = outer_sum(trace["output"], d["context"])
        return d_weights

    def _transposed(self, weights: dict) -> dict:
        """The weights that the loop back multiplies by, transposed once before it."""
        transposed = {
            name: ops.transpose(weights[name]) for name in ("feed", "query", "combine") if name in weights
        }
        transposed["kernels"] = [ops.transpose(upper["kernel"]) for upper in weights["inputs"]]
        transposed["cells"] = [
            cell.transposed_weights(own) for cell, own in zip(self.cells, weights["cells"], strict=True)
        ]
        return transposed

    def _step_gradient(self, carry: dict, now: dict, inputs: dict, transposed: dict) -> tuple[dict, dict]:
        d_context, d_output = carry["feed"] + now["d_feeds"], now["d_outputs"]
        if "combine" in transposed:
            d_context = d_context * now["slope"]
            d_output = d_output + ops.matmul(d_context, transposed["combine"])
        d_energies = attend_gradient(d_context, now["attention_weights"], inputs["values"], now["d_weights"])
        d_query, total = self.attention.energy_gradient(
            d_energies, now["query"], inputs["keys"], inputs["weights"]["attention"], carry["total"]
        )
        through_query = ops.matmul(d_query, transposed["query"]) if "query" in transposed else d_query
        d_projected, d_after, d_states = self._stack_gradient(
            d_output + through_query, carry["states"], now, transposed
        )
        if "feed" in transposed:
            d_feed = ops.matmul(d_projected[0], transposed["feed"])
        else:  # `_joined`
            d_h, d_feed = ops.split(d_states[0][0], [self.cells[0].units], axis=-1)
            d_states[0] = (d_h, *d_states[0][1:])
        step = {"projected": d_projected, "energies": d_energies, "context": d_context}
        if "query" in transposed:
            step["query"] = d_query
        if "probes" in inputs:
            step["states"] = d_after
        return {"states": d_states, "feed": d_feed, "total": total}, step

    def _stack_gradient(
        self, d_output: Any, d_states: list, now: dict, transposed: dict
    ) -> tuple[list, list, list]:
        """The gradients of what each cell was given, of its new states and of those before."""
        d_projected, d_before = [None] * len(self.cells), [None] * len(self.cells)
        d_after = [None] * len(self.cells)
        for index in reversed(range(len(self.cells))):
            d_after[index] = (d_states[index][0] + d_output, *d_states[index][1:])
            d_projected[index], d_before[index] = self.cells[index].step_gradient(
                d_after[index], now["factors"][index], transposed["cells"][index]
            )
            if index:
                d_below = ops.matmul(d_projected[index], transposed["kernels"][index - 1])
                d_below = d_below + d_output if self.residual else d_below
                d_output = d_below * now["masks"][index - 1] if now["masks"] else d_below
        return d_projected, d_after, d_before

    def _below(self, trace: dict, masks: list) -> list:
        """The inputs of the upper layers, for all steps: (time, batch, units) each."""
        below, output = [], None
        for index, states in enumerate(trace["states"][:-1]):
            output = states[0] + below[-1] if index and self.residual else states[0]
            below.append(output * masks[index] if masks else output)
        return below


def batch_major(sequence: Any) -> Any:
    """(time, batch, ...) -> (batch, time, ...), for each tensor of a structure."""
    return tree.map_structure(lambda x: ops.transpose(x, (1, 0, *range(2, x.ndim))), sequence)
