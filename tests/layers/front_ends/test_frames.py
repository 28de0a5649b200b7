import keras
import numpy as np
import pytest

from kerasseq.layers.front_ends.frames import Frames
from tests.layers.parts import randomise

SHAPE = (8, 6, 1)
PIXELS = np.random.default_rng(0).integers(0, 256, (2, 4, *SHAPE), np.uint8)
VIDEOS = {"frames": PIXELS, "lengths": np.array([4, 2], "int32")}
SMALL = {"type": "cnn", "filters": [3, 4]}


def made(**options):
    layer = Frames(shape=SHAPE, image_encoder=SMALL, **options)
    layer(VIDEOS)
    return randomise(layer)


@pytest.mark.parametrize(("summary", "width"), [("flatten", 2 * 2 * 4), ("mean", 4), ("max", 4)])
def test_each_frame_goes_through_the_same_network(summary, width):
    layer = made(summary=summary)
    found = layer(VIDEOS)
    assert found.shape == (2, 4, width) and layer.width == width
    for row, frame in ((0, 3), (1, 0)):
        map_of = np.asarray(layer.image_encoder(PIXELS[row, frame][None]))[0]
        expected = {"flatten": map_of.ravel(), "mean": map_of.mean((0, 1)), "max": map_of.max((0, 1))}
        np.testing.assert_allclose(found[row, frame], expected[summary], atol=1e-5)


def test_what_a_frame_changes_is_seen_beside_it():
    layer = made(differences=True)
    found = layer(VIDEOS)
    seen = np.concatenate([PIXELS[0, 3], 127.5 + (PIXELS[0, 3].astype(float) - PIXELS[0, 2]) / 2], axis=-1)
    expected = np.asarray(layer.image_encoder(seen[None].astype("float32"))).ravel()
    np.testing.assert_allclose(found[0, 3], expected, atol=1e-5)
    still = {**VIDEOS, "frames": np.repeat(PIXELS[:, :1], 4, axis=1)}
    np.testing.assert_allclose(layer(still)[0, 0], layer(still)[0, 3], atol=1e-5)


def test_the_mask_tells_real_frames():
    assert np.asarray(made().compute_mask(VIDEOS)).tolist() == [[True] * 4, [True, True, False, False]]


def test_padding_leaves_no_trace():
    layer = made()
    alone = layer({"frames": PIXELS[1:, :2], "lengths": np.array([2], "int32")})
    np.testing.assert_allclose(alone[0], layer(VIDEOS)[1, :2], atol=1e-5)


def test_it_saves_reloads_and_hands_its_mask_on(tmp_path):
    layer = Frames(shape=SHAPE, image_encoder=SMALL)
    inputs = {
        name: keras.Input(raw.shape[1:], dtype=raw.dtype, name=name) for name, raw in layer.spec.items()
    }
    model = randomise(keras.Model(inputs, keras.layers.GlobalAveragePooling1D()(layer(inputs))))
    np.testing.assert_allclose(model(VIDEOS)[1], np.mean(layer(VIDEOS)[1, :2], axis=0), atol=1e-5)
    model.save(tmp_path / "model.keras")
    np.testing.assert_array_equal(keras.saving.load_model(tmp_path / "model.keras")(VIDEOS), model(VIDEOS))


def test_a_ready_network_is_taken_and_saved():
    ready = Frames(shape=SHAPE, image_encoder=made().image_encoder)
    assert Frames.from_config(ready.get_config())(VIDEOS).shape == (2, 4, 16)


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="`summary` must be one of 'flatten', 'mean', 'max'"):
        Frames(shape=SHAPE, summary="all")
