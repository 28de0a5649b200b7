"""Tokens drawn at random, as likely as the model says."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras
from keras import ops

from kerasseq.decode.draws import draw_tokens, pick, strike, uniform_draws
from kerasseq.decode.limit import length_limit, row_limits
from kerasseq.decode.progress import Ending, Progress, extend, hypotheses_of, open_progress
from kerasseq.decode.row_state import take_rows
from kerasseq.registry import register
from kerasseq.specs import (
    END_ID,
    PAD_ID,
    START_ID,
    Hypotheses,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    Probability,
    check_arguments,
)

LOWEST_TEMPERATURE = 1e-20
GOLDEN_RATIO = 0x9E3779B9


class _Keys(NamedTuple):
    """What a row's draws depend on, beside the step."""

    seed: Any  # ()
    row_ids: Any  # (rows,)
    sample_ids: Any  # (rows,)


@register("decode")
class Sample:
    """Sampling.

    A step divides the logits by the temperature, keeps the `top_k` likeliest tokens, of these the fewest
    whose probability reaches `top_p`, and draws one of what is left. A draw depends on the seed, the row's
    number and the step alone: what a row becomes does not change with the rows beside it. A token less likely
    than 1e-7 may never be drawn.

    Args:
        temperature: Below 1 likely tokens become likelier, above 1 less so; 0: always the likeliest.
        top_k: How many of the likeliest tokens to draw from; null: all.
        top_p: Draw from the fewest likeliest tokens that have this probability together; null: all.
        seed: A number that makes the same draws every time; null: other draws in every call.
        num_samples: How many outputs to draw for each input.
        stop: Texts of a token or more that end an output behind them, as `</s>` does.
        min_length: Tokens that come before `</s>` or a stop at the least.
        max_length: The most tokens of an output, `</s>` included.
        max_length_ratio: The most tokens of an output for each token of its input, beyond an allowance of
            20, where an output follows from its input.
    Call arguments:
        step: `step(tokens (rows,), state) -> (logits (rows, vocabulary), state)`, pure; rows are batch *
            num_samples, the samples of one example next to each other.
        state: Any tree of tensors whose first axis is the batch; see `kerasseq.decode`.
        batch_size: An integer or a tensor without axes.
        max_length: The most tokens: an integer, or an int tensor without axes or (batch,); usually from
            `limit`. Must be concrete where JAX compiles the call, and `top_k` as well.
        first_tokens: The tokens to read first, (batch,), int32; `start_id` unless given.
        start_id, end_id, pad_id: The special tokens.
        forbidden_ids: Tokens that are never produced; they keep their share of the log-probability.
        stop_ids: The tokens of each text in `stop`.
        temperature: In place of the constructor's: a number, or a float tensor without axes or (batch,).
        top_k: In place of the constructor's: an integer, or an int tensor without axes; 0: all tokens.
        seed: In place of the constructor's: an integer, or an int tensor without axes.
        row_ids: The number of each row, (batch,), int32; 0, 1, ... unless given.
        with_attention: Whether to collect the history of `state["attention_weights"]`.
    Returns:
        `Hypotheses` with n_best `num_samples`, in the order they were drawn, and time `max_length`; scores
        are log-probabilities, those of the model itself, at a temperature of 1 and over all tokens.
    Raises:
        ValueError: If an argument is out of its range, or `stop` has texts whose tokens are not given.
    Reference:
        Fan et al. 2018, section 5.4 (top-k), https://arxiv.org/abs/1805.04833; Holtzman et al. 2020,
        section 3.1 (top-p), https://arxiv.org/abs/1904.09751
    """

    def __init__(
        self,
        *,
        temperature: NonNegativeFloat = 1.0,
        top_k: PositiveInt | None = None,
        top_p: Probability | None = None,
        seed: NonNegativeInt | None = None,
        num_samples: PositiveInt = 1,
        stop: list[str] | None = None,
        min_length: NonNegativeInt = 0,
        max_length: PositiveInt | None = None,
        max_length_ratio: PositiveFloat = 3.0,
    ):
        check_arguments(
            Sample.__init__,
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            seed=seed,
            num_samples=num_samples,
            min_length=min_length,
            max_length=max_length,
            max_length_ratio=max_length_ratio,
        )
        self.temperature = temperature
        self.top_k = top_k
        self.top_p = top_p
        self.seed = seed
        self.num_samples = num_samples
        self.stop = tuple(stop or ())
        self.min_length = min_length
        self.max_length = max_length
        self.max_length_ratio = max_length_ratio
        self._seeds = keras.random.SeedGenerator(secrets.randbits(31)) if seed is None else None

    @property
    def variables(self) -> list[Any]:
        """What changes from call to call, so that draws do: to be saved with a graph that calls this."""
        return [] if self._seeds is None else [self._seeds.state]

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
        stop_ids: Sequence[Sequence[int]] = (),
        temperature: Any = None,
        top_k: Any = None,
        seed: Any = None,
        row_ids: Any = None,
        with_attention: bool = False,
    ) -> Hypotheses:
        progress = self.open(
            state,
            batch_size=batch_size,
            max_length=max_length,
            first_tokens=first_tokens,
            start_id=start_id,
            stop_ids=stop_ids,
            seed=seed,
            row_ids=row_ids,
        )
        _, num_steps = row_limits(max_length, batch_size=batch_size)
        progress, tokens, attention = self.extend(
            step,
            progress,
            num_steps=num_steps,
            end_id=end_id,
            pad_id=pad_id,
            forbidden_ids=forbidden_ids,
            stop_ids=stop_ids,
            temperature=temperature,
            top_k=top_k,
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
        stop_ids: Sequence[Sequence[int]] = (),
        seed: Any = None,
        row_ids: Any = None,
    ) -> Progress:
        """The rows before their first step, for `extend`; arguments as in a call."""
        if len(self.stop) > len(stop_ids):
            raise ValueError(
                f"`stop_ids` must hold the tokens of each text in `stop`. Received: stop={list(self.stop)}, "
                f"stop_ids={list(stop_ids)}"
            )
        limits, _ = row_limits(max_length, batch_size=batch_size)
        if first_tokens is None:
            first_tokens = ops.full((batch_size,), start_id, dtype="int32")
        if row_ids is None:
            row_ids = ops.arange(batch_size, dtype="int32")
        by_row = (ops.cast(first_tokens, "int32"), limits, row_ids, state)
        sample_ids = ops.zeros_like(first_tokens)
        if self.num_samples > 1:
            rows = ops.arange(batch_size * self.num_samples, dtype="int32")
            by_row, sample_ids = take_rows(by_row, rows // self.num_samples), rows % self.num_samples
        first_tokens, limits, row_ids, state = by_row
        return open_progress(
            state,
            first_tokens,
            limits=limits,
            longest_stop=max(map(len, stop_ids), default=0),
            draws=_Keys(self._seed(seed), row_ids, sample_ids),
        )

    def extend(
        self,
        step: Callable[[Any, Any], tuple[Any, Any]],
        progress: Progress,
        *,
        num_steps: Any,
        end_id: int = END_ID,
        pad_id: int = PAD_ID,
        forbidden_ids: tuple[int, ...] = (PAD_ID, START_ID),
        stop_ids: Sequence[Sequence[int]] = (),
        temperature: Any = None,
        top_k: Any = None,
        with_attention: bool = False,
    ) -> tuple[Progress, Any, Any]:
        """Goes on by `num_steps` at the most; arguments as in a call, each time the same.

        Returns:
            The progress, the tokens drawn, (rows, num_steps), and their attention or None.
        """
        uniform = uniform_draws(
            progress.draws.seed,
            progress.draws.row_ids,
            progress.draws.sample_ids,
            first_step=progress.step,
            num_steps=num_steps,
        )
        first = progress.step
        temperature = self._by_row(self.temperature if temperature is None else temperature)
        top_k = self.top_k if top_k is None else top_k

        def choose(logits: Any, now: Any) -> tuple[Any, Any]:
            logits = ops.cast(logits, "float32")
            is_early = now < self.min_length if self.min_length else None
            allowed = strike(logits, forbidden_ids, end_id, is_early)
            tokens = draw_tokens(allowed / temperature, uniform[now - first], top_k=top_k, top_p=self.top_p)
            shifted = logits - ops.max(logits, axis=-1, keepdims=True)
            # The greatest term of the sum is 1, so that no token is likelier than certain.
            return pick(shifted, tokens) - ops.log(ops.sum(ops.exp(shifted), axis=-1)), tokens

        ending = Ending(end_id, pad_id, tuple(map(tuple, stop_ids)), self.min_length)
        return extend(
            progress, step, choose, num_steps=num_steps, ending=ending, with_attention=with_attention
        )

    def _seed(self, seed: Any) -> Any:
        """The seed of a call, a uint32 tensor without axes."""
        seed = self.seed if seed is None else seed
        if seed is not None:
            return ops.cast(ops.convert_to_tensor(seed), "uint32")
        state = ops.cast(self._seeds.next(), "uint32")
        return state[0] + state[1] * ops.convert_to_tensor(GOLDEN_RATIO, dtype="uint32")

    def _by_row(self, temperature: Any) -> Any:
        """A temperature that divides logits (rows, vocabulary): a number, or a tensor that broadcasts."""
        if isinstance(temperature, (int, float)):
            check_arguments(Sample.__init__, temperature=temperature)
            return max(float(temperature), LOWEST_TEMPERATURE)
        temperature = ops.maximum(ops.cast(temperature, "float32"), LOWEST_TEMPERATURE)
        if len(temperature.shape) == 0:
            return temperature
        return ops.repeat(temperature, self.num_samples)[:, None]
