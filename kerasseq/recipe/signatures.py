"""The options of a part: the keyword-only parameters of the class or function that a recipe's word names."""

from __future__ import annotations

import ast
import inspect
import re
import sys
import typing
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Union

from kerasseq import registry
from kerasseq.recipe.annotations import bare, marker, members
from kerasseq.recipe.source_file import SourceFile, path_of_module, read_source
from kerasseq.specs import FilledIn, Options, Part

REQUIRED = inspect.Parameter.empty
CONSTANTS = (
    "ANSWERS",
    "CONSTRAINTS",
    "DATA",
    "DEFAULTS",
    "FEATURES",
    "FIELDS",
    "MODELS",
    "NEEDS",
    "RECIPE_CONSTRAINTS",
)


@dataclass(frozen=True)
class Parameter:
    """One option.

    Args:
        name: The recipe's key.
        annotation: What it takes, in the words of `kerasseq.specs`.
        default: A literal, or `REQUIRED`.
        description: From the docstring's `Args:`.
    """

    name: str
    annotation: Any
    default: Any = REQUIRED
    description: str = ""


@dataclass(frozen=True)
class Signature:
    """The options of one part or section.

    Args:
        parameters: The options, in the order of the signature.
        supplied: The keyword-only parameters that the caller fills in.
        summary: The docstring's first line.
        constants: Those of `CONSTANTS` that the file defines.
    """

    parameters: tuple[Parameter, ...]
    supplied: tuple[str, ...] = ()
    summary: str = ""
    constants: dict[str, Any] = field(default_factory=dict, hash=False)

    @property
    def required(self) -> list[str]:
        """The keys that a recipe must give."""
        return [parameter.name for parameter in self.parameters if parameter.default is REQUIRED]


def part_signature(part: Part, word: str) -> Signature:
    """The options of a part by its word: from its file, or from the object that a user registered.

    Raises:
        LookupError: If an annotation or a default cannot be read.
    """
    path = registry.path_of(part.kind, word)
    if path.is_file():
        source = read_source(path)
        return _static(source, source.registered(part.kind), part.supplied)
    return _inspected(registry.registered(part.kind, word), part.supplied)


def target_signature(options: Options) -> Signature:
    """The options of a section by the `module:function` that takes them.

    Raises:
        LookupError: If the function does not exist, or an annotation or a default cannot be read.
    """
    module, _, name = options.target.partition(":")
    found = read_source(path_of_module(module)).find(name)
    if found is None:
        raise LookupError(f"There is no {options.target}")
    return _static(*found, options.supplied)


def _static(
    source: SourceFile, definition: ast.ClassDef | ast.FunctionDef, supplied: tuple[str, ...]
) -> Signature:
    docstring = ast.get_docstring(definition) or ""
    constants = {
        name: source.evaluate(source.assigned[name]) for name in CONSTANTS if name in source.assigned
    }
    descriptions = describe_arguments(docstring)
    function: ast.FunctionDef | None = None
    if isinstance(definition, ast.FunctionDef):
        function = definition
    elif constructor := source.constructor(definition):
        source, owner, function = constructor
        for other in (owner, function):
            descriptions = {**describe_arguments(ast.get_docstring(other) or ""), **descriptions}
    parameters, filled_in = [], []
    if function is not None:
        for argument, default in zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True):
            parameter = _parameter(source, argument, default, argument.arg in supplied)
            if parameter is None:
                filled_in.append(argument.arg)
            else:
                parameters.append(_described(parameter, descriptions))
    return Signature(tuple(parameters), tuple(filled_in), summarize(docstring), constants)


def _parameter(
    source: SourceFile, argument: ast.arg, default: ast.expr | None, supplied: bool
) -> Parameter | None:
    """One option, or None where the caller fills it in."""
    if supplied or _says_supplied(argument.annotation):
        return None
    if argument.annotation is None:
        raise LookupError(f"{source.path}:{argument.lineno}: `{argument.arg}` has no annotation")
    annotation = source.evaluate(argument.annotation)
    value = REQUIRED if default is None else source.evaluate(default)
    return Parameter(argument.arg, with_default_part(annotation, value), value)


def _says_supplied(annotation: ast.expr | None) -> bool:
    """Whether an annotation is `Supplied` or `Supplied[...]`, where the dots may be any type at all."""
    outer = annotation.value if isinstance(annotation, ast.Subscript) else annotation
    name = outer.attr if isinstance(outer, ast.Attribute) else getattr(outer, "id", "")
    return name == "Supplied"


def _inspected(thing: Callable, supplied: tuple[str, ...]) -> Signature:
    function = thing.__init__ if inspect.isclass(thing) else thing
    hints = typing.get_type_hints(function, include_extras=True)
    docstring = inspect.getdoc(thing) or ""
    descriptions = describe_arguments(docstring)
    parameters, filled_in = [], []
    for name, given in inspect.signature(function).parameters.items():
        if given.kind is not inspect.Parameter.KEYWORD_ONLY:
            continue
        if name in supplied or is_filled_in(hints.get(name)):
            filled_in.append(name)
            continue
        if name not in hints:
            raise LookupError(f"{thing.__module__}.{thing.__qualname__}: `{name}` has no annotation")
        annotation = with_default_part(hints[name], given.default)
        parameters.append(_described(Parameter(name, annotation, given.default), descriptions))
    module = vars(sys.modules[thing.__module__])
    constants = {name: module[name] for name in CONSTANTS if name in module}
    return Signature(tuple(parameters), tuple(filled_in), summarize(docstring), constants)


def _described(parameter: Parameter, descriptions: dict[str, str]) -> Parameter:
    description = descriptions.get(parameter.name, "")
    return Parameter(parameter.name, parameter.annotation, parameter.default, description)


def with_default_part(annotation: Any, default: Any) -> Any:
    """Lets a part's default word be the `type` of a mapping that has none: `optimizer: {epsilon: 1}`."""
    if not isinstance(default, str):
        return annotation
    alternatives, optional = members(annotation)
    for index, member in enumerate(alternatives):
        part = marker(member, Part)
        if part is not None and part.default is None:
            alternatives[index] = Annotated[bare(member), replace(part, default=default)]
            return Union[(*alternatives, None) if optional else tuple(alternatives)]  # noqa: UP007
    return annotation


def is_filled_in(annotation: Any) -> bool:
    """Whether an annotation is `Supplied`."""
    extras = typing.get_args(annotation)[1:] if typing.get_origin(annotation) is Annotated else ()
    return any(isinstance(extra, FilledIn) for extra in extras)


def summarize(docstring: str) -> str:
    """The first paragraph of a docstring, on one line."""
    return " ".join(docstring.split("\n\n")[0].split())


def describe_arguments(docstring: str) -> dict[str, str]:
    """The entries under a docstring's `Args:`, each on one line."""
    found: dict[str, list[str]] = {}
    inside, name = False, ""
    for line in inspect.cleandoc(docstring).splitlines():
        if line and not line.startswith(" "):
            inside = line.strip() == "Args:"
            continue
        entry = re.match(r" {4}\*{0,2}(\w+)(?: \([^)]*\))?: (.*)", line) if inside else None
        if entry:
            name = entry[1]
            found[name] = [entry[2]]
        elif inside and name and line.strip():
            found[name].append(line.strip())
    return {name: " ".join(lines).strip() for name, lines in found.items()}
