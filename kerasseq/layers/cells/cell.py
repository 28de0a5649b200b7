"""What every recurrent cell gives: one step, and that step's gradient."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kerasseq.specs import PositiveInt, check_arguments

States = tuple[Any, ...]


class Cell(keras.layers.Layer):
    """Base of the recurrent cells.

    A cell is split so that only what needs the previous state stays in the loop over time. The input's
    product is `project`, for all steps at once. `step` adds the recurrent product and the gates. Going
    back, `factors` holds the gates' derivatives for all steps at once, `step_gradient` carries the state's
    gradient, and `weight_gradients` is one matrix product over time. The first state is the output.

    Args:
        units: Width of each state, positive.
    """

    num_states = 1
    num_gates = 1

    def __init__(self, *, units: PositiveInt, **kwargs: Any):
        check_arguments(Cell.__init__, units=units)
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape: tuple) -> None:
        width = self.num_gates * self.units
        self.kernel = self.add_weight(
            name="kernel", shape=(input_shape[-1], width), initializer="glorot_uniform"
        )
        self.recurrent_kernel = self.add_weight(
            name="recurrent_kernel", shape=(self.units, width), initializer=self._recurrent_initializer
        )
        self.bias = self.add_weight(name="bias", shape=(width,), initializer=self._bias_initializer)

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
        return ops.add(ops.matmul(inputs, self.kernel), self.bias)

    def step_weights(self) -> tuple[Any, ...]:
        """The weights that `step` needs."""
        return (ops.convert_to_tensor(self.recurrent_kernel),)

    def transposed_weights(self, weights: tuple) -> tuple[Any, ...]:
        """What `step_gradient` multiplies by, transposed once before the loop.

        TensorFlow multiplies by a transposed view on a CPU at half the speed.
        """
        return tuple(ops.transpose(weight) for weight in weights if weight.ndim == 2)

    def step(self, projected: Any, states: States, weights: tuple) -> tuple[States, Any]:
        """One time step.

        Args:
            projected: From `project`, (batch, num_gates * units).
            states: (batch, units) each.
            weights: From `step_weights`.
        Returns:
            The new states, and what `factors` needs of this step.
        """
        raise NotImplementedError(f"{type(self).__name__} must define `step`")

    def factors(self, previous: States, saved: Any) -> Any:
        """Derivatives of the gates for all steps at once; every tensor is (time, batch, ...)."""
        raise NotImplementedError(f"{type(self).__name__} must define `factors`")

    def step_gradient(self, d_states: States, factors: Any, transposed: tuple) -> tuple[Any, States]:
        """One step back: the gradients of `projected` and of the previous states.

        Args:
            d_states: Gradients of the new states, (batch, units) each.
            factors: From `factors`, this step's.
            transposed: From `transposed_weights`.
        """
        raise NotImplementedError(f"{type(self).__name__} must define `step_gradient`")

    def weight_gradients(self, previous: States, saved: Any, d_projected: Any) -> tuple[Any, ...]:
        """The gradients of `step_weights`, from tensors (time, batch, ...)."""
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
        return {**super().get_config(), "units": self.units}
