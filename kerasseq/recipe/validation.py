"""A recipe's tree held against signatures: every problem at once, every default written out."""

from __future__ import annotations

import contextlib
from typing import Any

from kerasseq import registry
from kerasseq.errors import Problem, did_you_mean
from kerasseq.recipe.annotations import (
    describe,
    is_scalar,
    item_of,
    marker,
    members,
    show,
    takes_mapping,
    words_of,
)
from kerasseq.recipe.reading import Node
from kerasseq.recipe.rules import broken_rules
from kerasseq.recipe.scalars import convert
from kerasseq.recipe.signatures import REQUIRED, Parameter, Signature, part_signature, target_signature
from kerasseq.specs import Options, Part


class Checker:
    """Resolves values and gathers what is wrong with them.

    Attributes:
        problems: What was found so far. A value that came back while this grew is not to be used.
    """

    def __init__(self):
        self.problems: list[Problem] = []

    def value(self, node: Node, annotation: Any, key: str) -> Any:
        """Resolves one value against an annotation."""
        alternatives, optional = members(annotation)
        if node.value is None and optional:
            return None
        scalars = tuple(member for member in alternatives if is_scalar(member))
        if scalars and not isinstance(node.value, (dict, list)):
            with contextlib.suppress(ValueError):
                return convert(node.value, scalars)
        trials = []
        for candidate in self._structured(node, alternatives):
            trial = Checker()
            resolved = trial._member(node, candidate, key)
            if not trial.problems:
                return resolved
            trials.append(trial)
        if len(trials) == 1 and (not scalars or isinstance(node.value, (dict, list))):
            self.problems += trials[0].problems
        else:
            self._refuse(node, annotation, key)
        return None

    def _structured(self, node: Node, alternatives: list[Any]) -> list[Any]:
        """The parts, sections and containers that a value of this shape may be meant as."""
        if isinstance(node.value, dict):
            return [member for member in alternatives if takes_mapping(member)]
        if isinstance(node.value, list):
            return [member for member in alternatives if item_of(member, list) is not None]
        return [member for member in alternatives if isinstance(node.value, str) and marker(member, Part)]

    def _member(self, node: Node, annotation: Any, key: str) -> Any:
        if part := marker(annotation, Part):
            return self._part(node, part, key)
        if options := marker(annotation, Options):
            return self.arguments(node, target_signature(options), key)
        if (item := item_of(annotation, list)) is not None:
            return [self.value(child, item, f"{key}[{index}]") for index, child in enumerate(node.value)]
        item = item_of(annotation, dict)
        return {name: self.value(child, item, f"{key}.{name}") for name, child in node.value.items()}

    def _part(self, node: Node, part: Part, key: str) -> dict[str, Any] | None:
        given = node.value if isinstance(node.value, dict) else {"type": node}
        word = given.get("type", Node(part.default, node.place))
        allowed = registry.names(part.kind)
        key_of_word = f"{key}.type" if isinstance(node.value, dict) else key
        if word.value is None:
            self._add(
                node, f"`{key}` has no `type`.", allowed, f"add one: {key.rpartition('.')[2]}: {{type: …}}"
            )
        elif word.value not in allowed:
            hint = did_you_mean(word.value, allowed)
            self._add(
                word, f"`{key_of_word}` is {show(word.value)}.", allowed or [f"no {part.kind} exists"], hint
            )
        else:
            options = Node({name: child for name, child in given.items() if name != "type"}, node.place)
            return {"type": word.value, **self.arguments(options, part_signature(part, word.value), key)}
        return None

    def arguments(self, node: Node, signature: Signature, key: str) -> dict[str, Any]:
        """Resolves a mapping against a signature: its keys in the signature's order, defaults filled in."""
        before = len(self.problems)
        self._unknown_keys(node, signature, key)
        resolved = {}
        for parameter in signature.parameters:
            name = f"{key}.{parameter.name}" if key else parameter.name
            child = node.value.get(parameter.name) or default_of(parameter, node.place)
            if child is None:
                allowed = describe(parameter.annotation)
                self._add(node, f"`{name}` is missing.", allowed)
            else:
                resolved[parameter.name] = self.value(child, parameter.annotation, name)
        if len(self.problems) == before:
            rules = signature.constants.get("CONSTRAINTS", ())
            self.problems += broken_rules(rules, resolved, node, key)
        return resolved

    def _unknown_keys(self, node: Node, signature: Signature, key: str) -> None:
        known = [parameter.name for parameter in signature.parameters]
        for name, child in node.value.items():
            if name in known:
                continue
            dotted = f"{key}.{name}" if key else name
            if name in signature.supplied:
                self._add(
                    child, f"`{dotted}` is not a key: its value comes from elsewhere.", known, "leave it out"
                )
            else:
                self._add(child, f"`{dotted}` is not a key.", known or ["none"], did_you_mean(name, known))

    def _refuse(self, node: Node, annotation: Any, key: str) -> None:
        hint = did_you_mean(node.value, words_of(annotation)) if isinstance(node.value, str) else ""
        takes_list = any(item_of(member, list) is not None for member in members(annotation)[0])
        if takes_list and node.value is not None and not isinstance(node.value, (dict, list)):
            hint = hint or f"write it as a list: [{node.value}]"
        self._add(node, f"`{key}` is {show(node.value)}.", describe(annotation), hint)

    def _add(self, node: Node, message: str, allowed: Any = (), fix: str = "") -> None:
        self.problems.append(Problem(message, node.place, tuple(allowed), fix))


def default_of(parameter: Parameter, place: str) -> Node | None:
    """What an absent key means, or None where it must be given.

    A section of options that has no default is an empty one: what it lacks is then named key by key.
    """
    if parameter.default is not REQUIRED:
        return Node.of(parameter.default, place)
    return Node({}, place) if marker(parameter.annotation, Options) else None
