import keras
import numpy as np
import pytest

from kerasseq.layers.activation_regularization import ActivationRegularization
from tests.layers.parts import normal

MASK = np.arange(5) < np.array([[5], [3], [0]])
OUTPUTS = normal(3, 5, 4)
DROPPED = OUTPUTS * (normal(3, 1, 4, seed=2) > 0)


def _loss(layer, mask=MASK, **options):
    np.testing.assert_array_equal(layer(OUTPUTS, DROPPED, mask, **options), DROPPED)
    return sum(float(loss) for loss in layer.losses)


def test_the_size_of_real_outputs_is_punished():
    expected = 2.0 * np.mean(DROPPED[MASK] ** 2)
    layer = ActivationRegularization(activity=2.0)
    np.testing.assert_allclose(_loss(layer, training=True), expected, rtol=1e-5)


def test_the_change_between_real_steps_is_punished():
    changes = np.concatenate([np.diff(OUTPUTS[0], axis=0), np.diff(OUTPUTS[1, :3], axis=0)])
    layer = ActivationRegularization(slowness=0.5)
    np.testing.assert_allclose(_loss(layer, training=True), 0.5 * np.mean(changes**2), rtol=1e-5)


def test_both_add_up_and_nothing_real_costs_nothing():
    layers = [ActivationRegularization(**options) for options in ({"activity": 2.0}, {"slowness": 0.5})]
    both = ActivationRegularization(activity=2.0, slowness=0.5)
    expected = sum(_loss(layer, training=True) for layer in layers)
    np.testing.assert_allclose(_loss(both, training=True), expected, rtol=1e-6)
    assert _loss(both, np.zeros_like(MASK), training=True) == 0


def test_only_training_is_punished():
    assert _loss(ActivationRegularization(activity=2.0, slowness=1.0)) == 0
    assert not ActivationRegularization().losses


def test_it_comes_back_from_its_config():
    layer = ActivationRegularization(activity=2.0, slowness=0.5)
    copy = keras.layers.deserialize(keras.layers.serialize(layer))
    assert (copy.activity, copy.slowness) == (2.0, 0.5)


def test_a_negative_weight_is_refused():
    with pytest.raises(ValueError, match="`activity` must be >= 0. Received: activity=-1"):
        ActivationRegularization(activity=-1.0)
