"""The likeliest next token, every time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from keras import ops

from kerasseq.decode.extensions import best_extensions, struck_tokens
from kerasseq.decode.limit import length_limit, row_limits
from kerasseq.decode.progress import Ending, Progress, extend, hypotheses_of, open_progress
from kerasseq.registry import register
from kerasseq.specs import (
    END_ID,
    PAD_ID,
    START_ID,
    Hypotheses,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    check_arguments,
)


@register("decode")
class Greedy:
    """Greedy decoding.

    Args:
        min_length: Tokens that come before `</s>` at the least.
        max_length: The most tokens of an output, `</s>` included, where `max_length_ratio` allows more.
        max_length_ratio: The most tokens of an output for each token of its input, beyond an allowance of 20.
    Call arguments:
        step: `step(tokens (rows,), state) -> (logits (rows, vocabulary), state)`, pure.
        state: Any tree of tensors whose first axis is the batch; see `kerasseq.decode`.
        batch_size: An integer or a tensor without axes.
        max_length: The most tokens, `</s>` included: an integer, or an int tensor without axes or (batch,);
            usually from `limit`. What is cut off there has no `</s>`. Must be concrete where JAX compiles the
            call.
        first_tokens: The tokens to read first, (batch,), int32; `start_id` unless given.
        start_id, end_id, pad_id: The special tokens.
        forbidden_ids: Tokens that are never produced; they keep their share of the probability.
        with_attention: Whether to collect the history of `state["attention_weights"]`.
    Returns:
        `Hypotheses` with n_best 1 and time `max_length`; the score is the log-probability.
    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(
        self,
        *,
        min_length: NonNegativeInt = 0,
        max_length: PositiveInt | None = None,
        max_length_ratio: PositiveFloat = 3.0,
    ):
        check_arguments(
            Greedy.__init__, min_length=min_length, max_length=max_length, max_length_ratio=max_length_ratio
        )
        self.min_length = min_length
        self.max_length = max_length
        self.max_length_ratio = max_length_ratio

    def limit(self, source_length: Any = None) -> Any:
        """The `max_length` of a call for inputs of a length, an integer or a tensor (batch,); None: any."""
        return length_limit(source_length, max_length=self.max_length, max_length_ratio=self.max_length_ratio)

    def __call__(
        self,
        step: Callable[[Any, Any], tuple[Any, Any]],
        state: Any,
        *,
        batch_size: Any,
        max_length: Any,
        first_tokens: Any = None,
        start_id: int = START_ID,
        end_id: int = END_ID,
        pad_id: int = PAD_ID,
        forbidden_ids: tuple[int, ...] = (PAD_ID, START_ID),
        with_attention: bool = False,
    ) -> Hypotheses:
        progress = self.open(
            state, batch_size=batch_size, max_length=max_length, first_tokens=first_tokens, start_id=start_id
        )
        _, num_steps = row_limits(max_length, batch_size=batch_size)
        progress, tokens, attention = self.extend(
            step,
            progress,
            num_steps=num_steps,
            end_id=end_id,
            pad_id=pad_id,
            forbidden_ids=forbidden_ids,
            with_attention=with_attention,
        )
        return hypotheses_of(progress, tokens, attention, batch_size=batch_size)

    def open(
        self,
        state: Any,
        *,
        batch_size: Any,
        max_length: Any,
        first_tokens: Any = None,
        start_id: int = START_ID,
    ) -> Progress:
        """The rows before their first step, for `extend`; arguments as in a call."""
        limits, _ = row_limits(max_length, batch_size=batch_size)
        if first_tokens is None:
            first_tokens = ops.full((batch_size,), start_id, dtype="int32")
        return open_progress(state, ops.cast(first_tokens, "int32"), limits=limits)

    def extend(
        self,
        step: Callable[[Any, Any], tuple[Any, Any]],
        progress: Progress,
        *,
        num_steps: Any,
        end_id: int = END_ID,
        pad_id: int = PAD_ID,
        forbidden_ids: tuple[int, ...] = (PAD_ID, START_ID),
        with_attention: bool = False,
    ) -> tuple[Progress, Any, Any]:
        """Goes on by `num_steps` at the most; arguments as in a call, each time the same.

        Returns:
            The progress, the tokens taken, (batch, num_steps), and their attention or None.
        """

        def choose(logits: Any, now: Any) -> tuple[Any, Any]:
            return self._best_tokens(logits, now, forbidden_ids=forbidden_ids, end_id=end_id)

        ending = Ending(end_id, pad_id)
        return extend(
            progress, step, choose, num_steps=num_steps, ending=ending, with_attention=with_attention
        )

    def _best_tokens(
        self, logits: Any, now: Any, *, forbidden_ids: tuple[int, ...], end_id: int
    ) -> tuple[Any, Any]:
        rows = ops.arange(ops.shape(logits)[0], dtype="int32")[:, None]
        _, tokens, log_probabilities = best_extensions(
            logits,
            ops.zeros_like(rows, dtype="float32"),
            rows,
            count=1,
            struck=struck_tokens(forbidden_ids, end_id, now, min_length=self.min_length),
        )
        return log_probabilities[:, 0], tokens[:, 0]
