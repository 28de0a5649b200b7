"""Several workers or devices, on TensorFlow's distribution strategies."""

from __future__ import annotations

import os
import pickle
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import numpy as np
import tensorflow as tf

from kerasseq.errors import KerasseqError, WorkerLost
from kerasseq.workers.alone import Alone

PATIENCE = "KERASSEQ_JOIN_SECONDS"
JOIN_SECONDS = 600.0
FAILED = 2
CHUNK = 2**20
DIGITS = 3  # of a length, in base 2^16
LOST = (
    tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
)  # fmt: skip


class Group(Alone):
    """Workers that train one model together, each on its share of every batch.

    On several devices of one process it is a `MirroredStrategy`; of several processes, which `TF_CONFIG`
    names, a `MultiWorkerMirroredStrategy` with a device each. It has to be made before TensorFlow computes
    anything.

    Args:
        index: The number of this process.
        count: How many there are.
        devices: Devices of this process.
    Attributes:
        strategy: TensorFlow's.
    Raises:
        KerasseqError: If there are not as many devices.
    """

    def __init__(self, *, index: int, count: int, devices: int):
        super().__init__(index=index, count=count, devices=devices)
        names = _devices(devices)
        if count == 1:
            self.strategy = tf.distribute.MirroredStrategy(names)
        else:
            with _patience(count):
                self.strategy = tf.distribute.MultiWorkerMirroredStrategy()
        self._sum = tf.function(
            self._summed, input_signature=[tf.TensorSpec((None,), tf.float32)], autograph=False
        )

    def scope(self) -> AbstractContextManager[Any]:
        # With one device a worker variables are plain ones: what changes them is the same everywhere.
        return self.strategy.scope() if self.devices > 1 else super().scope()

    def add_up(self, vector: Any) -> Any:
        """The sum over all replicas, in a replica's context; the same bits on each."""
        context = tf.distribute.get_replica_context()
        return context.all_reduce(tf.distribute.ReduceOp.SUM, tf.identity(vector))

    def _summed(self, vector: Any) -> Any:
        return self.strategy.experimental_local_results(self.strategy.run(self.add_up, (vector,)))[0]

    def gathered(self, value: Any) -> list[Any]:
        if self.count == 1:
            return [value]
        data = pickle.dumps(value)
        words = np.frombuffer(data + b"\0" * (len(data) % 2), np.uint16)  # which float32 holds exactly
        digits = np.zeros((self.count, DIGITS), np.float32)
        digits[self.index] = [len(words) >> 16 * place & 0xFFFF for place in range(DIGITS)]
        found = self._sum(digits.ravel()).numpy().reshape(self.count, DIGITS).astype(np.int64)
        ends = np.cumsum(found @ (1 << 16 * np.arange(DIGITS, dtype=np.int64)))
        begins = np.append(0, ends)
        everything = np.zeros(ends[-1], np.float32)
        everything[begins[self.index] : ends[self.index]] = words
        for first in range(0, len(everything), CHUNK):
            chunk = slice(first, first + CHUNK)
            everything[chunk] = self._sum(everything[chunk]).numpy()
        parts = everything.astype(np.uint16)
        spans = zip(begins[:-1], ends, strict=True)
        return [pickle.loads(parts[begin:end].tobytes()) for begin, end in spans]

    def of_chief(self, function: Callable[[], Any]) -> Any:
        value = error = None
        if self.is_chief:
            try:
                value = function()
            except KerasseqError as raised:
                error = raised
        told = None if error is None else str(error)
        value, told = self.gathered((value, told))[0] if self.count > 1 else (value, told)
        if told is not None:
            raise error or KerasseqError(f"The chief said: {told}")
        return value


@contextmanager
def telling_of_losses(advice: str) -> Iterator[None]:
    """Says in a sentence that a worker was lost, where TensorFlow would in a hundred lines.

    Raises:
        WorkerLost: In the place of TensorFlow's error.
    """
    try:
        yield
    except LOST as error:
        message = f"A worker of the cluster was lost, so that this one ends, too.\n  fix: {advice}"
        raise WorkerLost(message) from error


def _devices(number: int) -> list[str]:
    """The names of so many devices; a machine without a GPU is divided into as many."""
    if gpus := tf.config.list_physical_devices("GPU"):
        if len(gpus) < number:
            raise KerasseqError(
                f"`train.devices` is {number}, and this process sees {len(gpus)}.\n"
                f"  allowed: 1 to {len(gpus)}"
            )
        tf.config.set_visible_devices(gpus[:number], "GPU")
        return [f"GPU:{place}" for place in range(number)]
    if number > 1:
        cpu = tf.config.list_physical_devices("CPU")[0]
        parts = [tf.config.LogicalDeviceConfiguration()] * number
        tf.config.set_logical_device_configuration(cpu, parts)
    return [f"CPU:{place}" for place in range(number)]


@contextmanager
def _patience(count: int) -> Iterator[None]:
    """Ends the process if the others do not come: TensorFlow would wait for ever."""
    seconds = float(os.environ.get(PATIENCE, JOIN_SECONDS))

    def give_up() -> None:
        sys.stderr.write(
            f"Not all of the {count} workers came within {seconds:g} seconds.\n"
            f"  fix: start one for each address of TF_CONFIG; ${PATIENCE} is how long they wait\n"
        )
        sys.stderr.flush()
        os._exit(FAILED)

    timer = threading.Timer(seconds, give_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
