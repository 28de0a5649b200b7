"""The recipes and data sets that ship with the package: where they lie and what they are called."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).parent


def shipped_folder(name: str) -> Path:
    """The folder `recipes` or `datasets`: inside an installed package, else at the top of the checkout."""
    installed = PACKAGE / "_shipped" / name
    return installed if installed.is_dir() else PACKAGE.parent / name


def shipped_recipes() -> dict[str, Path]:
    """Every shipped recipe by its name, which is its path without the suffix: `benchmarks/dates`."""
    folder = shipped_folder("recipes")
    return {
        path.relative_to(folder).with_suffix("").as_posix(): path for path in sorted(folder.rglob("*.yaml"))
    }


def shipped_datasets() -> dict[str, Path]:
    """Every shipped data set by its name: a folder of `datasets`."""
    folder = shipped_folder("datasets")
    if not folder.is_dir():
        return {}
    return {
        path.name: path for path in sorted(folder.iterdir()) if path.is_dir() and path.name[0] not in "._"
    }
