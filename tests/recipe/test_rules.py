"""Rules between options are read, held against values, and explained."""

import pytest

from kerasseq.recipe.reading import Node, read_yaml
from kerasseq.recipe.rules import broken_rules

VALUES = {"a": 1, "b": {"type": "x", "c": None}, "d": [1]}


@pytest.mark.parametrize("rule", ["a == 1", "b.type == 'x' and b.c is None", "a in d", "not (a > 1 or b.c)"])
def test_a_rule_that_holds(rule):
    assert list(broken_rules([(rule, "")], VALUES, Node({}, "f:1"))) == []


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("a > 1", "f:2: `k.a` is 1, against the rule: a > 1.\n  fix: mend"),
        ("b.c and a", "f:2: `k.b.c` is null and `k.a` is 1, against the rule: b.c and a.\n  fix: mend"),
        ("b.type == 'y'", "f:3: `k.b.type` is 'x', against the rule: b.type == 'y'.\n  fix: mend"),
        ("a + a < a", "f:2: `k.a` is 1, against the rule: a + a < a.\n  fix: mend"),
        ("b is None", "f:3: `k.b` is 'x', against the rule: b is None.\n  fix: mend"),
        ("not d", "f:1: `k.d` is a list, against the rule: not d.\n  fix: mend"),
    ],
)
def test_a_broken_rule_names_its_options_and_the_place_of_the_first_that_was_written(rule, message):
    (problem,) = broken_rules([(rule, "mend")], VALUES, read_yaml("# Text.\na: 1\nb: {type: x}\n", "f"), "k")
    # The mapping as a whole is at its first key.
    assert str(problem) == message.replace("f:1", "f:2")
