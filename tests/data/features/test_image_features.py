"""Pictures as a frozen network sees them: made once, kept with its weights, and in the graph."""

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasseq.data.features.image import ImageFeature
from kerasseq.data.features.image_features import ImageFeatures
from kerasseq.errors import DataError
from kerasseq.layers.image_encoders.application import ApplicationEncoder
from tests.data.picture_files import picture, write_picture
from tests.layers.image_encoders.small_network import small_network


@pytest.fixture(scope="module", autouse=True)
def small():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keras.applications, "MobileNetV3Small", small_network)
        yield


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """A network that has learned nothing, with the file of its weights."""
    encoder = ApplicationEncoder(network="MobileNetV3Small", weights=None, learning_rate_multiplier=1.0)
    path = tmp_path_factory.mktemp("network") / "small.weights.h5"
    encoder.network.save_weights(path)
    return encoder, {"type": "application", "network": "MobileNetV3Small", "weights": str(path)}


@pytest.fixture(scope="module")
def learned(network):
    feature = ImageFeatures(image_encoder=network[1], height=32, width=64)
    feature.learn(iter(()))
    return feature


@pytest.fixture
def paths(tmp_path):
    return [str(write_picture(tmp_path / f"{seed}.png", picture(40, 64, seed=seed))) for seed in range(3)]


def test_a_batch_holds_the_networks_maps(network, learned, paths):
    pixels = ImageFeature(height=32, width=64).encode(paths)
    expected = np.asarray(network[0](pixels, training=False))
    flat, ends = learned.read(paths)
    assert flat.dtype == np.float16 and ends.tolist() == [12, 24, 36]
    batch = learned.layout.assemble(flat, np.diff(ends, prepend=0), 8)
    assert batch.shape == (3, 1, 2, 6) and learned.shape == (1, 2, 6)
    np.testing.assert_allclose(batch, expected, rtol=2e-3, atol=2e-3)
    np.testing.assert_array_equal(learned.encode(paths), batch)
    assert learned.spec.dtype == "float16" and learned.spec.shape == (None, 1, 2, 6)


def test_bytes_give_what_the_file_does(learned, paths):
    contents = [Path(path).read_bytes() for path in paths]
    np.testing.assert_allclose(learned.of_bytes(contents), learned.encode(paths), rtol=2e-3, atol=2e-3)


def test_the_network_is_kept_beside_the_checksum(network, learned, paths, tmp_path):
    learned.save(tmp_path / "image.txt")
    other = ImageFeatures(image_encoder={**network[1], "weights": "gone.weights.h5"}, height=32, width=64)
    other.load(tmp_path / "image.txt")
    np.testing.assert_array_equal(other.encode(paths), learned.encode(paths))
    assert other.checksum == learned.checksum == (tmp_path / "image.txt").read_text("utf-8").strip()
    (tmp_path / "image.weights.h5").unlink()
    with pytest.raises(
        DataError, match=r"image.weights.h5: the network cannot be read: .*\n  fix: run the recipe"
    ):
        other.load(tmp_path / "image.txt")


def test_a_saved_graph_holds_the_network(learned, paths, tmp_path):
    module = tf.Module()
    module.features = {"image": learned}
    call = tf.function(lambda image: {"map": learned.of_bytes(image)}, autograph=False)
    signature = call.get_concrete_function(tf.TensorSpec((None,), tf.string, name="image"))
    tf.saved_model.save(module, str(tmp_path / "saved"), signatures={"serving_default": signature})
    loaded = tf.saved_model.load(str(tmp_path / "saved")).signatures["serving_default"]
    contents = tf.constant([Path(path).read_bytes() for path in paths])
    np.testing.assert_allclose(loaded(image=contents)["map"], learned.encode(paths), rtol=2e-3, atol=2e-3)


def test_weights_that_cannot_be_had_are_told():
    feature = ImageFeatures(
        image_encoder={"type": "application", "network": "VGG16", "weights": "no.weights.h5"}
    )
    with pytest.raises(
        DataError, match="`data.features`: the `weights` 'no.weights.h5' of VGG16 cannot be had"
    ):
        feature.learn(iter(()))


def test_every_option_decides_what_is_kept(learned, network):
    assert learned.options == {
        "type": "image_features", "image_encoder": network[1], "height": 32, "width": 64, "channels": 3,
        "fit": "crop",
    }  # fmt: skip
    assert ImageFeatures().options["image_encoder"] == {"type": "application"}
    with pytest.raises(ValueError, match="`height` must be positive. Received: height=0"):
        ImageFeatures(height=0)
