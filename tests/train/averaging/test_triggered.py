import numpy as np
import pytest

from kerasseq.train.averaging.triggered import Triggered


def _first_epoch_on(losses, patience):
    """By the definition: above the least of the losses but the last `patience`."""
    for epoch, loss in enumerate(losses):
        if epoch > patience and loss > min(losses[: epoch - patience]):
            return epoch
    return None


@pytest.mark.parametrize("patience", [1, 2, 3])
def test_averaging_begins_where_the_loss_stops_falling(patience):
    random = np.random.default_rng(0)
    found = []
    for _ in range(20):
        losses = (1 / np.arange(1, 12) + random.normal(scale=0.1, size=11)).astype("float32").tolist()
        average, began = Triggered(patience=patience), None
        for epoch, loss in enumerate(losses):
            average.observe({"validation_loss": loss})
            if began is None and float(average.is_on):
                began = epoch
        assert began == _first_epoch_on(losses, patience)
        found.append(began)
    assert any(began is not None for began in found)


def test_weights_are_taken_as_they_are_until_then_and_averaged_evenly_after():
    average = Triggered(patience=1)
    assert [float(average.share()) for _ in range(3)] == [1.0, 1.0, 1.0]
    for loss in (1.0, 2.0, 3.0):
        average.observe({"validation_loss": loss})
    np.testing.assert_allclose([float(average.share()) for _ in range(4)], [1, 1 / 2, 1 / 3, 1 / 4])


def test_an_epoch_that_was_not_measured_does_not_count():
    average = Triggered(patience=1)
    for logs in ({"validation_loss": 1.0}, {}, {"loss": 9.0}, {"validation_loss": 2.0}, {}):
        average.observe(logs)
    assert not float(average.is_on)


def test_a_patience_out_of_range_is_refused():
    with pytest.raises(ValueError, match="`patience` must be positive. Received: patience=0"):
        Triggered(patience=0)
