import numpy as np
import pytest
from keras import ops

from kerasseq.decode.beam import Beam
from kerasseq.decode.greedy import Greedy
from kerasseq.decode.sample import Sample
from tests.decode.toys import START, Toy

DECODERS = [Greedy(), Beam(beam_width=3, num_hypotheses=2), Sample(seed=1, num_samples=2)]


@pytest.mark.parametrize("decoder", DECODERS)
def test_every_row_goes_on_from_its_own_token(decoder):
    toy = Toy(seed=3, vocabulary_size=9)
    prompts = np.array([5, START, 5, 5], "int32")
    options = {"batch_size": 4, "max_length": 4}
    found = decoder(toy.step, toy.begin(np.arange(4)), first_tokens=prompts, **options)
    for token in set(prompts.tolist()):
        alike = decoder(toy.step, toy.begin(np.arange(4)), start_id=token, **options)
        for ours, theirs in zip(found[:4], alike[:4], strict=True):
            ours, theirs = ops.convert_to_numpy(ours), ops.convert_to_numpy(theirs)
            np.testing.assert_array_equal(ours[prompts == token], theirs[prompts == token])
