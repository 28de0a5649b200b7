from kerasseq.registry import create


def test_there_is_no_layer():
    assert create("attention", "none", units=3) is None
