"""YAML becomes a tree with places; what is not YAML becomes one clear problem."""

import pytest

from kerasseq.errors import RecipeError
from kerasseq.recipe.reading import Node, read_file, read_yaml


def plain(node):
    if isinstance(node.value, dict):
        return {key: plain(value) for key, value in node.value.items()}
    return [plain(value) for value in node.value] if isinstance(node.value, list) else node.value


def places(node, key=""):
    found = {key: int(node.place.rpartition(":")[2])}
    if isinstance(node.value, dict):
        for name, child in node.value.items():
            found.update(places(child, f"{key}.{name}".strip(".")))
    return found


def message(text):
    with pytest.raises(RecipeError) as caught:
        read_yaml(text, "a.yaml")
    assert len(caught.value.problems) == 1
    return str(caught.value)


def test_scalars_are_those_of_yaml_1_2():
    text = "[1e-3, 1.5, 10, true, yes, off, 2019-05-03, 12:30, ~, null, 'x', =]"
    assert plain(read_yaml(text, "a")) == [
        *(0.001, 1.5, 10, True, "yes", "off", "2019-05-03", "12:30", None, None, "x", "=")
    ]


def test_places_are_the_lines_of_scalars_and_of_the_keys_of_mappings():
    text = "a: 1\nb:\n  c:\n    2\n  d: {e: 3,\n      f: 4}\n"
    assert places(read_yaml(text, "a.yaml")) == {
        "": 1,
        "a": 1,
        "b": 2,
        "b.c": 4,
        "b.d": 5,
        "b.d.e": 5,
        "b.d.f": 6,
    }


def test_keys_are_text():
    assert plain(read_yaml("{1: a, on: b, null: c}", "a")) == {"1": "a", "on": "b", "null": "c"}


def test_anchors_and_merge_keys():
    text = "a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\nc: {y: 4, <<: [{z: 5}, *a]}\nd: *a\n"
    assert plain(read_yaml(text, "a")) == {
        "a": {"x": 1, "y": 2},
        "b": {"x": 1, "y": 3},
        "c": {"x": 1, "y": 4, "z": 5},
        "d": {"x": 1, "y": 2},
    }


def test_wrapping_plain_data():
    assert plain(Node.of({"a": (1, [2, {"b": None}])}, "here")) == {"a": [1, [2, {"b": None}]]}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "a.yaml: There is nothing in it."),
        ("# only this\n", "a.yaml: There is nothing in it."),
        ("a: 1\nb: [1\nc: 2\n", "a.yaml:3: This is not YAML: expected ',' or ']', but got ':' while parsing"),
        ("a: 1\nb: c: d\n", "a.yaml:2: This is not YAML: mapping values are not allowed here."),
        ("a: 1\nb: *c\n", "a.yaml:2: This is not YAML: found undefined alias 'c'."),
        (
            "a: 1\n---\nb: 2\n",
            "a.yaml:2: This is not YAML: but found another document expected a single document",
        ),
        ("a: \x01\n", "a.yaml: This is not YAML: unacceptable character"),
        ("a: &b [*b]\n", "a.yaml:1: An anchor contains itself."),
        ("a: 1\nb: !python 3\n", "a.yaml:2: The tag !python means nothing in a recipe.\n  fix: leave it out"),
        ("a: 1\n? [b]\n: 2\n", "a.yaml:2: A key is a list or a mapping.\n  fix: keys are words"),
        ("a: 1\nb:\n  c: 1\n  c: 2\n", "a.yaml:4: The key `c` is here twice; first at a.yaml:3."),
        ("a: 1\nb: {<<: 3}\n", "a.yaml:2: `<<` takes a mapping."),
    ],
)
def test_what_cannot_be_read_is_one_problem(text, expected):
    assert message(text).startswith(expected)


def test_a_file_that_is_not_utf_8(tmp_path):
    path = tmp_path / "latin.yaml"
    path.write_bytes("a: 1\nb: é\n".encode("latin-1"))
    with pytest.raises(RecipeError) as caught:
        read_file(path)
    expected = f"{path}:2: Byte 8 is not UTF-8.\n  fix: save the file in the encoding UTF-8"
    assert str(caught.value) == expected


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path):
    path = tmp_path / "marked.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert plain(read_yaml(read_file(path), "a")) == {"a": 1}


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(RecipeError) as caught:
        read_file(tmp_path / "none.yaml")
    expected = f"{tmp_path / 'none.yaml'}: The recipe cannot be read: No such file or directory."
    assert str(caught.value) == expected
