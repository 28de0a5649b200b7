"""What workers add up before they divide: the parts of some rows' losses are those of the whole batch."""

import keras
import numpy as np
import pytest

from kerasseq.losses.class_cross_entropy import ClassCrossEntropy
from kerasseq.losses.ctc import CTCLoss
from kerasseq.losses.masked_cross_entropy import MaskedCrossEntropy
from kerasseq.losses.point_loss import PointLoss
from kerasseq.losses.quantile_loss import QuantileLoss
from kerasseq.models.tag_sequences import TagLoss

ROWS, TIME, SIZE = 5, 6, 4
random = np.random.default_rng(3)
TOKENS = random.integers(0, SIZE, (ROWS, TIME)) * (np.arange(TIME) < random.integers(1, 4, ROWS)[:, None])
VALUES = np.where(random.random((ROWS, TIME, 1)) < 0.3, np.nan, random.normal(size=(ROWS, TIME, 1)))
LOGITS = random.normal(size=(ROWS, TIME, SIZE))
CASES = {
    "tokens": (MaskedCrossEntropy(label_smoothing=0.1), TOKENS, LOGITS),
    "classes": (ClassCrossEntropy(class_weights=[1, 2, 3, 4]), TOKENS[:, 0], LOGITS[:, 0]),
    "points": (PointLoss(), VALUES, LOGITS[..., :1]),
    "quantiles": (QuantileLoss([0.1, 0.5]), VALUES, LOGITS[..., None, :2]),
    "ctc": (CTCLoss(), TOKENS[:, :2], LOGITS),
    "tags": (TagLoss(), TOKENS, LOGITS),
    "chain": (TagLoss(), TOKENS, random.normal(size=(ROWS, TIME, SIZE, SIZE))),
}


@pytest.mark.parametrize("name", CASES)
def test_the_parts_of_all_rows_add_up(name):
    loss, labels, outputs = CASES[name]
    labels, outputs = labels.astype("float32" if labels is VALUES else "int32"), outputs.astype("float32")
    parts = [loss.parts(labels[rows], outputs[rows]) for rows in (slice(0, 2), slice(2, ROWS))]
    total, count = (sum(map(float, values)) for values in zip(*parts, strict=True))
    whole = float(keras.ops.convert_to_numpy(loss(labels, outputs)))
    assert total / count == pytest.approx(whole, rel=1e-5)
    halves = [float(part) / max(float(number), 1.0) for part, number in parts]
    assert np.mean(halves) != pytest.approx(whole, rel=1e-3)  # a mean of means would be another loss
