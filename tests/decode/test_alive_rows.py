import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.decode.alive_rows import alive_rows

IS_ALIVE = np.array([[False, True, True], [False, False, False], [True, False, True]])


def found(is_alive):
    beams = alive_rows(ops.convert_to_tensor(is_alive))
    return {name: ops.convert_to_numpy(value) for name, value in beams.items()}


@pytest.mark.skipif(keras.backend.backend() == "jax", reason="every slot has a row there")
def test_each_hypothesis_that_is_alive_has_a_row():
    beams = found(IS_ALIVE)
    assert beams["slots"].tolist() == [1, 2, 6, 8]
    assert beams["examples"].tolist() == [0, 0, 2, 2]


def test_rows_and_slots_lead_to_each_other():
    beams = found(IS_ALIVE)
    slots = np.flatnonzero(IS_ALIVE)
    assert beams["slots"][beams["rows"].reshape(-1)[slots]].tolist() == slots.tolist()
    assert (beams["examples"] == beams["slots"] // 3).all()


def test_an_empty_slot_points_at_a_row_that_exists():
    beams = found(IS_ALIVE)
    assert ((beams["rows"] >= 0) & (beams["rows"] < len(beams["slots"]))).all()
