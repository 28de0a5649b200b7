"""Draws docs/gradients.png: how far back the gradient of three trained language models reaches.

    python benchmarks/gradients.py docs/gradients.png

The models read the data set `verses` letter by letter, in windows of 120, for three epochs each: a minute.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import kerasseq
from kerasseq.gradients import write_gradients
from kerasseq.pipeline import train
from kerasseq.report import gradient_picture

RECIPE = """\
data:
  source: {type: text, train: verses/train.txt, validation: verses/validation.txt, document: paragraph}
  features: {text: {tokenizer: character}}
  batch_size: 32
  window: 120
model: {type: language_model, embedding_dim: 32, cell: rnn, units: 96}
train: {epochs: 3, optimizer: {type: adam, learning_rate: 5e-3}}
decode: greedy
"""
CELLS = {
    "rnn": "rnn",
    "lstm, forget_bias 1": "lstm",
    "lstm, forget_bias 5": {"type": "lstm", "forget_bias": 5.0},
}


def main(picture: Path) -> None:
    """Trains each cell and draws them together."""
    flows = {}
    with tempfile.TemporaryDirectory() as folder:
        recipe = Path(folder) / "verses.yaml"
        recipe.write_text(RECIPE, encoding="utf-8")
        for name, cell in CELLS.items():
            run = train(recipe, {"model.cell": cell}, out=Path(folder) / "run", fresh=True, quiet=True)
            flows[name] = write_gradients(run)
            print(name, json.dumps(flows[name]["layers"][0]["norms"]["h"][::20]))
    gradient_picture(flows, picture)


if __name__ == "__main__":
    print("kerasseq", kerasseq.__version__)
    main(Path(sys.argv[1]))
