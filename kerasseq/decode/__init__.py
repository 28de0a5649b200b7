"""Decoding: a word a file, and no file knows a model.

A model hands over `step(tokens, state) -> (logits, state)`, pure and batch first; a decoder calls it in the
graph. Two keys of a state that is a dictionary mean something here:

- `memory`: what all hypotheses of one example share, such as encoder outputs, attention keys and masks. It is
  handed to every step as it is, (batch, ...), and neither reordered nor taken back from the step.
- `attention_weights`: (rows, source_time), the last step's weights, whose history `with_attention=True`
  collects. The first state holds it as well, as zeros: a loop's state keeps its shape.

Where a row is an example, the memory is the rows'. A beam search asks about several rows of an example, fewer
as hypotheses end, and says beside the memory where they stand, in `beams`, int32:

- `examples`: the example of each row, (rows,), rising: `take(memory, examples)` is the rows' memory.
- `slots`: the place of each row among all examples' beams, (rows,), rising: example * beam_width + place.
- `rows`: the other way round, (batch, beam_width); some row where a beam holds no hypothesis. A step that
  takes queries by `rows` and results by `slots` reads an example's memory once for all its rows.
"""
