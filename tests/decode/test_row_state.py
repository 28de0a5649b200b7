import numpy as np
from keras import ops

from kerasseq.decode.row_state import attention_of, join_memory, split_memory, take_rows


def test_memory_parts_and_joins():
    state = {"cell": (1, 2), "memory": {"keys": 3}}
    changing, memory = split_memory(state)
    assert changing == {"cell": (1, 2)}
    assert memory == {"keys": 3}
    assert join_memory(changing, memory) == state
    assert "memory" in state


def test_where_a_beam_search_stands_is_told_beside_the_memory_and_not_carried_on():
    told = join_memory({"cell": 1}, 3, {"rows": 2})
    assert told == {"cell": 1, "memory": 3, "beams": {"rows": 2}}
    assert split_memory(told) == ({"cell": 1}, 3)


def test_a_state_without_memory_stays_as_it_is():
    for state in ((1, 2), {"cell": 1}):
        changing, memory = split_memory(state)
        assert changing is state and memory is None
        assert join_memory(changing, memory) is state


def test_takes_rows_of_every_tensor():
    state = {"a": ops.arange(3), "b": [(ops.reshape(ops.arange(12), (3, 2, 2)),)]}
    taken = take_rows(state, ops.convert_to_tensor([2, 2, 0, 1], dtype="int32"))
    assert ops.convert_to_numpy(taken["a"]).tolist() == [2, 2, 0, 1]
    expected = np.arange(12).reshape(3, 2, 2)[[2, 2, 0, 1]]
    np.testing.assert_array_equal(ops.convert_to_numpy(taken["b"][0][0]), expected)


def test_attention_is_found_in_dictionaries_only():
    assert attention_of({"attention_weights": 1}) == 1
    assert attention_of({"cell": 1}) is None
    assert attention_of((1, 2)) is None
