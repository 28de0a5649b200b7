"""The likeliest transcripts of a recording: a search over prefixes, all of whose alignments count."""

from __future__ import annotations

from typing import Any, NamedTuple

from keras import ops

from kerasseq.decode.frames import BLANK_ID, NEVER, frame_log_probabilities
from kerasseq.registry import register
from kerasseq.specs import END_ID, START_ID, Hypotheses, NonNegativeFloat, PositiveInt, check_arguments

MODELS = ("speech_recognizer",)
CONSTRAINTS = (("num_hypotheses <= beam_width", "widen the beam, or ask for fewer hypotheses"),)


class Prefixes(NamedTuple):
    """What may have been said up to a frame, best first.

    tokens: (batch, beam, frames), padded with 0.
    lengths: (batch, beam).
    in_blank: Log-probability of the alignments that end in a blank, (batch, beam).
    in_token: That of those that end in the last token.
    context: The number of the last tokens, for the prior, (batch, beam).
    bonus: What the prior, and the number of tokens, speak for a prefix, (batch, beam).
    """

    tokens: Any
    lengths: Any
    in_blank: Any
    in_token: Any
    context: Any
    bonus: Any

    @property
    def total(self) -> Any:
        """The log-probability of a prefix, (batch, beam)."""
        return ops.logaddexp(self.in_blank, self.in_token)


@register("decode")
class CTCBeam:
    """Prefix beam search.

    After each frame the likeliest prefixes stay. A prefix is as likely as all its alignments together, those
    that end in a blank and those that end in its last token, which a repetition does not lengthen.

    score(y) = log p(y | x) + prior_weight log p(y) + token_bonus |y|

    where p(y) is of the transcripts alone: what people say, and how it is spelled.

    Args:
        beam_width: Prefixes that are kept.
        prior_weight: Weight of the transcripts' own log-probability, which the feature `ngram_text` counts.
        token_bonus: What each token adds, so that a prior does not shorten transcripts.
        num_hypotheses: Transcripts to return for each recording, at most `beam_width`.
    Call arguments:
        logits: (batch, frames, vocabulary), certain blanks behind the end of a recording; see
            `kerasseq.layers.frame_scores`.
        prior: With a `prior_weight`: log-probabilities of the next token, (contexts, vocabulary); a context
            is a number whose digits, to the base of the vocabulary's size, are the tokens before.
    Returns:
        `Hypotheses` with n_best `num_hypotheses` and time `frames`; no alignment is missing from their
        log-probabilities where the beam holds every prefix. Where there are fewer transcripts, the rest have
        score -inf and length 0.
    Raises:
        ValueError: If an argument is out of its range, `num_hypotheses` exceeds `beam_width`, or there is no
            prior to weigh.
    Reference:
        Hannun et al. 2014, algorithm 1, https://arxiv.org/abs/1408.2873; Hannun et al. 2014, section 2.2,
        https://arxiv.org/abs/1412.5567 (the weights)
    """

    quick = "ctc_greedy"

    def __init__(
        self,
        *,
        beam_width: PositiveInt = 10,
        prior_weight: NonNegativeFloat = 0.0,
        token_bonus: NonNegativeFloat = 0.0,
        num_hypotheses: PositiveInt = 1,
    ):
        check_arguments(
            CTCBeam.__init__,
            beam_width=beam_width,
            prior_weight=prior_weight,
            token_bonus=token_bonus,
            num_hypotheses=num_hypotheses,
        )
        if num_hypotheses > beam_width:
            raise ValueError(
                "`num_hypotheses` must not exceed `beam_width`. "
                f"Received: num_hypotheses={num_hypotheses}, beam_width={beam_width}"
            )
        self.beam_width = beam_width
        self.prior_weight = prior_weight
        self.token_bonus = token_bonus
        self.num_hypotheses = num_hypotheses

    def __call__(self, logits: Any, *, prior: Any = None) -> Hypotheses:
        likings = self._likings(prior, logits.shape[-1])
        by_frame = ops.transpose(frame_log_probabilities(logits), (1, 0, 2))  # (frames, batch, vocabulary)
        num_frames, batch_size = ops.shape(by_frame)[:2]
        empty = ops.zeros((batch_size, self.beam_width), "int32")
        is_first = ops.equal(ops.arange(self.beam_width, dtype="int32") + empty, 0)
        start = Prefixes(
            tokens=ops.zeros((batch_size, self.beam_width, num_frames), "int32"),
            lengths=empty,
            in_blank=ops.where(is_first, 0.0, NEVER),
            in_token=ops.full_like(ops.where(is_first, 0.0, NEVER), NEVER),
            context=ops.full_like(empty, first_context(*likings.shape)),
            bonus=ops.zeros_like(ops.where(is_first, 0.0, NEVER)),
        )
        _, found = ops.while_loop(
            lambda frame, _: frame < num_frames,
            lambda frame, prefixes: (frame + 1, self._extended(prefixes, by_frame[frame], likings)),
            (0, start),
        )
        return self._best(found, likings)

    def _likings(self, prior: Any, vocabulary_size: int) -> Any:
        """What each token adds to a score behind each context, (contexts, vocabulary)."""
        if self.prior_weight and prior is None:
            raise ValueError(f"`prior_weight` needs a prior. Received: prior_weight={self.prior_weight}")
        if not self.prior_weight:
            return ops.full((1, vocabulary_size), self.token_bonus, "float32")
        return self.prior_weight * ops.convert_to_tensor(prior, "float32") + self.token_bonus

    def _best(self, found: Prefixes, likings: Any) -> Hypotheses:
        """The best of the prefixes that a search ended with, when they end there."""
        bonus = found.bonus
        if self.prior_weight:
            bonus = bonus + ops.take(likings[:, END_ID], found.context) - self.token_bonus
        is_there = found.total > NEVER / 2
        scores, places = ops.top_k(
            ops.where(is_there, found.total + bonus, float("-inf")), self.num_hypotheses
        )
        places = ops.cast(places, "int32")
        is_there = scores > float("-inf")
        tokens = ops.take_along_axis(
            found.tokens,
            ops.broadcast_to(places[..., None], (*ops.shape(places), ops.shape(found.tokens)[2])),
            axis=1,
        )
        return Hypotheses(
            tokens=ops.where(is_there[..., None], tokens, BLANK_ID),
            scores=scores,
            log_probabilities=ops.where(is_there, _picked(found.total, places), float("-inf")),
            lengths=ops.where(is_there, _picked(found.lengths, places), 0),
        )

    def _extended(self, prefixes: Prefixes, now: Any, likings: Any) -> Prefixes:
        """The best prefixes one frame on, whose log-probabilities are `now`, (batch, vocabulary)."""
        vocabulary_size = now.shape[-1]
        last = last_tokens(prefixes)  # (batch, beam)
        longer = _longer(prefixes, last, now)  # (batch, beam, vocabulary)
        is_child = is_child_of(prefixes, last)  # (batch, parent, child)
        of_parents = ops.take_along_axis(longer, _for_each(last, like=is_child), axis=2)
        # What a parent and a child both lead to is one prefix: its chances are added, and it stands once.
        from_parent = ops.max(ops.where(is_child, of_parents, NEVER), axis=1)
        again = prefixes.in_token + ops.take_along_axis(now, last, axis=1)
        in_token = ops.maximum(ops.logaddexp(again, from_parent), NEVER)
        in_blank = ops.maximum(prefixes.total + now[:, BLANK_ID, None], NEVER)
        stands = ops.matmul(
            ops.cast(is_child, "float32"), ops.one_hot(last, vocabulary_size, dtype="float32")
        )
        longer = ops.maximum(ops.where(stands > 0, NEVER, longer), NEVER)

        liked = prefixes.bonus[..., None] + ops.take(likings, prefixes.context, axis=0)
        shape = (ops.shape(longer)[0], self.beam_width * vocabulary_size)
        flat, flat_liked = ops.reshape(longer, shape), ops.reshape(liked, shape)
        kept = ops.logaddexp(in_blank, in_token) + prefixes.bonus
        _, places = ops.top_k(ops.concatenate([kept, flat + flat_liked], axis=1), self.beam_width)
        places = ops.cast(places, "int32")
        is_longer = places >= self.beam_width
        beyond = ops.maximum(places - self.beam_width, 0)
        slots = ops.where(is_longer, beyond // vocabulary_size, places)
        added = ops.where(is_longer, beyond % vocabulary_size, BLANK_ID)
        return Prefixes(
            tokens=_with_token(prefixes, slots, added),
            lengths=_picked(prefixes.lengths, slots) + ops.cast(is_longer, "int32"),
            in_blank=ops.where(is_longer, NEVER, _picked(in_blank, slots)),
            in_token=ops.where(is_longer, _picked(flat, beyond), _picked(in_token, slots)),
            context=_next_context(_picked(prefixes.context, slots), added, is_longer, likings),
            bonus=ops.where(is_longer, _picked(flat_liked, beyond), _picked(prefixes.bonus, slots)),
        )


def first_context(num_contexts: int, vocabulary_size: int) -> int:
    """The number of the context before a text: as many `<s>` as it has digits."""
    context, room = 0, num_contexts
    while room > 1:
        context, room = context * vocabulary_size + START_ID, room // vocabulary_size
    return context


def _next_context(context: Any, added: Any, is_longer: Any, likings: Any) -> Any:
    """A new token is the last digit; the first goes."""
    num_contexts, vocabulary_size = likings.shape
    return ops.where(is_longer, (context * vocabulary_size + added) % num_contexts, context)


def last_tokens(prefixes: Prefixes) -> Any:
    """The last token of each prefix, the blank of an empty one, (batch, beam)."""
    places = ops.maximum(prefixes.lengths - 1, 0)[..., None]
    return ops.take_along_axis(prefixes.tokens, places, axis=2)[..., 0]


def is_child_of(prefixes: Prefixes, last: Any) -> Any:
    """Whether the second prefix is the first and one token more, (batch, parent, child)."""
    places = ops.arange(ops.shape(prefixes.tokens)[2], dtype="int32")
    is_last = ops.equal(places, prefixes.lengths[..., None] - 1)
    without = ops.where(is_last, BLANK_ID, prefixes.tokens)
    is_same = ops.all(ops.equal(prefixes.tokens[:, :, None], without[:, None]), axis=-1)
    return ops.logical_and(is_same, ops.not_equal(last, BLANK_ID)[:, None])


def _longer(prefixes: Prefixes, last: Any, now: Any) -> Any:
    """The log-probabilities of each prefix with each token behind it: only a blank parts equal tokens."""
    columns = ops.arange(now.shape[-1], dtype="int32")
    so_far = ops.where(
        ops.equal(columns, last[..., None]), prefixes.in_blank[..., None], prefixes.total[..., None]
    )
    return ops.where(ops.equal(columns, BLANK_ID), NEVER, so_far + now[:, None])


def _for_each(last: Any, *, like: Any) -> Any:
    return ops.broadcast_to(last[:, None], ops.shape(like))


def _picked(values: Any, slots: Any) -> Any:
    return ops.take_along_axis(values, slots, axis=1)


def _with_token(prefixes: Prefixes, slots: Any, added: Any) -> Any:
    """The tokens of the chosen prefixes, one more where `added` is no blank."""
    shape = ops.shape(prefixes.tokens)
    kept = ops.take_along_axis(prefixes.tokens, ops.broadcast_to(slots[..., None], shape), axis=1)
    is_next = ops.equal(ops.arange(shape[2], dtype="int32"), _picked(prefixes.lengths, slots)[..., None])
    return ops.where(is_next, added[..., None], kept)
