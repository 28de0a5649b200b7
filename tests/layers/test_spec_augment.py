import keras
import numpy as np
import pytest

from kerasseq.layers.spec_augment import SpecAugment

LENGTHS = np.array([50, 20, 7, 1])
MASK = np.arange(50) < LENGTHS[:, None]
ONES = np.ones((4, 50, 12), "float32")


def hidden(draws=40, **options):
    """What is masked in each of many draws, (draws, batch, frames, bands)."""
    layer = SpecAugment(seed=3, **options)
    return np.stack([np.asarray(layer(ONES, MASK, training=True)) == 0 for _ in range(draws)])


def test_time_masks_are_whole_frames_within_the_recording():
    found = hidden(time_masks=1, time_mask_frames=6, time_mask_share=0.25, frequency_masks=0)
    assert (found.all(-1) == found.any(-1)).all()
    frames = found.any(-1)
    assert not frames[:, ~MASK].any()
    assert (frames.sum(-1).max(0) == [6, 5, 1, 0]).all()  # of shares 12, 5, 1 and 0
    starts = frames[:, 0].argmax(-1)[frames[:, 0].any(-1)]
    assert len(set(starts)) > 10
    changes = np.diff(frames.astype(int), axis=-1, prepend=0, append=0)
    assert (np.abs(changes).sum(-1) <= 2).all()  # one stretch


def test_frequency_masks_are_whole_bands():
    found = hidden(time_masks=0, frequency_masks=1, frequency_mask_bands=4)
    assert (found.all(-2) == found.any(-2)).all()
    bands = found.any(-2)
    assert set(bands.sum(-1).ravel()) == {0, 1, 2, 3, 4}
    assert bands.any((0, 1)).all()  # each band at some time


def test_each_example_has_its_own_masks():
    found = hidden(draws=1, time_masks=2, frequency_masks=2)[0]
    assert (found[0] != found[1]).any()


def test_masks_of_all_bands_fit():
    assert not hidden(draws=5, frequency_masks=1, time_masks=0, frequency_mask_bands=100).all()


def test_nothing_is_masked_outside_of_training_or_without_masks():
    np.testing.assert_array_equal(SpecAugment()(ONES, MASK), ONES)
    np.testing.assert_array_equal(
        SpecAugment(time_masks=0, frequency_masks=0)(ONES, MASK, training=True), ONES
    )


def test_it_comes_back_from_its_config():
    options = {
        "time_masks": 1,
        "time_mask_frames": 3,
        "time_mask_share": 0.5,
        "frequency_masks": 3,
        "seed": 4,
    }
    config = keras.layers.deserialize(keras.layers.serialize(SpecAugment(**options))).get_config()
    assert {name: config[name] for name in options} == options


def test_arguments_out_of_range_are_refused():
    with pytest.raises(ValueError, match="`time_masks` must be >= 0. Received: time_masks=-1"):
        SpecAugment(time_masks=-1)
    with pytest.raises(
        ValueError, match="`time_mask_share` must be >= 0 and <= 1. Received: time_mask_share=2"
    ):
        SpecAugment(time_mask_share=2)
