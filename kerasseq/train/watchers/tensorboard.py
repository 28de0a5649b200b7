"""TensorBoard."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from kerasseq.registry import register
from kerasseq.specs import PositiveInt, Sample, Supplied

FORMAT = "brain.Event:2"  # the version of event files that TensorBoard reads
COLUMNS = ("input", "reference", "prediction")


@register("watcher")
class Tensorboard:
    """Writes event files into the run folder's `tensorboard`: `tensorboard --logdir runs` shows all runs.

    There are the figures of each epoch, a few examples as they were answered, and where these answers looked.
    Each session of a run writes a file of its own, which tells TensorBoard to forget what it knew of the
    epochs from the session's first one on: a session that was killed may have shown an epoch that was lost.

    Args:
        folder: The run's.
        recipe: Its resolved recipe, as text; shown beside the figures.
        first_epoch: The number of the epoch that the session begins with.
    Raises:
        OSError: Also in `epoch` and `samples`, if the file cannot be written.
    """

    def __init__(
        self, *, folder: Supplied[Path], recipe: Supplied[str] = "", first_epoch: Supplied[PositiveInt] = 1
    ):
        import tensorflow as tf
        from tensorflow.core.util import event_pb2

        self._tf, self._events = tf, event_pb2
        target = Path(folder) / "tensorboard"
        target.mkdir(parents=True, exist_ok=True)
        # TensorBoard reads the files in the order of their names.
        number = 1 + max((_number(path) for path in target.glob("events.out.tfevents.*")), default=0)
        self.path = target / f"events.out.tfevents.{number:06d}.{os.getpid()}"
        self._file: Any = self._checked(lambda: tf.io.TFRecordWriter(str(self.path)))
        self._write(file_version=FORMAT)
        start = event_pb2.SessionLog(status=event_pb2.SessionLog.START)
        self._write(step=first_epoch, session_log=start)
        if recipe and number == 1:
            self._show("recipe", f"```yaml\n{recipe}\n```", "text", step=0)
        self._flush()

    def epoch(self, number: int, logs: Mapping[str, float]) -> None:
        """Notes the figures of an epoch."""
        for name, value in logs.items():
            self._show(name, float(value), "scalars", step=number)
        self._flush()

    def samples(self, number: int, samples: Sequence[Sample]) -> None:
        """Shows answers, in a table, and pictures."""
        rows = [[_verbatim(getattr(sample, column)) for column in COLUMNS] for sample in samples]
        self._show("samples", [list(COLUMNS), *rows], "text", step=number)
        for place, sample in enumerate(samples, 1):
            if sample.picture is not None:
                width, height = (
                    int.from_bytes(sample.picture[start : start + 4], "big") for start in (16, 20)
                )
                picture = [str(width).encode(), str(height).encode(), sample.picture]
                self._show(f"attention/{place}", picture, "images", step=number)
        self._flush()

    def close(self) -> None:
        """Ends the file."""
        self._checked(self._file.close)

    def _show(self, name: str, value: Any, plugin: str, *, step: int) -> None:
        from tensorflow.core.framework import summary_pb2

        kinds = {
            "scalars": summary_pb2.DATA_CLASS_SCALAR,
            "text": summary_pb2.DATA_CLASS_TENSOR,
            "images": summary_pb2.DATA_CLASS_BLOB_SEQUENCE,
        }
        metadata = summary_pb2.SummaryMetadata(
            plugin_data=summary_pb2.SummaryMetadata.PluginData(plugin_name=plugin), data_class=kinds[plugin]
        )
        tensor = self._tf.make_tensor_proto(value, "float32" if plugin == "scalars" else "string")
        shown = summary_pb2.Summary.Value(tag=name, tensor=tensor, metadata=metadata)
        self._write(step=step, summary=summary_pb2.Summary(value=[shown]))

    def _write(self, **event: Any) -> None:
        record = self._events.Event(wall_time=time.time(), **event).SerializeToString()
        self._checked(lambda: self._file.write(record))

    def _flush(self) -> None:
        self._checked(self._file.flush)

    def _checked(self, do: Callable[[], Any]) -> Any:
        try:
            return do()
        except self._tf.errors.OpError as error:
            raise OSError(error.message) from error


def _number(path: Path) -> int:
    """The number of the session in a file's name; 0 in that of anyone else's file."""
    found = re.fullmatch(r"events\.out\.tfevents\.(\d{6})\.\d+", path.name)
    return int(found[1]) if found else 0


def _verbatim(text: str) -> str:
    """Text as TensorBoard, which reads Markdown, shows it letter by letter."""
    return "".join(f"    {line}\n" for line in text.split("\n"))
