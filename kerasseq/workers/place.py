"""Which worker of a cluster this process is, from `TF_CONFIG`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kerasseq.errors import KerasseqError

VARIABLE = "TF_CONFIG"
EXAMPLE = '{"cluster": {"worker": ["a:2222", "b:2222"]}, "task": {"type": "worker", "index": 0}}'
ROLES = ("chief", "worker")  # in this order they are counted


@dataclass(frozen=True)
class Place:
    """A place among workers.

    Args:
        index: The number of this worker, from 0, who is the chief.
        count: How many there are.
    """

    index: int = 0
    count: int = 1


def place_of(environment: Mapping[str, str]) -> Place:
    """The place that `TF_CONFIG` gives; without one the process is alone.

    Raises:
        KerasseqError: If it is not as TensorFlow wants it, or names a role that trains nothing.
    """
    text = environment.get(VARIABLE, "").strip()
    if not text:
        return Place()
    try:
        config = json.loads(text)
        cluster, task = config.get("cluster") or {}, config.get("task") or {}
        counts = {role: len(cluster.get(role, ())) for role in cluster}
        role, number = str(task.get("type", ROLES[-1])), int(task.get("index", 0))
    except (ValueError, TypeError, AttributeError) as error:
        raise _wrong(f"cannot be read: {error}") from error
    if not counts:
        return Place()
    others = sorted({role, *counts} - set(ROLES))
    if others:
        raise _wrong(f"names {', '.join(map(repr, others))}, and there are chief and worker alone")
    if not 0 <= number < counts.get(role, 0):
        raise _wrong(f"is for {role} {number}, and there are {counts.get(role, 0)} of these")
    return Place(number + (counts.get("chief", 0) if role == "worker" else 0), sum(counts.values()))


def config_for(addresses: list[str], index: int) -> str:
    """What `TF_CONFIG` has to be for one of the workers at these addresses."""
    task: dict[str, Any] = {"type": "worker", "index": index}
    return json.dumps({"cluster": {"worker": addresses}, "task": task})


def _wrong(problem: str) -> KerasseqError:
    return KerasseqError(f"The environment's {VARIABLE} {problem}.\n  allowed: such as {EXAMPLE}")
