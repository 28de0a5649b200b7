"""Bahdanau's attention."""

from __future__ import annotations

import keras

from kerasseq.layers.attention.additive import AdditiveAttention
from kerasseq.registry import register


@keras.saving.register_keras_serializable("kerasseq")
@register("attention")
class Bahdanau(AdditiveAttention):
    """Attends with the state before the step; the context enters the cell.

    e_ij = v^T tanh(W s_{i-1} + U h_j + b), c_i = sum_j softmax(e_i)_j h_j
    s_i = cell([y_{i-1}, c_i], s_{i-1})

    Args:
        units: Width of the decoder's state and of the projections, positive.
    Reference:
        Bahdanau et al. 2015, appendix A.1.2, https://arxiv.org/abs/1409.0473
    """

    feeds_context = True
