"""Chains of tags: sums over all of them, the likeliest one, and how often each pair of tags stands in them.

A chain's potentials are one tensor, (batch, time, tags, tags): at step t for each pair the score of a tag j
behind a tag i. What leads to the first tag is the same in all rows i of step 0. Whatever stands at padding is
not read.

    s(x, y) = sum_t phi_t[y_{t-1}, y_t]
    log p(y | x) = s(x, y) - log Z(x)        Z(x) = sum_y exp s(x, y)

Reference:
    Lafferty et al. 2001; Rabiner 1989, section III, https://doi.org/10.1109/5.18626
"""

from __future__ import annotations

from typing import Any

from keras import ops

from kerasseq.layers.scan import scan, shifted, with_gradient


def log_normalizer(potentials: Any, mask: Any) -> Any:
    """log Z by the forward algorithm, (batch,); its gradient is the expected count of each pair of tags.

        alpha_0[j] = phi_0[0, j]        alpha_t[j] = log sum_i exp(alpha_{t-1}[i] + phi_t[i, j])

    Args:
        potentials: (batch, time, tags, tags), with at least one step.
        mask: True at real words, (batch, time), on the left; a row of padding has 0.
    """
    mask = ops.cast(mask, "bool")

    def forward(potentials: Any) -> tuple[Any, Any]:
        alphas = _forward(potentials, mask)
        total = _log_sum(alphas[-1], axis=-1)

        def pullback(upstream: Any) -> Any:
            return _pair_marginals(potentials, mask, alphas, total) * upstream[:, None, None, None]

        return total, pullback

    return with_gradient(forward, ops.cast(potentials, "float32"))


def pair_marginals(potentials: Any, mask: Any) -> Any:
    """p(y_{t-1} = i, y_t = j | x), (batch, time, tags, tags): 0 at padding, and in row 0 alone at step 0."""
    potentials, mask = ops.cast(potentials, "float32"), ops.cast(mask, "bool")
    alphas = _forward(potentials, mask)
    return _pair_marginals(potentials, mask, alphas, _log_sum(alphas[-1], axis=-1))


def tag_marginals(potentials: Any, mask: Any) -> Any:
    """p(y_t = j | x), (batch, time, tags): 0 at padding."""
    return ops.sum(pair_marginals(potentials, mask), axis=2)


def chain_score(potentials: Any, tags: Any, mask: Any) -> Any:
    """s(x, y), (batch,), of `tags`, (batch, time)."""
    num_tags = potentials.shape[-1]
    tags = ops.cast(tags, "int32")
    before = ops.concatenate([ops.zeros_like(tags[:, :1]), tags[:, :-1]], axis=1)
    flat = ops.reshape(ops.cast(potentials, "float32"), (*ops.shape(tags), num_tags * num_tags))
    found = ops.take_along_axis(flat, (before * num_tags + tags)[..., None], axis=-1)[..., 0]
    return ops.sum(ops.where(ops.cast(mask, "bool"), found, 0.0), axis=1)


def viterbi(potentials: Any, mask: Any) -> tuple[Any, Any]:
    """The likeliest tags, by Viterbi's algorithm.

    Returns:
        Tags (batch, time), 0 at padding, and their score s(x, y), (batch,), 0 for a row of padding.
    """
    potentials, mask = ops.cast(potentials, "float32"), ops.cast(mask, "bool")
    steps, is_real = ops.swapaxes(potentials, 0, 1), ops.transpose(mask)

    def forward(best: Any, inputs: tuple) -> tuple[Any, Any]:
        step, real = inputs
        scores = best[:, :, None] + step  # (batch, tags before, tags)
        came_from = ops.cast(ops.argmax(scores, axis=1), "int32")
        after = ops.where(real[:, None], ops.max(scores, axis=1), best)
        return after, came_from

    def backward(tag: Any, inputs: tuple) -> tuple[Any, Any]:
        came_from, real = inputs
        before = ops.take_along_axis(came_from, tag[:, None], axis=1)[:, 0]
        return ops.where(real, before, tag), ops.where(real, tag, 0)

    best, came_from = scan(forward, _first(potentials), (steps, is_real))
    last = ops.cast(ops.argmax(best, axis=-1), "int32")
    _, tags = scan(backward, last, (came_from, is_real), reverse=True)
    return ops.transpose(tags), ops.max(best, axis=-1)


LEAST = -1e30  # the logarithm of nothing, so far from any sum that no rounding brings it back


def _first(potentials: Any) -> Any:
    """What is before the first step, (batch, tags): row 0 of its potentials, and no other, counts."""
    num_tags = potentials.shape[-1]
    only = ops.where(ops.arange(num_tags) == 0, 0.0, LEAST)
    return ops.zeros_like(potentials[:, 0, 0]) + only


def _forward(potentials: Any, mask: Any) -> Any:
    """alpha behind each step, (time, batch, tags): behind padding that of the last real word."""

    def step(alpha: Any, inputs: tuple) -> tuple[Any, Any]:
        step_potentials, real = inputs
        after = _log_sum(alpha[:, :, None] + step_potentials, axis=1)
        after = ops.where(real[:, None], after, alpha)
        return after, after

    inputs = (ops.swapaxes(potentials, 0, 1), ops.transpose(mask))
    return scan(step, _first(potentials), inputs)[1]


def _pair_marginals(potentials: Any, mask: Any, alphas: Any, total: Any) -> Any:
    """exp(alpha_{t-1}[i] + phi_t[i, j] + beta_t[j] - log Z), all steps at once."""
    steps, is_real = ops.swapaxes(potentials, 0, 1), ops.transpose(mask)

    def step(beta: Any, inputs: tuple) -> tuple[Any, Any]:
        step_potentials, real = inputs
        before = _log_sum(step_potentials + beta[:, None, :], axis=2)
        return ops.where(real[:, None], before, beta), beta  # beta behind this step

    _, betas = scan(step, ops.zeros_like(alphas[0]), (steps, is_real), reverse=True)
    alphas_before = shifted(_first(potentials), alphas)
    logarithms = alphas_before[:, :, :, None] + steps + betas[:, :, None, :] - total[:, None, None]
    found = ops.where(is_real[:, :, None, None], ops.exp(logarithms), 0.0)
    return ops.swapaxes(found, 0, 1)


def _log_sum(values: Any, *, axis: int) -> Any:
    largest = ops.max(values, axis=axis, keepdims=True)
    return ops.squeeze(largest, axis) + ops.log(ops.sum(ops.exp(values - largest), axis=axis))
