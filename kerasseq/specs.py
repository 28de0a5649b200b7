"""What the stages hand to each other, and the words that signatures are written in.

A signature is the only place where an option, its type, its range and its default stand. The recipe
engine reads it to validate YAML; `check_arguments` reads it to validate a call from Python.
"""

from __future__ import annotations

import functools
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple, TypeVar

PAD_ID, UNKNOWN_ID, START_ID, END_ID = 0, 1, 2, 3
SPECIAL_TOKENS = ("<pad>", "<unk>", "<s>", "</s>")


LOWER_IS_BETTER = (
    "loss", "perplexity", "bits_per_character", "error", "error_rate", "ter", "wer", "cer", "mae", "mape",
    "mase", "mse", "pinball", "repetition", "rmse", "smape",
    "gradient_norm", "clipped_share", "clipping_threshold", "learning_rate", "seconds",
)  # fmt: skip


def lower_is_better(name: str) -> bool:
    """Whether a smaller value of this metric, of any split, is the better one."""
    return any(name == word or name.endswith(f"_{word}") for word in LOWER_IS_BETTER)


@dataclass(frozen=True)
class Range:
    """The numbers a parameter takes."""

    gt: float | None = None
    ge: float | None = None
    lt: float | None = None
    le: float | None = None

    def __contains__(self, value: float) -> bool:
        return (
            (self.gt is None or value > self.gt)
            and (self.ge is None or value >= self.ge)
            and (self.lt is None or value < self.lt)
            and (self.le is None or value <= self.le)
        )

    def __str__(self) -> str:
        if self.gt == 0 and self.lt is None and self.le is None:
            return "positive"
        signs = {">": self.gt, ">=": self.ge, "<": self.lt, "<=": self.le}
        return " and ".join(f"{sign} {bound:g}" for sign, bound in signs.items() if bound is not None)


@dataclass(frozen=True)
class Part:
    """A recipe value that names a file: `gru`, or `{type: gru, ...}`.

    Args:
        kind: The registry's kind, which is the folder to look in.
        supplied: Arguments that the caller fills in, so that a recipe may not.
        default: The type that is meant where a mapping has no `type`.
    """

    kind: str
    supplied: tuple[str, ...] = ()
    default: str | None = None


@dataclass(frozen=True)
class Options:
    """A recipe mapping that holds the arguments of one function, `module:function`."""

    target: str
    supplied: tuple[str, ...] = ()


@dataclass(frozen=True)
class FilledIn:
    """Marks a parameter that the caller fills in, so that a recipe may not."""


T = TypeVar("T")
Supplied = Annotated[T, FilledIn()]
"""`fields: Supplied` or `units: Supplied[PositiveInt]`: a keyword that is no recipe key."""

PositiveInt = Annotated[int, Range(gt=0)]
NonNegativeInt = Annotated[int, Range(ge=0)]
PositiveFloat = Annotated[float, Range(gt=0)]
NonNegativeFloat = Annotated[float, Range(ge=0)]
Rate = Annotated[float, Range(ge=0, lt=1)]
Probability = Annotated[float, Range(ge=0, le=1)]

Cell = Annotated[Any, Part("cell", supplied=("units",))]
Attention = Annotated[Any, Part("attention", supplied=("units",))]
Encoder = Annotated[Any, Part("encoder", supplied=("embedding_dim",))]
FrontEnd = Annotated[Any, Part("front_end")]
ImageEncoder = Annotated[Any, Part("image_encoder", supplied=("fetches",))]
Characters = Annotated[Any, Part("characters", supplied=("num_characters",))]
Pooling = Annotated[Any, Part("pooling")]
Tokenizer = Annotated[Any, Part("tokenizer")]
Feature = Annotated[Any, Part("feature", default="text")]
Source = Annotated[Any, Part("source")]
Metric = Annotated[Any, Part("metric")]
Baseline = Annotated[Any, Part("baseline")]
Optimizer = Annotated[Any, Part("optimizer", supplied=("learning_rate_schedule",))]
Schedule = Annotated[Any, Part("schedule", supplied=("learning_rate", "total_steps", "steps_per_epoch"))]
Exporter = Annotated[Any, Part("export")]


class Hypotheses(NamedTuple):
    """What decoding returns, best first.

    tokens: (batch, n_best, time) ids, ended by `</s>` where the model ended, padded with 0.
    scores: (batch, n_best), the log-probability divided by the length penalty.
    log_probabilities: (batch, n_best).
    lengths: (batch, n_best), counting `</s>`.
    attention: (batch, n_best, time, source_time), or None where the model has none.
    """

    tokens: Any
    scores: Any
    log_probabilities: Any
    lengths: Any
    attention: Any = None


class Sample(NamedTuple):
    """An example as it was answered in the middle of training, for whoever watches.

    input, reference, prediction: As people read them.
    picture: A PNG of where the answer looked, or None.
    """

    input: str
    reference: str
    prediction: str
    picture: bytes | None = None


@dataclass(frozen=True)
class Raw:
    """A tensor that is not there yet: its dtype, and its shape with None for any size."""

    dtype: str
    shape: tuple[int | None, ...]


class Signature(NamedTuple):
    """One call of a SavedModel: the inputs it is given by name, and a function of them by keyword.

    The function returns a dictionary of tensors. An input whose first size is None is a batch.

    fillers: By input, what stands for a row where a batch has none and zero, or "", is no value to call with.
    """

    inputs: dict[str, Raw]
    call: Callable[..., dict[str, Any]]
    fillers: Mapping[str, Any] = types.MappingProxyType({})


@dataclass(frozen=True)
class KnownSeries:
    """A series that is forecast.

    Args:
        values: All of it, (rows, targets), raw, NaN where a value is missing.
        season: Rows of a season.
        horizon: Rows that are forecast.
        num_training: Rows of the training part, which are its first.
    """

    values: Any
    season: int
    horizon: int
    num_training: int


class Origin(str):
    """Where a forecast begins, `Ljubljana 2016-07-01 13:00`: a series and the date of its last known row.

    Args:
        text: How it is called.
        series: The series.
        row: The last one that is known.
    """

    def __new__(cls, text: str, *, series: KnownSeries, row: int) -> Origin:
        made = super().__new__(cls, text)
        made.series, made.row = series, row
        return made

    @property
    def past(self) -> Any:
        """What is known, (rows, targets)."""
        return self.series.values[: self.row + 1]


class Truth(list):
    """What came where a forecast was made: a number for each step, or for several targets a list of them.

    Args:
        numbers: Raw; None where a value is missing.
        scale: For each target what scaled values were divided by.
        naive_error: For each target the mean error of a season before in the training part, which MASE
            divides by.
    """

    def __init__(self, numbers: list[Any], *, scale: list[float], naive_error: list[float]):
        super().__init__(numbers)
        self.scale, self.naive_error = scale, naive_error


@functools.cache
def _constraints(signature_of: Callable) -> dict[str, tuple[Range | None, tuple, bool]]:
    found = {}
    for name, hint in typing.get_type_hints(signature_of, include_extras=True).items():
        members = typing.get_args(hint) if isinstance(hint, types.UnionType) or _is_union(hint) else (hint,)
        optional = type(None) in members
        for member in members:
            extras = typing.get_args(member)[1:] if typing.get_origin(member) is Annotated else ()
            bounds = next((extra for extra in extras if isinstance(extra, Range)), None)
            literals = typing.get_args(member) if typing.get_origin(member) is Literal else ()
            if bounds or literals:
                found[name] = (bounds, literals, optional)
    return found


def _is_union(hint: Any) -> bool:
    return typing.get_origin(hint) is typing.Union


def check_arguments(signature_of: Callable, **values: Any) -> None:
    """Holds argument values against the ranges and literals of a signature.

    Raises:
        ValueError: Names the argument, what it may be and what came.
    """
    for name, (bounds, literals, optional) in _constraints(signature_of).items():
        if name not in values or (optional and values[name] is None):
            continue
        value = values[name]
        if bounds is not None and (not isinstance(value, (int, float)) or value not in bounds):
            raise ValueError(f"`{name}` must be {bounds}. Received: {name}={value!r}")
        if literals and value not in literals:
            allowed = ", ".join(map(repr, literals))
            raise ValueError(f"`{name}` must be one of {allowed}. Received: {name}={value!r}")
