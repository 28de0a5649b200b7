import re

import numpy as np
import pytest

from kerasseq.layers.attention.luong import Luong, LuongConcat, luong
from tests.layers.parts import normal, randomise


@pytest.mark.parametrize("score", ["general", "concat"])
def test_encoder_outputs_may_be_wider_than_the_state(score):
    layer = luong(units=3, score=score)
    layer.build((None, 3), (None, None, 8))
    memory = normal(2, 5, 8)
    context, weights = randomise(layer)(normal(2, 3), layer.prepare(memory), memory)
    assert context.shape == (2, 8) and weights.shape == (2, 5)


@pytest.mark.parametrize("score", ["dot", "scaled_dot"])
def test_a_product_without_weights_needs_equal_widths(score):
    message = (
        f"`score` '{score}' needs encoder outputs as wide as the decoder's state; use 'general'. "
        "Received: encoder outputs of width 8, units=3"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        luong(units=3, score=score).build((None, 3), (None, None, 8))


def test_scaled_dot_is_dot_over_the_root_of_the_width():
    query, memory = normal(2, 4), normal(2, 5, 4, seed=2)
    dot, scaled = (
        layer.energies(query, layer.prepare(memory), ())
        for layer in (luong(units=4, score="dot"), luong(units=4, score="scaled_dot"))
    )
    np.testing.assert_allclose(np.asarray(dot) / 2, scaled, rtol=1e-5)


@pytest.mark.parametrize("units", [16, 256])
def test_generals_first_energies_do_not_grow_with_the_width(units):
    layer = luong(units=units)
    layer.build((None, units), (None, None, 2 * units))
    energies = layer.energies(normal(64, units), layer.prepare(normal(64, 9, 2 * units, seed=2)), ())
    assert 0.7 < np.std(energies) < 1.7  # sqrt(4 / 3), had the batch no end


def test_its_context_stays_out_of_the_cell():
    assert not luong(units=3).feeds_context and not luong(units=3, score="concat").feeds_context


def test_general_is_the_default():
    assert luong(units=3).score == "general"
    assert isinstance(luong(units=3, score="concat"), LuongConcat)


@pytest.mark.parametrize("build", [luong, Luong])
def test_an_unknown_score_is_refused(build):
    with pytest.raises(ValueError, match=r"^`score` must be one of .* Received: score='product'$"):
        build(units=3, score="product")
