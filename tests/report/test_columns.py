from kerasseq.report.columns import aligned


def test_columns_begin_or_end_at_one_place():
    rows = [("name", "count", "note"), ("a", 12, "x"), ("long name", 3)]
    assert aligned(rows, right=(1,)) == ["name       count  note", "a             12  x", "long name      3"]


def test_wide_characters_take_two_places():
    assert aligned([("東京", "a"), ("Rome", "b")]) == ["東京  a", "Rome  b"]


def test_no_rows():
    assert aligned([]) == []
