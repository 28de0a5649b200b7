"""What every test gets: a quiet TensorFlow on the CPU, fixed seeds and no network."""

import os
import random
import socket
import sys

# Before any import of TensorFlow. CUDA_VISIBLE_DEVICES=0 in the environment runs the suite on a GPU instead.
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
os.environ.setdefault("MPLBACKEND", "Agg")
if "PYTEST_XDIST_WORKER" in os.environ:  # one thread each, or the workers take each other's cores
    for threads in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(threads, "1")

import pytest

SEED = 20240501


def pytest_collection_finish(session):
    """Spares every test two things that TensorFlow does again and again, a good part of the suite."""
    if "tensorflow" not in sys.modules:
        return
    from tensorflow.python.eager import context
    from tensorflow.python.framework import ops

    create = ops._create_c_op
    ops._create_c_op = lambda *arguments, **options: create(  # without a note of who made it
        *arguments, **{**options, "extract_traceback": False}
    )
    # Without forgetting all compiled functions, which only stateful random operations need, and we use none.
    context.Context._set_global_seed = lambda self, seed: vars(self).update(
        _seed=seed, _rng=random.Random(seed)
    )


@pytest.fixture(autouse=True)
def seeds():
    """The same random numbers whichever tests ran before; imports nothing that the test does not."""
    random.seed(SEED)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(SEED)
    if "keras" in sys.modules:
        sys.modules["keras"].utils.set_random_seed(SEED)


@pytest.fixture(autouse=True)
def no_tuning(monkeypatch):
    """Arrays that a test fits are read without the tuning thread that `kerasseq/data/read_ahead.py` is about.

    Who frees the iterator of an earlier test would wait for that thread, up to a minute.
    """
    if "tensorflow" not in sys.modules:
        return
    tensorflow = sys.modules["tensorflow"]
    options = tensorflow.data.Options()
    options.autotune.enabled = False
    iterated = tensorflow.data.Dataset._apply_debug_options  # what every iterator asks for first
    monkeypatch.setattr(
        tensorflow.data.Dataset,
        "_apply_debug_options",
        lambda dataset: iterated(dataset).with_options(options),
    )


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Lets a test talk to its own machine only."""
    connect = socket.socket.connect

    def guarded(self, address):
        local = self.family not in (socket.AF_INET, socket.AF_INET6) or address[0] in (
            "127.0.0.1",
            "::1",
            "localhost",
        )
        if not local:
            raise PermissionError(f"tests may not use the network: {address!r}")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory):
    """A small run from its recipe to its report, made once; a test that writes into it takes a copy."""
    from tests.tiny_run import make_tiny_run

    return make_tiny_run(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def untraced():
    """A module's tests compute at once, see `eagerly`."""
    from tests.tiny_run import eagerly

    with eagerly():
        yield


@pytest.fixture
def few_steps(monkeypatch):
    """Of those that `explain` takes the time of."""
    monkeypatch.setattr("kerasseq.explanation.TIMED_STEPS", 1)
