"""Metrics of forecasts, by hand and against NumPy."""

import math

import numpy as np
import pytest

from kerasseq.errors import KerasseqError
from kerasseq.metrics.coverage import Coverage
from kerasseq.metrics.mae import MAE
from kerasseq.metrics.mase import MASE
from kerasseq.metrics.mse import MSE
from kerasseq.metrics.pinball import Pinball
from kerasseq.metrics.rmse import RMSE
from kerasseq.metrics.smape import SMAPE
from kerasseq.specs import Truth

PREDICTED = [[1.0, 2.0], [3.0, 5.0]]
TRUE = [[2.0, 2.0], [0.0, None]]
REFERENCES = [[one] for one in TRUE]
KNOWING = [
    [Truth(TRUE[0], scale=[2.0], naive_error=[0.5])],
    [Truth(TRUE[1], scale=[10.0], naive_error=[3.0])],
]


def test_errors_by_hand():
    assert MAE()(PREDICTED, REFERENCES) == {"mae": (1 + 0 + 3) / 3}
    assert MSE()(PREDICTED, REFERENCES) == {"mse": (1 + 0 + 9) / 3}
    assert RMSE()(PREDICTED, REFERENCES) == {"rmse": pytest.approx(math.sqrt(10 / 3))}
    assert SMAPE()(PREDICTED, REFERENCES) == {"smape": pytest.approx(200 * (1 / 3 + 0 + 1) / 3)}
    assert SMAPE()([[0.0]], [[[0.0]]]) == {"smape": 0}


def test_scaled_errors_are_divided_by_each_series_scale():
    errors = np.array([1 / 2, 0, 3 / 10])
    assert MAE(scaled=True)(PREDICTED, KNOWING) == {"scaled_mae": pytest.approx(errors.mean())}
    assert MSE(scaled=True)(PREDICTED, KNOWING) == {"scaled_mse": pytest.approx((errors**2).mean())}
    assert RMSE(scaled=True)(PREDICTED, KNOWING)["scaled_rmse"] == pytest.approx((errors**2).mean() ** 0.5)
    assert MSE(scaled=True).signature == {"scaled_mse": "divided by the scale of the training part"}


def test_mase_divides_by_each_series_naive_error():
    assert MASE()(PREDICTED, KNOWING) == {"mase": pytest.approx((1 / 0.5 + 0 + 3 / 3) / 3)}
    unknown = [[Truth([2.0, 2.0], scale=[1.0], naive_error=[math.nan])], KNOWING[1]]
    assert MASE()(PREDICTED, unknown) == {"mase": pytest.approx(1.0)}


def test_mase_of_the_textbook():
    """Errors of 2 against in-sample changes of 4: half of what repeating the last value is off by."""
    training = np.array([10, 14, 10, 14, 10.0])
    naive_error = np.abs(np.diff(training)).mean()
    truth = Truth([14.0, 10.0], scale=[1.0], naive_error=[naive_error])
    assert MASE()([[12.0, 12.0]], [[truth]]) == {"mase": 0.5}


def test_several_targets_count_alike():
    predicted, true = [[[1, 10], [2, 20]]], [[[2, 10], [2, 26]]]
    assert MAE()(predicted, [true]) == {"mae": (1 + 6) / 4}
    references = [[Truth(true[0], scale=[1, 2], naive_error=[1, 3])]]
    assert MAE(scaled=True)(predicted, references) == {"scaled_mae": (1 + 3) / 4}
    assert MASE()(predicted, references) == {"mase": (1 + 2) / 4}


def _answers(*quantiles):
    return [{"prediction": one["0.5"], "quantiles": one} for one in quantiles]


def test_coverage_and_pinball_by_hand():
    answers = _answers(
        {"0.1": [0.0, 0.0], "0.5": [1.0, 1.0], "0.9": [2.0, 1.5]},
        {"0.1": [1.0, 0.0], "0.5": [1.0, 1.0], "0.9": [2.0, 2.0]},
    )
    coverage = Coverage()
    assert coverage(answers, REFERENCES) == {"coverage": pytest.approx(1 / 3)}
    assert coverage.signature == {"coverage": "between 0.1 and 0.9, where 80% are wanted"}
    losses = [0.1 * 2, 0.5 * 1, 0.9 * 0, 0.1 * 2, 0.5 * 1, 0.9 * 0.5, 0.9 * 1, 0.5 * 1, 0.1 * 2]
    pinball = Pinball()
    assert pinball(answers, REFERENCES) == {"pinball": pytest.approx(np.mean(losses))}
    assert pinball.signature == {"pinball": "mean of the quantiles 0.1, 0.5, 0.9"}


def test_the_pinball_loss_of_the_median_is_half_the_error():
    answers = _answers({"0.5": PREDICTED[0]}, {"0.5": PREDICTED[1]})
    assert Pinball()(answers, REFERENCES)["pinball"] == pytest.approx(MAE()(PREDICTED, REFERENCES)["mae"] / 2)


@pytest.mark.parametrize("metric", [Coverage, Pinball])
def test_without_quantiles_they_say_what_is_missing(metric):
    with pytest.raises(KerasseqError) as raised:
        metric()([{"prediction": [1.0, 2.0]}], REFERENCES[:1])
    assert str(raised.value) == (
        f"`evaluate.metrics` has {metric.names[0]}, which reads quantiles, and the model gives none.\n"
        "  fix: set `model.quantiles`, such as [0.1, 0.5, 0.9]"
    )


def test_what_does_not_match_is_refused():
    with pytest.raises(ValueError, match=r"`predictions` must not be empty. Received: predictions=\[\]"):
        MAE()([], [])
    with pytest.raises(ValueError, match=r"Received: shapes \(1, 1\) and \(1, 2\)"):
        MAE()([[1.0, 2.0]], [[[1.0]]])
    with pytest.raises(ValueError, match="`references` must be `Truth`s, which know their `scale`"):
        MSE(scaled=True)(PREDICTED, REFERENCES)


def test_names_are_known_without_a_trial():
    names = [
        metric.names for metric in (MAE(), MAE(scaled=True), RMSE(), MASE(), SMAPE(), Coverage(), Pinball())
    ]
    assert names == [
        ("mae",), ("scaled_mae",), ("rmse",), ("mase",), ("smape",), ("coverage",), ("pinball",)
    ]  # fmt: skip
