"""What a run ran on."""

from __future__ import annotations

import platform
from importlib import metadata
from typing import Any

from kerasseq import __version__
from kerasseq.threads import num_cores

PACKAGES = ("tensorflow", "tensorflow-text", "keras", "numpy", "sacrebleu", "nltk", "rouge-score")


def versions() -> dict[str, str]:
    """The versions of Python, kerasseq and what a result depends on; nothing is imported."""
    found = {"kerasseq": __version__, "python": platform.python_version()}
    return {**found, **{name: _version(name) for name in PACKAGES}}


def describe() -> dict[str, Any]:
    """Versions, platform and devices; imports TensorFlow."""
    import tensorflow as tf

    devices = [device.name.removeprefix("/physical_device:") for device in tf.config.list_physical_devices()]
    return {**versions(), "platform": platform.platform(), "cores": num_cores(), "devices": devices}


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"
