"""Pictures in training: flips, windows and colours, each by draws of its own."""

import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.layers.image_augmentation import ImageAugmentation


def pictures(number=64, channels=3):
    return np.random.default_rng(0).integers(0, 256, (number, 8, 10, channels), "uint8")


def augmented(images, tokens=None, **options):
    layer = ImageAugmentation(
        **{"flip": 0.0, "crop": 0.0, "colour": 0.0, "side_ids": [[7], [8, 9]], **options}
    )
    return ops.convert_to_numpy(layer(images, tokens, training=True))


def test_nothing_changes_outside_training_or_with_nothing_on():
    images = pictures()
    np.testing.assert_array_equal(ImageAugmentation(side_words=[])(images), images)
    np.testing.assert_allclose(augmented(images), images, atol=1e-3)


def test_a_flip_turns_left_and_right_around():
    images = pictures()
    np.testing.assert_allclose(augmented(images, flip=1.0), images[:, :, ::-1], atol=1e-2)
    half = augmented(images, flip=0.5)
    flipped = np.abs(half - images[:, :, ::-1]).max(axis=(1, 2, 3)) < 1e-2
    same = np.abs(half - images).max(axis=(1, 2, 3)) < 1e-2
    assert np.all(flipped ^ same) and 15 < flipped.sum() < 49


def test_a_caption_that_tells_sides_keeps_its_picture():
    tokens = np.array([[2, 7, 3, 0], [2, 5, 8, 9], [2, 8, 5, 9], [2, 9, 8, 3], [2, 4, 3, 0]], "int32")
    images = pictures(5)
    found = augmented(images, tokens, flip=1.0)
    is_kept = np.abs(found - images).max(axis=(1, 2, 3)) < 1e-2
    assert is_kept.tolist() == [True, True, False, False, False]


def test_a_crop_is_a_window_of_the_picture():
    rows, columns = np.meshgrid(np.arange(8), np.arange(10), indexing="ij")
    ramp = np.broadcast_to(np.stack([rows * 20, columns * 20], axis=-1)[None], (64, 8, 10, 2)).astype("uint8")
    found = augmented(ramp, crop=0.4)
    for channel, axis, size in ((0, 1, 7), (1, 2, 9)):
        steps = np.diff(found[..., channel], axis=axis)
        assert steps.max() <= 20.1 and steps.min() >= 11.9  # from the whole picture to 0.6 of it
        assert found[..., channel].min() >= -1e-3 and found[..., channel].max() <= 20 * size + 1e-2
    scales = np.diff(found[..., 0], axis=1).mean(axis=(1, 2)) / 20
    assert 0.7 < scales.mean() < 0.9 and scales.std() > 0.05
    both = np.diff(found[..., 1], axis=2).mean(axis=(1, 2)) / 20
    np.testing.assert_allclose(both, scales, atol=1e-2)  # the shape stays


@pytest.mark.parametrize("channels", [1, 3])
def test_colours_change_little_and_stay_in_their_range(channels):
    images = pictures(channels=channels)
    found = augmented(images, colour=0.2)
    change = np.abs(found - images)
    assert found.min() >= 0 and found.max() <= 255 and 1 < change.mean() < 40
    assert len(np.unique(found.mean(axis=(1, 2, 3)).round(3))) == len(images)


def test_it_keeps_its_tokens_in_its_config():
    layer = ImageAugmentation(flip=0.3, side_words=["left"], side_ids=[[7]])
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert copy.get_config() == layer.get_config() and copy.side_ids == [[7]]


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="`side_words` need their `side_ids`"):
        ImageAugmentation()
    with pytest.raises(ValueError, match="`crop` must be >= 0 and < 1. Received: crop=1.0"):
        ImageAugmentation(crop=1.0, side_words=[])
