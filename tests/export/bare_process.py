"""Run where kerasseq cannot be imported: loads SavedModels and writes what they say, as JSON.

`python -I bare_process.py ASKED.json`: a list of {"folder", "texts", "sources", "targets", "needs_text"}.
"""

import json
import sys

sys.modules["kerasseq"] = None  # where it is installed, importing it fails all the same
import tensorflow as tf  # noqa: E402

try:
    import kerasseq  # noqa: F401
except ImportError:
    pass
else:
    sys.exit("kerasseq can be imported")


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


def answers(asked):
    """What the model of one question says."""
    if asked["needs_text"]:
        import tensorflow_text  # noqa: F401

    model = tf.saved_model.load(asked["folder"])
    serve, score = model.signatures["serving_default"], model.signatures["score"]
    texts = asked["texts"]
    return {
        "served": {
            size: [call(serve, text=texts[first : first + size]) for first in range(0, len(texts), size)]
            for size in (1, 3, len(texts))
        },
        "scored": call(score, source=asked["sources"], target=asked["targets"]),
        "served_nothing": {
            name: tensor.shape.as_list() for name, tensor in serve(text=tf.zeros((0,), tf.string)).items()
        },
        "scored_nothing": call(score, source=[], target=[]),
    }


with open(sys.argv[1], encoding="utf-8") as file:
    sys.stdout.write(json.dumps([answers(asked) for asked in json.load(file)]))
