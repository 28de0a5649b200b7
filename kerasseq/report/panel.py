"""Sections of a report that a kind of run adds, one file each in `panels/`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kerasseq import registry
from kerasseq.report.run_files import RunFiles

KIND = "panel"


@dataclass(frozen=True)
class Panel:
    """One section of a report; the template that draws it lies beside the file that makes it.

    Args:
        title: Its heading, and its name among the links at the top.
        content: What the template reads, as `content`.
        replaces_samples: Whether it shows examples itself, so that those of texts are left out.
        name: Its file's name, which is the section's anchor.
    """

    title: str
    content: Mapping[str, Any]
    replaces_samples: bool = False
    name: str = ""

    @property
    def template(self) -> str:
        """Where the template lies."""
        return f"panels/{self.name}.html"


def panels(run: RunFiles) -> list[Panel]:
    """The panels that a run has something for.

    A file in `panels/` registers a function from `RunFiles` to a `Panel`, or to None of another kind of run.
    """
    found = []
    for name in registry.names(KIND):
        panel = registry.load(KIND, name)(run)
        if panel is not None:
            found.append(Panel(panel.title, panel.content, panel.replaces_samples, name))
    return found
