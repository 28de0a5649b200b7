"""Layers that were given a ready cell or attention, and come back from a saved config."""

from __future__ import annotations

from typing import Any

import keras


def with_ready_parts(config: dict[str, Any], *names: str) -> dict[str, Any]:
    """A config whose parts are what the layer was built with.

    A name or a mapping with `type` is saved as it is; a ready layer is saved by Keras, and is made anew here,
    without weights: the layer around it builds it.
    """
    made = {
        name: keras.saving.deserialize_keras_object({**config[name], "build_config": None})
        for name in names
        if isinstance(config.get(name), dict) and "class_name" in config[name]
    }
    return {**config, **made}
