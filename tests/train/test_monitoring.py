import pytest

from kerasseq.specs import LOWER_IS_BETTER, lower_is_better
from kerasseq.train.monitoring import is_better


@pytest.mark.parametrize("name", LOWER_IS_BETTER)
def test_errors_are_better_low(name):
    for prefix in ("", "validation_"):
        assert is_better(f"{prefix}{name}", 1.0, 2.0) and not is_better(f"{prefix}{name}", 2.0, 1.0)


@pytest.mark.parametrize(
    "name", ["bleu", "validation_exact_match", "closs", "sampling_probability", "tokens_per_second"]
)
def test_everything_else_is_better_high(name):
    assert is_better(name, 2.0, 1.0) and not is_better(name, 1.0, 2.0) and not lower_is_better(name)


def test_anything_is_better_than_no_number():
    assert is_better("loss", 9.0, float("nan"))
    assert not is_better("loss", float("nan"), float("nan"))
