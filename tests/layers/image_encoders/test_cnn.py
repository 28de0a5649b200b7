import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.layers.image_encoders.cnn import ConvolutionalEncoder
from kerasseq.registry import create, names


def pictures(number=3, size=(12, 10), channels=3, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (number, *size, channels), "uint8")


def _encoder(**options):
    encoder = ConvolutionalEncoder(**{"filters": [4, 6], **options})
    encoder(pictures())
    return encoder


def test_every_image_encoder_is_found():
    assert names("image_encoder") == ["application", "cnn", "none"]
    assert create("image_encoder", "none") is None


@pytest.mark.parametrize("coordinates", [True, False])
def test_it_is_its_equation(coordinates):
    encoder = _encoder(filters=[4], kernel_size=1, coordinates=coordinates)
    kernel, scale, shift, mean, variance = encoder.blocks[0][0].weights + encoder.blocks[0][1].weights
    random = np.random.default_rng(1)
    for variable in (kernel, scale, shift, mean):
        variable.assign(random.normal(size=variable.shape))
    variance.assign(random.uniform(0.5, 2, variable.shape))
    images = pictures()
    seen = images / 127.5 - 1
    if coordinates:
        rows, columns = np.meshgrid(np.linspace(-1, 1, 12), np.linspace(-1, 1, 10), indexing="ij")
        places = np.broadcast_to(np.stack([rows, columns], axis=-1), (3, 12, 10, 2))
        seen = np.concatenate([seen, places], axis=-1)
    projected = seen @ kernel.numpy()[0, 0]
    normal = (projected - mean.numpy()) / np.sqrt(variance.numpy() + 1e-3) * scale.numpy() + shift.numpy()
    expected = np.maximum(normal, 0).reshape(3, 6, 2, 5, 2, 4).max(axis=(2, 4))
    np.testing.assert_allclose(encoder(images), expected, rtol=1e-4, atol=1e-4)


def test_each_block_halves_and_rounds_up():
    assert _encoder(filters=[4, 6, 8])(pictures(size=(13, 9))).shape == (3, 2, 2, 8)
    assert _encoder(convolutions=2)(pictures()).shape == (3, 3, 3, 6)
    symbolic = ConvolutionalEncoder()(keras.Input((48, 64, 1)))
    assert symbolic.shape == (None, 6, 8, 128)


def test_a_batch_is_its_pictures_one_by_one():
    encoder, images = _encoder(), pictures()
    together = encoder(images)
    for row in range(3):
        np.testing.assert_allclose(encoder(images[row : row + 1])[0], together[row], rtol=1e-4, atol=1e-5)


def test_it_drops_in_training_only():
    encoder, images = _encoder(dropout=0.9), pictures()
    np.testing.assert_array_equal(encoder(images), encoder(images, training=False))
    assert float(ops.mean(ops.cast(encoder(images, training=True) == 0, "float32"))) > 0.5


def test_it_comes_back_from_its_config_and_file(tmp_path):
    inputs = keras.Input((12, 10, 3))
    model = keras.Model(inputs, ConvolutionalEncoder(filters=[4], coordinates=False, dropout=0.1)(inputs))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(pictures()), model(pictures()))


@pytest.mark.parametrize("option", ["kernel_size", "convolutions"])
def test_what_cannot_be_is_refused(option):
    with pytest.raises(ValueError, match=f"`{option}` must be positive. Received: {option}=0"):
        ConvolutionalEncoder(**{option: 0})
    for filters in ([], [8, 0]):
        with pytest.raises(ValueError, match="`filters` must be positive, one a block. Received: filters="):
            ConvolutionalEncoder(filters=filters)
