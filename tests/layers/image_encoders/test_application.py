import typing

import keras
import numpy as np
import pytest

from kerasseq.layers.image_encoders import application
from kerasseq.layers.image_encoders.application import ApplicationEncoder
from kerasseq.registry import create
from tests.layers.image_encoders.small_network import small_network

SCRATCH = {"network": "MobileNetV3Small", "weights": None, "learning_rate_multiplier": 1.0}


def pictures(size=32):
    return np.random.default_rng(0).integers(0, 256, (2, size, size, 3), "uint8")


@pytest.fixture(scope="module")
def from_scratch():
    return ApplicationEncoder(**SCRATCH)


@pytest.fixture(scope="module")
def weights_file(from_scratch, tmp_path_factory):
    """What someone fetched elsewhere."""
    path = tmp_path_factory.mktemp("weights") / "small.weights.h5"
    from_scratch.network.save_weights(path)
    return str(path)


def test_each_network_is_one_of_keras():
    assert typing.get_args(application.Network) == tuple(application.MODULES)
    for name, module in application.MODULES.items():
        assert callable(getattr(keras.applications, name))
        assert callable(getattr(keras.applications, module).preprocess_input)


def test_its_map_is_a_32nd_of_the_picture(from_scratch):
    assert from_scratch(pictures(64)).shape == (2, 2, 2, 576)
    assert from_scratch.compute_output_shape((None, 64, 96, 3)) == (None, 2, 3, 576)


def test_pictures_are_preprocessed_as_the_network_wants_them(monkeypatch, from_scratch):
    seen = []
    monkeypatch.setattr(
        from_scratch._module, "preprocess_input", lambda pixels: seen.append(np.asarray(pixels)) or pixels
    )
    from_scratch(pictures())
    assert seen[0].dtype == "float32" and np.array_equal(seen[0], pictures())


def test_it_starts_from_a_file_of_weights_and_is_frozen(from_scratch, weights_file):
    frozen = ApplicationEncoder(network="MobileNetV3Small", weights=weights_file)
    for ours, theirs in zip(frozen.weights, from_scratch.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert not frozen.trainable_weights


@pytest.fixture
def small_file(tmp_path, monkeypatch):
    """The weights of a small network, which takes the other's place."""
    monkeypatch.setattr(keras.applications, "MobileNetV3Small", small_network)
    network = small_network(include_top=False, weights=None, input_shape=(None, None, 3))
    network.save_weights(tmp_path / "smaller.weights.h5")
    return str(tmp_path / "smaller.weights.h5")


def test_it_learns_at_a_rate_of_its_own_and_keeps_its_statistics(small_file):
    options = {"network": "MobileNetV3Small", "weights": small_file}
    tuned = ApplicationEncoder(**options, learning_rate_multiplier=0.1)
    np.testing.assert_allclose(tuned(pictures()), ApplicationEncoder(**options)(pictures()), rtol=1e-5)
    assert {variable.learning_rate_multiplier for variable in tuned.trainable_variables} == {0.1}
    # What it came with stays: training on a few pictures moves no statistics.
    before = [np.array(variable) for variable in tuned.non_trainable_variables]
    tuned(pictures(), training=True)
    for old, new in zip(before, tuned.non_trainable_variables, strict=True):
        np.testing.assert_array_equal(old, new)
    from_scratch = ApplicationEncoder(**SCRATCH)
    before = [np.array(variable) for variable in from_scratch.non_trainable_variables]
    from_scratch(pictures(), training=True)
    assert not np.array_equal(before[0], from_scratch.non_trainable_variables[0])


def test_weights_that_cannot_be_had_are_told(monkeypatch):
    def fetch(*, weights, **options):
        if weights:
            raise Exception("URL fetch failure on https://storage: None -- unreachable")
        return small_network(weights=weights, **options)

    monkeypatch.setattr(keras.applications, "MobileNetV2", fetch)
    with pytest.raises(ValueError, match="the `weights` 'imagenet' of MobileNetV2 cannot be had: URL fetch"):
        ApplicationEncoder()
    with pytest.raises(
        ValueError, match="the path of a file of weights that was fetched elsewhere, or train"
    ):
        ApplicationEncoder()
    ApplicationEncoder(fetches=False)


def test_a_file_of_weights_that_is_not_there_is_told():
    with pytest.raises(ValueError, match="the `weights` 'no.weights.h5' of MobileNetV3Small cannot be had: "):
        ApplicationEncoder(network="MobileNetV3Small", weights="no.weights.h5")


def test_what_cannot_be_is_refused(small_file):
    with pytest.raises(ValueError, match="must be positive for a network that starts from random weights"):
        ApplicationEncoder(weights=None)
    with pytest.raises(ValueError, match="`network` must be one of 'ConvNeXtTiny', .*network='LeNet'"):
        ApplicationEncoder(network="LeNet")
    with pytest.raises(ValueError, match="`MobileNetV3Small` reads pictures in colour: set `channels` to 3"):
        ApplicationEncoder(**SCRATCH)(keras.Input((32, 32, 1)))


def test_it_comes_back_from_its_file_without_a_fetch(small_file, tmp_path, monkeypatch):
    inputs = keras.Input((32, 32, 3))
    encoder = create("image_encoder", {"type": "application", **SCRATCH, "weights": small_file})
    model = keras.Model(inputs, encoder(inputs))
    model.save(tmp_path / "model.keras")
    monkeypatch.setattr(
        application.ApplicationEncoder, "_made", _refusing(application.ApplicationEncoder._made)
    )
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded(pictures()), model(pictures()), rtol=1e-5, atol=1e-6)


def _refusing(made):
    def without_weights(self, weights):
        assert weights is None
        return made(self, weights)

    return without_weights
