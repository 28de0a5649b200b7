"""Decoding: a word a file, and no file knows a model.

A model hands over `step(tokens, state) -> (logits, state)`, pure and batch first; a decoder calls it in the
graph. Two keys of a state that is a dictionary mean something here:

- `memory`: what all hypotheses of one example share, such as encoder outputs, attention keys and masks. It is
  repeated once for the beams, handed to every step, and neither reordered nor taken back from the step.
- `attention_weights`: (rows, source_time), the last step's weights, whose history `with_attention=True`
  collects. The first state holds it as well, as zeros: a loop's state keeps its shape.
"""
