"""What several workers cannot do is said before any of them waits for the others."""

import json

import pytest

from kerasseq import pipeline
from kerasseq.errors import KerasseqError
from kerasseq.joining import joined
from kerasseq.train.sharing import Sharing, check_shared
from kerasseq.workers.alone import Alone
from kerasseq.workers.group import Group, telling_of_losses

TRAIN = {"precision": "float32", "max_minutes": None}


def _check(workers, *, batch_size=4, carries_state=False, sanity=False, **train):
    check_shared(
        workers,
        train={**TRAIN, **train},
        batch_size=batch_size,
        carries_state=carries_state,
        sanity=sanity,
    )


def test_one_worker_can_do_everything():
    _check(Alone(), carries_state=True, sanity=True, precision="mixed_float16", max_minutes=1.0)


@pytest.mark.parametrize(
    ("asked", "complaint"),
    [
        ({"precision": "mixed_float16"}, "`train.precision: mixed_float16` does not go with 3 workers"),
        ({"max_minutes": 1.0}, "`train.max_minutes` does not go with 3 workers"),
        ({"sanity": True}, "`--sanity` does not go with 3 workers"),
        (
            {"carries_state": True},
            "`data.batch_size` is 4, whose rows cannot be dealt to 3 workers alike.\n  fix: take a multiple",
        ),
    ],
)
def test_what_several_workers_cannot_do(asked, complaint):
    with pytest.raises(KerasseqError) as raised:
        _check(Alone(count=3), **asked)
    assert complaint in str(raised.value) and "\n  fix: " in str(raised.value)


def test_devices_carry_no_state():
    _check(Alone(devices=2), max_minutes=1.0)
    with pytest.raises(KerasseqError, match="a language model does not go with 2 devices"):
        _check(Alone(devices=2), carries_state=True)


def test_a_training_has_the_devices_that_it_was_given():
    with pytest.raises(KerasseqError, match="`train.devices` is 2, and this training has 1.\n  fix: "):
        Sharing(Alone(), None, devices=2)


@pytest.fixture
def recipe(tmp_path):
    from tests.workers.conftest import write_recipes

    write_recipes(tmp_path)
    return tmp_path / "dates.yaml"


def test_a_process_on_its_own_writes_where_it_was_told(recipe, monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    with joined(pipeline.check(recipe), "there", shown="there") as team:
        assert team.out == "there" and team.workers.replicas == 1


def test_workers_have_a_device_each(recipe, monkeypatch):
    cluster = {"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 0}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(cluster))
    with (
        pytest.raises(KerasseqError, match="`train.devices` is 2, and TF_CONFIG names 2 workers"),
        joined(pipeline.check(recipe, {"train.devices": 2}), None, shown=""),
    ):
        pass


def test_devices_that_are_not_there(monkeypatch):
    import tensorflow as tf

    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: ["one"])
    with pytest.raises(
        KerasseqError, match="`train.devices` is 2, and this process sees 1.\n  allowed: 1 to 1"
    ):
        Group(index=0, count=1, devices=2)


def test_a_lost_worker_is_a_sentence():
    import tensorflow as tf

    with (
        pytest.raises(KerasseqError, match="A worker of the cluster was lost.*\n  fix: start it again"),
        telling_of_losses("start it again"),
    ):
        raise tf.errors.UnavailableError(None, None, "Socket closed")
