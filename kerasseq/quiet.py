"""Loading TensorFlow and Keras for a command: without their banner, and without what no command uses.

`TF_CPP_MIN_LOG_LEVEL=3`, which the package sets where nobody else has, silences TensorFlow's own log. A few
lines of the libraries it is made of (oneDNN, the CUDA stubs) come before that log is set up and heed no
setting; they are held back while TensorFlow is loaded by a command. Where they are installed, Keras loads
scikit-learn for its wrappers, pandas for arrays and Matplotlib for galleries, much of the time that both
engines take: a command has no use for them, but in a report, which imports Matplotlib itself.
"""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
from types import ModuleType

UNUSED = ("matplotlib", "pandas", "sklearn")
SETTINGS = {"TF_CPP_MIN_LOG_LEVEL": "3", "GRPC_VERBOSITY": "ERROR", "GLOG_minloglevel": "3"}


def set_log_levels() -> None:
    """Lowers the native log levels, unless the environment has its own."""
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)


def load_engine() -> None:
    """Imports TensorFlow and Keras quietly; what they do without is left to whoever imports it later."""
    hidden = [name for name in UNUSED if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # as if they were not installed
    try:
        import_quietly("tensorflow")  # which imports Keras in its turn
        import_quietly("keras")
    finally:
        for name in hidden:
            del sys.modules[name]


def import_quietly(module: str) -> ModuleType:
    """Imports a module and holds back what native code prints meanwhile; it is shown if the import fails."""
    if module in sys.modules or os.environ.get("TF_CPP_MIN_LOG_LEVEL") != SETTINGS["TF_CPP_MIN_LOG_LEVEL"]:
        return importlib.import_module(module)
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as held_back:
        os.dup2(held_back.fileno(), 2)
        try:
            return importlib.import_module(module)
        except BaseException:
            held_back.seek(0)
            os.write(terminal, held_back.read())
            raise
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)
