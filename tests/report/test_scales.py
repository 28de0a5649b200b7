import pytest

from kerasseq.report.scales import Scale


def labels(scale):
    return [tick.label for tick in scale.ticks()]


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([0.02, 1.37], ["0", "0.5", "1.0", "1.5"]),
        ([0.58, 0.998], ["0.5", "0.6", "0.7", "0.8", "0.9", "1.0"]),
        ([28_500.0, 31_000.0], ["28.5 k", "29 k", "29.5 k", "30 k", "30.5 k", "31 k"]),
        ([0.0, 2.4], ["0", "0.5", "1.0", "1.5", "2.0", "2.5"]),
        ([-3.0, 4.0], ["-4", "-2", "0", "2", "4"]),
    ],
)
def test_axes_end_at_round_numbers(values, shown):
    scale = Scale(values, start=0, end=100, rounded=True)
    assert labels(scale) == shown
    assert [scale.ticks()[0].place, scale.ticks()[-1].place] == [0, 100]


def test_wide_values_count_in_powers_of_ten():
    scale = Scale([1.0, 1000.0], start=0, end=90, may_be_logarithmic=True)
    assert [(tick.place, tick.label) for tick in scale.ticks()] == [
        (0, "1"),
        (30, "10"),
        (60, "100"),
        (90, "1 k"),
    ]


def test_values_with_zero_never_do():
    assert not Scale([0.0, 1000.0], start=0, end=90, may_be_logarithmic=True).is_logarithmic


def test_a_lone_value_stands_in_the_middle():
    assert Scale([3.0, 3.0], start=0, end=100)(3.0) == 50


def test_whole_axes_have_no_half_epochs():
    assert labels(Scale([1, 3], start=0, end=10, whole=True)) == ["1", "2", "3"]
