import numpy as np
import pytest
from keras import ops

from kerasseq.decode.beam import Beam
from kerasseq.decode.greedy import Greedy
from kerasseq.decode.limit import OPEN_ENDED_LENGTH, row_limits
from kerasseq.decode.sample import Sample


@pytest.mark.parametrize("decoder", [Greedy, Beam, Sample])
def test_follows_the_input_and_leaves_short_ones_room(decoder):
    assert decoder().limit(0) == 20
    assert decoder().limit(10) == 50
    assert decoder(max_length_ratio=1.25).limit(3) == 24
    assert decoder(max_length=30).limit(10) == 30
    assert decoder(max_length=30).limit(2) == 26


@pytest.mark.parametrize("decoder", [Greedy(max_length_ratio=1.3, max_length=40), Beam(max_length_ratio=1.3)])
def test_a_tensor_gives_what_its_integers_give(decoder):
    lengths = np.arange(1, 30, dtype="int32")
    limits = ops.convert_to_numpy(decoder.limit(ops.convert_to_tensor(lengths)))
    assert limits.dtype == "int32"
    assert limits.tolist() == [decoder.limit(int(length)) for length in lengths]


@pytest.mark.parametrize("decoder", [Greedy, Beam, Sample])
def test_what_has_no_input_has_its_maximum_alone(decoder):
    assert decoder().limit() == OPEN_ENDED_LENGTH
    assert decoder(max_length=700).limit() == 700


def test_an_integer_limits_every_row():
    limits, num_steps = row_limits(7, batch_size=3)
    assert ops.convert_to_numpy(limits).tolist() == [7, 7, 7]
    assert num_steps == 7
    limits, num_steps = row_limits(ops.convert_to_tensor(7), batch_size=3)
    assert ops.convert_to_numpy(limits).tolist() == [7, 7, 7]
    assert int(num_steps) == 7


def test_the_largest_limit_is_the_number_of_steps():
    limits, num_steps = row_limits(ops.convert_to_tensor([3, 9, 1]), batch_size=3)
    assert ops.convert_to_numpy(limits).tolist() == [3, 9, 1]
    assert int(num_steps) == 9
