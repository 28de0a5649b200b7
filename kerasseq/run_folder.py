"""A run folder: where each thing lies, and how to write it so that no reader sees half a file."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any


class RunFolder:
    """The files of one run.

    Args:
        path: The folder; it need not exist yet.
    """

    def __init__(self, path: str | os.PathLike):
        self.path = Path(path)
        self.recipe = self.path / "recipe.yaml"
        self.environment = self.path / "environment.json"
        self.history = self.path / "history.csv"
        self.metrics = self.path / "metrics.json"
        self.predictions = self.path / "predictions.jsonl"
        self.vocabulary = self.path / "vocabulary"
        self.model = self.path / "model.keras"
        self.checkpoints = self.path / "checkpoints"
        self.gradients = self.path / "gradients.json"
        self.saved_model = self.path / "saved_model"
        self.report = self.path / "report.html"
        self.lock = self.path / ".lock"


def write_whole(path: Path, write: Callable[[Path], Any]) -> None:
    """Lets `write` fill a new file or folder beside `path`, then puts it in place in one move.

    The new name keeps the suffix, which some writers choose their format by.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        write(fresh)
        if path.is_dir():
            old = path.with_name(f".{path.name}.old")
            shutil.rmtree(old, ignore_errors=True)
            os.replace(path, old)
            os.replace(fresh, path)
            shutil.rmtree(old)
        else:
            os.replace(fresh, path)
    finally:
        if fresh.is_dir():
            shutil.rmtree(fresh)
        else:
            fresh.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Writes UTF-8 text, whole or not at all."""
    write_whole(path, lambda fresh: fresh.write_text(text, encoding="utf-8", newline="\n"))


def write_json(path: Path, value: Any) -> None:
    """Writes indented JSON, whole or not at all."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, sort_keys=False) + "\n")
