"""What layers say that they return, beside what Keras finds by tracing them."""

import keras
import pytest
from keras import tree

from kerasseq.layers.decoder import RecurrentDecoder
from kerasseq.layers.encoders.pyramidal import PyramidalEncoder
from kerasseq.layers.encoders.recurrent import RecurrentEncoder
from kerasseq.layers.speech_encoder import SpeechEncoder
from kerasseq.layers.stack import RecurrentStack
from kerasseq.layers.token_decoder import TokenDecoder
from kerasseq.layers.token_recurrence import TokenRecurrence
from kerasseq.models.precision import precision

SEQUENCE = keras.KerasTensor((None, None, 5))
TOKENS = keras.KerasTensor((None, None), "int32")
RECORDING = {"samples": keras.KerasTensor((None, None)), "lengths": keras.KerasTensor((None,), "int32")}
STATES = [(keras.KerasTensor((None, 3)), keras.KerasTensor((None, 3)))]


def _decoder(**options):
    embedding = keras.layers.Embedding(7, 4)
    return TokenDecoder(embedding=embedding, decoder=RecurrentDecoder(units=3, **options))


CASES = {
    "stack": (lambda: RecurrentStack(units=3, cell="gru", num_layers=2), [SEQUENCE], {}),
    "encoder": (lambda: RecurrentEncoder(units=3, bidirectional=True), [SEQUENCE], {}),
    "summed": (lambda: RecurrentEncoder(units=3, bidirectional=True, merge="sum"), [SEQUENCE], {}),
    "pyramidal": (lambda: PyramidalEncoder(units=3, num_layers=2), [SEQUENCE], {}),
    "known_time": (lambda: PyramidalEncoder(units=3, num_layers=2), [keras.KerasTensor((2, 7, 5))], {}),
    "speech": (
        lambda: SpeechEncoder(encoder={"type": "pyramidal", "units": 3}, subsampling={"filters": 4}),
        [RECORDING],
        {},
    ),
    "decoder": (_decoder, [TOKENS, SEQUENCE, None, STATES], {}),
    "copying": (lambda: _decoder(copy=True), [TOKENS, SEQUENCE, None, STATES], {"source_ids": TOKENS}),
    "language_model": (lambda: TokenRecurrence(vocabulary_size=7, units=3, num_layers=2), [TOKENS], {}),
}


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
@pytest.mark.parametrize("case", CASES)
def test_layers_return_what_they_say(case, policy):
    make, inputs, options = CASES[case]
    with precision(policy):
        layer = make()
        given = tree.map_structure(
            lambda tensor: (
                keras.KerasTensor(
                    tensor.shape, layer.compute_dtype if "float" in tensor.dtype else tensor.dtype
                )
                if tensor is not None
                else None
            ),
            inputs,
        )
        layer.build(*(tree.map_structure(lambda t: t.shape, part) for part in given[:2] if part is not None))
        found = layer.compute_output_spec(*given, **options)
        traced = keras.Layer.compute_output_spec(layer, *given, **options)
    tree.assert_same_structure(found, traced)
    for ours, theirs in zip(tree.flatten(found), tree.flatten(traced), strict=True):
        assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype)
