import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.layers.scan import outer_sum, scan, shifted, with_gradient
from tests.layers.gradients import assert_gradients_close, value_and_gradients
from tests.layers.parts import normal


def _running(carry, now):
    """A carry of two tensors, and an output of another shape than either."""
    total = carry["total"] * 0.5 + now["x"]
    return {"total": total, "count": carry["count"] + 1.0}, (total, ops.sum(total * now["y"], axis=-1))


def _plain(carry, inputs, reverse):
    time = len(inputs["x"])
    totals, sums = [None] * time, [None] * time
    for t in reversed(range(time)) if reverse else range(time):
        carry = {"total": carry["total"] * 0.5 + inputs["x"][t], "count": carry["count"] + 1.0}
        totals[t], sums[t] = carry["total"], (carry["total"] * inputs["y"][t]).sum(-1)
    return carry, (np.array(totals), np.array(sums))


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("time", [1, 2, 5])
def test_scan_equals_a_python_loop(time, reverse):
    carry = {"total": normal(3, 2), "count": np.zeros((3, 1), "float32")}
    inputs = {"x": normal(time, 3, 2, seed=2), "y": normal(time, 3, 2, seed=3)}
    as_tensors = keras.tree.map_structure(ops.convert_to_tensor, (carry, inputs))
    last, (totals, sums) = scan(_running, *as_tensors, reverse=reverse)
    expected_last, (expected_totals, expected_sums) = _plain(carry, inputs, reverse)
    np.testing.assert_allclose(last["total"], expected_last["total"], rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(last["count"], expected_last["count"])
    np.testing.assert_allclose(totals, expected_totals, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(sums, expected_sums, rtol=1e-5, atol=1e-6)


def test_scan_leaves_outputs_in_place_when_it_goes_backwards():
    inputs = ops.reshape(ops.arange(4, dtype="float32"), (4, 1))
    _, outputs = scan(lambda carry, now: (carry, now), ops.zeros((1,)), inputs, reverse=True)
    np.testing.assert_array_equal(outputs, inputs)


def test_with_gradient_uses_the_given_gradient():
    """A gradient that is wrong on purpose arrives as it is."""

    def function(inputs):
        outputs = {"product": inputs["a"] * inputs["b"]}
        return outputs, lambda upstream: {"a": 10.0 * upstream["product"], "b": -upstream["product"]}

    a, b = normal(3), normal(3, seed=2)
    value, (d_a, d_b) = value_and_gradients(
        lambda a, b: ops.sum(with_gradient(function, {"a": a, "b": b})["product"] * 2.0), [a, b]
    )
    np.testing.assert_allclose(value, 2 * (a * b).sum(), rtol=1e-5)
    np.testing.assert_array_equal(d_a, np.full(3, 20.0))
    np.testing.assert_array_equal(d_b, np.full(3, -2.0))


def test_with_gradient_lets_variables_through():
    weight = keras.Variable(normal(2, 2), trainable=True)

    def function(inputs):
        return inputs["x"] @ inputs["w"], lambda d: {
            "x": d @ ops.transpose(inputs["w"]),
            "w": ops.transpose(inputs["x"]) @ d,
        }

    x = normal(3, 2, seed=2)
    weights = [weight]
    ours = value_and_gradients(
        lambda x: ops.sum(with_gradient(function, {"x": x, "w": weight}) ** 2), [x], weights
    )
    theirs = value_and_gradients(lambda x: ops.sum(ops.matmul(x, weight) ** 2), [x], weights)
    np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-6)
    assert_gradients_close(ours[1], theirs[1])


def test_shifted_puts_the_initial_state_first_and_drops_the_last():
    initial, sequence = normal(2, 3), normal(4, 2, 3, seed=2)
    (moved,) = shifted((ops.convert_to_tensor(initial),), (ops.convert_to_tensor(sequence),))
    np.testing.assert_array_equal(moved, np.concatenate([initial[None], sequence[:-1]]))


def test_outer_sum_is_a_sum_of_outer_products():
    left, right = normal(4, 2, 3), normal(4, 2, 5, seed=2)
    expected = sum(
        np.outer(a, b) for x, y in zip(left, right, strict=True) for a, b in zip(x, y, strict=True)
    )
    actual = outer_sum(ops.convert_to_tensor(left), ops.convert_to_tensor(right))
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-5)
