"""What was said of the training picture that looks most alike."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kerasseq.data.pictures import PictureSize, read_picture
from kerasseq.registry import register
from kerasseq.specs import PositiveInt, check_arguments

MODELS = ("captioner",)
AT_ONCE = 256  # questions whose distances are held in memory


@register("baseline")
class NearestCaption:
    """Gives the first caption of the training picture whose colours are nearest, place by place.

    Args:
        places: Each picture is seen as this many rows and columns of mean colours.
    Call arguments:
        inputs: The training split's pictures, by their paths.
        references: For each its captions, or one.
        questions: The pictures to answer.
    Returns:
        A caption for each question.
    Raises:
        ValueError: If `places` is not positive.
    """

    def __init__(self, *, places: PositiveInt = 8):
        check_arguments(NearestCaption.__init__, places=places)
        self._size = PictureSize(height=places, width=places, channels=3, fit="stretch")

    def __call__(
        self, inputs: list[str], references: list[str | list[str]], questions: list[str]
    ) -> list[str]:
        known, answers = self._colours(inputs), []
        for first in range(0, len(questions), AT_ONCE):
            asked = self._colours(questions[first : first + AT_ONCE])
            # |a - b|^2 = |a|^2 - 2 a b + |b|^2, and |a|^2 is the same for every b.
            distances = np.square(known).sum(axis=1) - 2 * asked @ known.T
            for place in distances.argmin(axis=1).tolist():
                found = references[place]
                answers.append(found[0] if isinstance(found, list) else found)
        return answers

    def _colours(self, paths: Sequence[str]) -> np.ndarray:
        """(pictures, places * places * 3)."""
        fitted = [self._size.fitted(read_picture(path)).numpy().ravel() for path in paths]
        return np.stack(fitted).astype(np.float32)
