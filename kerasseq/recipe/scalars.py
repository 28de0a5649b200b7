"""Numbers, texts and words of a recipe, checked and converted by pydantic."""

from __future__ import annotations

import functools
import typing
from typing import Annotated, Any, Literal, Union

from kerasseq.recipe.annotations import bare, marker
from kerasseq.specs import Range


def convert(value: Any, alternatives: tuple[Any, ...]) -> Any:
    """Brings a scalar to the first annotation that takes it: "1e-3" is a number, true is none.

    Args:
        value: From YAML.
        alternatives: Scalar annotations.
    Raises:
        ValueError: If none of them takes it.
    """
    if isinstance(value, bool) and not any(_takes_bool(annotation) for annotation in alternatives):
        raise ValueError(f"true and false are not among {alternatives}")
    return adapter(alternatives).validate_python(value)


def _takes_bool(annotation: Any) -> bool:
    inner = bare(annotation)
    if typing.get_origin(inner) is Literal:
        return any(isinstance(word, bool) for word in typing.get_args(inner))
    return inner is bool


@functools.cache
def adapter(alternatives: tuple[Any, ...]) -> Any:
    """The pydantic type of a union of scalar annotations."""
    from pydantic import ConfigDict, TypeAdapter

    config = ConfigDict(allow_inf_nan=False)
    return TypeAdapter(Union[tuple(map(_with_bounds, alternatives))], config=config)  # noqa: UP007


def _with_bounds(annotation: Any) -> Any:
    from pydantic import Field

    bounds = marker(annotation, Range)
    if bounds is None:
        return bare(annotation)
    given = {sign: limit for sign, limit in vars(bounds).items() if limit is not None}
    return Annotated[bare(annotation), Field(**given)]
