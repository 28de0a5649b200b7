"""Which worker a process is."""

import json

import pytest

from kerasseq.errors import KerasseqError
from kerasseq.workers.place import Place, config_for, place_of


def _place(cluster, task):
    return place_of({"TF_CONFIG": json.dumps({"cluster": cluster, "task": task})})


@pytest.mark.parametrize("text", [None, "", " ", "{}", '{"cluster": {}}', '{"cluster": null}'])
def test_without_a_cluster_a_process_is_alone(text):
    assert place_of({} if text is None else {"TF_CONFIG": text}) == Place(0, 1)


def test_workers_are_counted_from_the_first():
    workers = {"worker": ["a:1", "b:1", "c:1"]}
    assert _place(workers, {"type": "worker", "index": 2}) == Place(2, 3)
    assert place_of({"TF_CONFIG": config_for(["a:1", "b:2"], 1)}) == Place(1, 2)


def test_a_chief_comes_before_the_workers():
    cluster = {"worker": ["a:1", "b:1"], "chief": ["c:1"]}
    assert _place(cluster, {"type": "chief", "index": 0}) == Place(0, 3)
    assert _place(cluster, {"type": "worker", "index": 0}) == Place(1, 3)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{", "cannot be read: "),
        ("[]", "cannot be read: "),
        ('{"cluster": {"worker": ["a:1"]}, "task": {"index": "x"}}', "cannot be read: "),
        (
            '{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 1}}',
            "is for worker 1, and there are 1 of these",
        ),
        (
            '{"cluster": {"worker": ["a:1"], "ps": ["b:1"]}, "task": {"type": "worker", "index": 0}}',
            "names 'ps', and there are chief and worker alone",
        ),
    ],
)
def test_a_configuration_that_is_wrong(text, complaint):
    with pytest.raises(KerasseqError, match="TF_CONFIG " + complaint) as raised:
        place_of({"TF_CONFIG": text})
    assert "allowed: such as {" in str(raised.value)
