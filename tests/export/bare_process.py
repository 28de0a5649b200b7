"""Run where kerasseq cannot be imported: loads SavedModels and answers with what they say.

`python -I bare_process.py ASKED.json`: a list of {"folder", "texts", "sources", "targets"}.
"""

import importlib.util
import json
import sys

import tensorflow as tf


def call(signature, **texts):
    """A signature's outputs as plain lists."""
    found = signature(**{name: tf.constant(strings, tf.string) for name, strings in texts.items()})
    return {name: plain(tensor.numpy()) for name, tensor in found.items()}


def plain(array):
    """Strings as str, numbers as they are."""
    listed = array.tolist()
    if array.dtype.kind != "O":
        return listed
    return [row.decode() if isinstance(row, bytes) else [cell.decode() for cell in row] for row in listed]


with open(sys.argv[1], encoding="utf-8") as file:
    questions = json.load(file)
if importlib.util.find_spec("kerasseq") is not None:
    sys.exit("kerasseq can be imported")
if any(question["needs_text"] for question in questions):
    import tensorflow_text  # noqa: F401

answers, nothing = [], tf.zeros((0,), tf.string)
for question in questions:
    model = tf.saved_model.load(question["folder"])
    serve, score = model.signatures["serving_default"], model.signatures["score"]
    texts = question["texts"]
    answers.append(
        {
            "served": {
                size: [call(serve, text=texts[first : first + size]) for first in range(0, len(texts), size)]
                for size in (1, 3, len(texts))
            },
            "scored": call(score, source=question["sources"], target=question["targets"]),
            "outputs": sorted(serve.structured_outputs),
            "unscored": call(score, source=[], target=[]),
            "empty": {name: tensor.shape.as_list() for name, tensor in serve(text=nothing).items()},
        }
    )
sys.stdout.write(json.dumps(answers))
