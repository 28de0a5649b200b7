"""What every recurrent cell gives: one step, and that step's gradient."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kerasseq.layers.affine import linear
from kerasseq.layers.scan import as_tensor
from kerasseq.specs import PositiveInt, check_arguments

States = tuple[Any, ...]
Weights = dict[str, Any]


class Cell(keras.layers.Layer):
    """Base of the recurrent cells.

    A cell is split so that only what needs the previous state stays in the loop over time. The input's
    product is `project`, for all steps at once. `step` adds the recurrent product and the gates. Going
    back, `factors` holds the gates' derivatives for all steps at once, `step_gradient` carries the state's
    gradient, and `weight_gradients` is one matrix product over time. The first state is the output.

    With `layer_norm`, W x and U h' are normalised apart, each gate on its own, before they are added:
    gain * (a - mean(a)) / std(a), and the bias comes after; so is a memory c before its tanh. The gradient
    is then found automatically (`has_gradient` is False).

    Args:
        units: Width of each state, positive.
        layer_norm: Normalise what goes into the gates.
    Reference:
        Ba et al. 2016, "Layer normalization", supplementary material, https://arxiv.org/abs/1607.06450
    """

    num_states = 1
    num_gates = 1
    has_product = True  # False: no state is multiplied by a matrix, so that time runs in parallel
    only_adds_product = False  # True: h' is read in its product alone, which is added to that of the input

    def __init__(self, *, units: PositiveInt, layer_norm: bool = False, **kwargs: Any):
        check_arguments(Cell.__init__, units=units)
        super().__init__(**kwargs)
        self.units = units
        self.layer_norm = layer_norm

    @property
    def has_gradient(self) -> bool:
        """Whether the gradient is written by hand."""
        return not self.layer_norm

    def build(self, input_shape: tuple) -> None:
        width = self.num_gates * self.units
        self.kernel = self.add_weight(
            name="kernel", shape=(input_shape[-1], width), initializer="glorot_uniform"
        )
        if self.has_product:
            self.recurrent_kernel = self.add_weight(
                name="recurrent_kernel", shape=(self.units, width), initializer=self._recurrent_initializer
            )
        self.bias = self.add_weight(name="bias", shape=(width,), initializer=self._bias_initializer)
        if self.layer_norm:
            self.gain = self.add_weight(name="gain", shape=(width,), initializer="ones")
            self.recurrent_gain = self.add_weight(name="recurrent_gain", shape=(width,), initializer="ones")
            if self.num_states == 2:
                self.state_gain = self.add_weight(name="state_gain", shape=(self.units,), initializer="ones")
                self.state_bias = self.add_weight(name="state_bias", shape=(self.units,), initializer="zeros")

    def _recurrent_initializer(self, shape: tuple, dtype: Any = None) -> Any:
        """An orthogonal square for each gate."""
        square = (self.units, self.units)
        squares = [keras.initializers.Orthogonal()(square, dtype) for _ in range(self.num_gates)]
        return ops.concatenate(squares, axis=-1)

    def _bias_initializer(self, shape: tuple, dtype: Any = None) -> Any:
        return ops.zeros(shape, dtype)

    def zero_states(self, batch_size: Any) -> States:
        """The states before the first step, (batch, units) each."""
        return tuple(ops.zeros((batch_size, self.units), self.compute_dtype) for _ in range(self.num_states))

    def project(self, inputs: Any) -> Any:
        """The part of the gates that needs no state: (..., inputs) -> (..., num_gates * units)."""
        return self.finish_projection(self.product(inputs, self.input_weights()))

    def product(self, inputs: Any, input_weights: Weights) -> Any:
        """W x + b, or W x where `finish_projection` adds the bias behind the normalisation."""
        return linear(inputs, input_weights["kernel"], input_weights.get("bias"))

    def finish_projection(self, product: Any) -> Any:
        """From the sum of all that stands beside U h' to what `step` takes."""
        if not self.layer_norm:
            return product
        return ops.add(self._normalise(product, self.gain), self._computed_in(self.bias))

    def input_weights(self) -> Weights:
        """The weights that `product` needs."""
        kernel = {"kernel": self._computed_in(self.kernel)}
        return kernel if self.layer_norm else {**kernel, "bias": self._computed_in(self.bias)}

    def step_weights(self) -> Weights:
        """The weights that `step` needs, by name.

        Those whose name ends in `kernel` are matrices that a state is multiplied by. A caller may add
        `recurrent_mask`, (batch, units), which h' is multiplied by before its product.
        """
        weights = {"recurrent_kernel": self._computed_in(self.recurrent_kernel)} if self.has_product else {}
        if self.layer_norm:
            gains = ["recurrent_gain", *(["state_gain", "state_bias"] if self.num_states == 2 else [])]
            weights.update({name: self._computed_in(getattr(self, name)) for name in gains})
        return weights

    def _computed_in(self, weight: Any) -> Any:
        """A weight in the precision that the cell computes in; outside of a call Keras does not cast it."""
        return ops.cast(as_tensor(weight), self.compute_dtype)

    def transposed_weights(self, weights: Weights) -> Weights:
        """What `step_gradient` multiplies by, transposed once before the loop.

        TensorFlow multiplies by a transposed view on a CPU at half the speed.
        """
        return {
            name: ops.transpose(weight) if name.endswith("kernel") else weight
            for name, weight in weights.items()
        }

    def recurrent_product(self, h: Any, weights: Weights, name: str = "recurrent") -> Any:
        """U h', for `step`, with the weights of a name: (batch, units) -> (batch, gates * units)."""
        product = ops.matmul(dropped(h, weights), weights[f"{name}_kernel"])
        return self._normalise(product, weights[f"{name}_gain"]) if self.layer_norm else product

    def recurrent_gradient(self, d_product: Any, transposed: Weights, name: str = "recurrent") -> Any:
        """The gradient of h' through its product, for `step_gradient`."""
        return dropped(ops.matmul(d_product, transposed[f"{name}_kernel"]), transposed)

    def squash_memory(self, c: Any, weights: Weights) -> Any:
        """tanh(c), of the normalised c where there is `layer_norm`."""
        if self.layer_norm:
            c = ops.add(self._normalise(c, weights["state_gain"]), weights["state_bias"])
        return ops.tanh(c)

    def _normalise(self, summed: Any, gain: Any) -> Any:
        """Each gate to mean 0 and variance 1, times its gain: (..., gates * units)."""
        shape, dtype = ops.shape(summed), summed.dtype
        gates = ops.reshape(summed, (*shape[:-1], shape[-1] // self.units, self.units))
        gates = ops.cast(gates, "float32")
        mean, variance = ops.moments(gates, axes=-1, keepdims=True)
        gates = ops.cast((gates - mean) * ops.rsqrt(variance + 1e-5), dtype)
        return ops.reshape(gates, shape) * ops.cast(gain, dtype)

    def step(self, projected: Any, states: States, weights: Weights) -> tuple[States, Any]:
        """One time step.

        Args:
            projected: From `project`, (batch, num_gates * units).
            states: (batch, units) each.
            weights: From `step_weights`.
        Returns:
            The new states, and what `factors` needs of this step.
        """
        raise NotImplementedError(f"{type(self).__name__} must define `step`")

    @property
    def has_step_by_gate(self) -> bool:
        """Whether there is a `step_by_gate`."""
        return False

    def step_by_gate(self, projected: tuple[Any, ...], states: States, weights: Weights) -> States:
        """One time step outside of training, in which no gate waits for another.

        Args:
            projected: From `project_by_gate`, (batch, units) for each gate.
            states: (batch, units) each.
            weights: From `weights_by_gate`; see `layers/kernels/by_gate.py` for both.
        Returns:
            The new states.
        """
        raise NotImplementedError(f"{type(self).__name__} must define `step_by_gate`")

    def factors(self, previous: States, saved: Any) -> Any:
        """Derivatives of the gates for all steps at once; every tensor is (time, batch, ...)."""
        raise NotImplementedError(f"{type(self).__name__} must define `factors`")

    def step_gradient(self, d_states: States, factors: Any, transposed: Weights) -> tuple[Any, States]:
        """One step back: the gradients of `projected` and of the previous states.

        Args:
            d_states: Gradients of the new states, (batch, units) each.
            factors: From `factors`, this step's.
            transposed: From `transposed_weights`.
        """
        raise NotImplementedError(f"{type(self).__name__} must define `step_gradient`")

    def weight_gradients(self, previous: States, saved: Any, d_projected: Any) -> Weights:
        """The gradients of `step_weights`, from tensors (time, batch, ...).

        Where the caller added a `recurrent_mask`, `previous[0]` comes multiplied by it.
        """
        raise NotImplementedError(f"{type(self).__name__} must define `weight_gradients`")

    def call(self, inputs: Any, states: States) -> tuple[Any, States]:
        """One step as `keras.layers.RNN` calls it: (batch, inputs), states -> output, states."""
        states, _ = self.step(self.project(inputs), tuple(states), self.step_weights())
        return states[0], list(states)

    @property
    def state_size(self) -> list[int]:
        return [self.units] * self.num_states

    @property
    def output_size(self) -> int:
        return self.units

    def get_config(self) -> dict[str, Any]:
        config = {**super().get_config(), "units": self.units}
        return {**config, "layer_norm": True} if self.layer_norm else config


def dropped(h: Any, weights: Weights) -> Any:
    """h', or where recurrent dropout is on, h' times its mask."""
    return h * weights["recurrent_mask"] if "recurrent_mask" in weights else h
