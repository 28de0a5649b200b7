"""TensorBoard."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kerasseq.registry import register
from kerasseq.specs import Supplied


@register("watcher")
class Tensorboard:
    """Writes event files into the run folder's `tensorboard`: `tensorboard --logdir runs` shows all runs.

    Args:
        folder: The run's.
        recipe: Its resolved recipe, as text; shown beside the figures.
    """

    def __init__(self, *, folder: Supplied[Path], recipe: Supplied[str] = ""):
        import tensorflow as tf

        self._tf = tf
        self._writer = tf.summary.create_file_writer(str(Path(folder) / "tensorboard"))
        if recipe:
            self._write("recipe", f"```yaml\n{recipe}\n```", "text", step=0)

    def epoch(self, number: int, logs: Mapping[str, float]) -> None:
        """Notes the figures of an epoch."""
        for name, value in logs.items():
            self._write(name, float(value), "scalars", step=number)
        self._writer.flush()

    def close(self) -> None:
        """Ends the file."""
        self._writer.close()

    def _write(self, name: str, value: Any, plugin: str, *, step: int) -> None:
        from tensorflow.core.framework import summary_pb2

        metadata = summary_pb2.SummaryMetadata(
            plugin_data=summary_pb2.SummaryMetadata.PluginData(plugin_name=plugin)
        )
        is_text = isinstance(value, str)
        tensor = self._tf.constant(value, self._tf.string if is_text else self._tf.float32)
        with self._writer.as_default():
            self._tf.summary.write(name, tensor, step=step, metadata=metadata)
