"""Mistakes that are the user's to mend: shown as text, never as a traceback."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


class KerasseqError(Exception):
    """Base of every error that the command line prints without a traceback."""


class DataError(KerasseqError):
    """A corpus, an image or any other input that cannot be read as asked."""


class RunFolderError(KerasseqError):
    """A run folder that is missing, incomplete or holds another recipe's run."""


class TrainingError(KerasseqError):
    """A training that cannot go on: numbers that are none, no memory, batches that the model cannot take."""


class Interrupted(KerasseqError):
    """A training that was asked to stop, and has saved where it was.

    Args:
        message: How to go on.
        exit_code: That of a process which the signal ended.
    """

    def __init__(self, message: str, *, exit_code: int):
        super().__init__(message)
        self.exit_code = exit_code


class WorkerLost(KerasseqError):
    """A training on several workers, one of which went away or never came."""


@dataclass(frozen=True)
class Problem:
    """One mistake in a recipe.

    Args:
        message: What is wrong, with the dotted key and the value.
        place: `file:line`, or the command-line override it came from.
        allowed: The allowed values or keys, if they can be listed.
        fix: What to do about it.
    """

    message: str
    place: str = ""
    allowed: tuple[str, ...] = ()
    fix: str = ""

    def __str__(self) -> str:
        lines = [f"{self.place}: {self.message}" if self.place else self.message]
        if self.allowed:
            lines.append(f"  allowed: {', '.join(self.allowed)}")
        if self.fix:
            lines.append(f"  fix: {self.fix}")
        return "\n".join(lines)


class RecipeError(KerasseqError):
    """Everything that is wrong with a recipe, reported at once."""

    def __init__(self, problems: Iterable[Problem]):
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def did_you_mean(word: object, allowed: Iterable[str]) -> str:
    """Returns "did you mean 'lstm'?" for the closest allowed word, or an empty string."""
    close = difflib.get_close_matches(str(word), list(allowed), n=1, cutoff=0.5)
    return f"did you mean '{close[0]}'?" if close else ""
