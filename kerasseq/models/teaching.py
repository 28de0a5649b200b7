"""What `explain` says of how a decoder of tokens is trained."""

from __future__ import annotations

WAYS = {
    None: "teacher forcing: all tokens in one loop, the vocabulary once for all steps",
    "stepwise": "scheduled sampling: token by token, because each may be the model's own",
    "parallel": "scheduled sampling: teacher forcing twice, then with the model's own tokens mixed in",
}


def teaching(sampling: str | None) -> str:
    """How tokens are read in training, by the mode of scheduled sampling; None is teacher forcing."""
    return WAYS[sampling]
