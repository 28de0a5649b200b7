from kerasseq.metrics.exact_match import ExactMatch


def test_is_the_share_that_equals_a_reference():
    predictions = ["2019-05-03", "2019-05-04", "a B", "x"]
    references = [["2019-05-03"], ["2019-05-05"], ["a b", "A B"], ["y", "x"]]
    assert ExactMatch()(predictions, references) == {"exact_match": 0.5}
