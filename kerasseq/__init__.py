"""Sequence models from one YAML recipe, on Keras 3.

```python
import kerasseq

run = kerasseq.run("recipes/translate_dates.yaml", {"train.epochs": 3})
run.predict(["3rd of May 2019"])
```

Everything is imported when it is first used: `import kerasseq` alone loads neither Keras nor TensorFlow. The
verbs that are also the name of a room (`train`, `evaluate`, `export`, `report`) are in `kerasseq.pipeline`.
"""

from __future__ import annotations

import importlib
from typing import Any

from kerasseq import onednn, quiet

__version__ = "0.1.0"

quiet.set_log_levels()
onednn.keep_no_second_cache()

_MODULES = {
    "callbacks": "kerasseq.train.callbacks",
    "layers": "kerasseq.layers",
    "losses": "kerasseq.losses",
    "metrics": "kerasseq.metrics",
    "pipeline": "kerasseq.pipeline",
}
_OBJECTS = {
    "build_captioner": "kerasseq.models.captioner",
    "build_forecaster": "kerasseq.models.forecaster",
    "build_language_model": "kerasseq.models.language_model",
    "build_seq2seq": "kerasseq.models.seq2seq",
    "build_sequence_classifier": "kerasseq.models.sequence_classifier",
    "build_sequence_tagger": "kerasseq.models.sequence_tagger",
    "build_speech_recognizer": "kerasseq.models.speech_recognizer",
    "check": "kerasseq.pipeline",
    "compare": "kerasseq.pipeline",
    "doctor": "kerasseq.pipeline",
    "explain": "kerasseq.pipeline",
    "open_run": "kerasseq.pipeline",
    "predict": "kerasseq.pipeline",
    "register": "kerasseq.registry",
    "run": "kerasseq.pipeline",
    "score": "kerasseq.pipeline",
    "tune": "kerasseq.pipeline",
}

__all__ = ["__version__", *_MODULES, *_OBJECTS]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(_MODULES[name])
    if name in _OBJECTS:
        return getattr(importlib.import_module(_OBJECTS[name]), name)
    raise AttributeError(f"module 'kerasseq' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted(__all__)
