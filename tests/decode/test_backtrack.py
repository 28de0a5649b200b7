import numpy as np
import pytest
from keras import ops

from kerasseq.decode.backtrack import backtrack, write_step
from kerasseq.decode.pick_slots import pick_slots


def test_reads_the_slots_from_the_last_one_back():
    # (time 4, batch 2, beam 3); the fourth step was not made.
    parents = np.array(
        [[[0, 0, 0], [0, 0, 0]], [[2, 0, 1], [1, 1, 1]], [[1, 1, 0], [2, 0, 0]], [[0] * 3] * 2]
    )
    slots = backtrack(
        ops.convert_to_tensor(parents, dtype="int32"),
        last_steps=ops.convert_to_tensor([[2, 1], [2, -1]], dtype="int32"),
        last_slots=ops.convert_to_tensor([[2, 0], [0, 0]], dtype="int32"),
        num_steps=3,
    )
    by_example = ops.convert_to_numpy(slots).transpose(1, 2, 0)
    assert by_example[0, 0, :3].tolist() == [2, 0, 2]  # slot 2 came from 0, and that from 2
    assert by_example[0, 1, :2].tolist() == [2, 0]
    assert by_example[1, 0, :3].tolist() == [1, 2, 0]


@pytest.mark.parametrize("leading", [(), (4,), (2, 4)])
@pytest.mark.parametrize("rest", [(), (6,)])
def test_picks_like_numpy(leading, rest):
    random = np.random.default_rng(0)
    values = random.normal(size=(*leading, 5, *rest)).astype("float32")
    slots = random.integers(0, 5, size=(*leading, 3)).astype("int32")
    expected = np.take_along_axis(values, slots[..., None] if rest else slots, axis=len(leading))
    picked = pick_slots(ops.convert_to_tensor(values), ops.convert_to_tensor(slots))
    np.testing.assert_array_equal(ops.convert_to_numpy(picked), expected)


def test_writes_one_step():
    history = write_step(ops.zeros((3, 2)), ops.convert_to_tensor(1), ops.ones((2,)))
    assert ops.convert_to_numpy(history).tolist() == [[0, 0], [1, 1], [0, 0]]
