"""The JSON Schema of recipes, by which editors complete keys and underline mistakes."""

from __future__ import annotations

from typing import Any

from kerasseq import registry
from kerasseq.recipe.annotations import bare, is_scalar, item_of, marker, members
from kerasseq.recipe.scalars import adapter
from kerasseq.recipe.sections import MODEL, SECTIONS, model_constants
from kerasseq.recipe.signatures import REQUIRED, Parameter, Signature, part_signature, target_signature
from kerasseq.specs import Options, Part

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def recipe_schema(sections: Signature = SECTIONS) -> dict[str, Any]:
    """The JSON Schema of a whole recipe.

    A recipe with a `base` may leave anything to it: only the names of its sections are checked then.
    """
    writer = _Writer()
    whole = writer.arguments(sections)
    branches = [branch for word in registry.names(MODEL.kind) if (branch := writer.branch(word))]
    if branches:
        data = whole["properties"]["data"]
        otherwise = {"properties": {"data": data}}
        for condition, then in branches:
            otherwise = {"if": condition, "then": then, "else": otherwise}
        whole["properties"]["data"] = {"description": data["description"]}
        whole.update(otherwise)
    base = {"type": "string", "description": "The path of a recipe that this one is laid over."}
    partial = {
        "properties": {"base": base, **dict.fromkeys(whole["properties"], True)},
        "additionalProperties": False,
    }
    return {
        "$schema": DIALECT,
        "title": "kerasseq recipe",
        "type": "object",
        "if": {"type": "object", "required": ["base"]},
        "then": partial,
        "else": whole,
        "$defs": dict(sorted(writer.definitions.items())),
    }


class _Writer:
    """Writes schemas of annotations; parts and sections become `$defs`, once each."""

    def __init__(self):
        self.definitions: dict[str, dict[str, Any]] = {}

    def arguments(self, signature: Signature) -> dict[str, Any]:
        """The schema of a mapping that holds the arguments of a signature."""
        properties = {parameter.name: self.parameter(parameter) for parameter in signature.parameters}
        schema: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
        if signature.summary:
            schema["description"] = signature.summary
        required = [parameter.name for parameter in signature.parameters if self._must_be_given(parameter)]
        return {**schema, "required": required} if required else schema

    def branch(self, word: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """When a recipe has this model, and its `data` section then; None where that is as always."""
        target = model_constants(word).get("DATA")
        if target is None:
            return None
        mapping = {"type": "object", "required": ["type"], "properties": {"type": {"const": word}}}
        is_model = {"anyOf": [{"const": word}, mapping]}
        section = self._reference(target.replace(":", "."), Options(target))
        return {"required": ["model"], "properties": {"model": is_model}}, {"properties": {"data": section}}

    def _must_be_given(self, parameter: Parameter) -> bool:
        if parameter.default is not REQUIRED:
            return False
        options = marker(parameter.annotation, Options)
        return options is None or any(map(self._must_be_given, target_signature(options).parameters))

    def parameter(self, parameter: Parameter) -> dict[str, Any]:
        """The schema of one option, with its default and description."""
        schema = self.value(parameter.annotation)
        if parameter.description:
            schema = {**schema, "description": parameter.description}
        if parameter.default is not REQUIRED:
            default = parameter.default
            schema = {**schema, "default": list(default) if isinstance(default, tuple) else default}
        return schema

    def value(self, annotation: Any) -> dict[str, Any]:
        """The schema of an annotation."""
        alternatives, optional = members(annotation)
        schemas = [self._member(member) for member in alternatives]
        if optional:
            schemas.append({"type": "null"})
        return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}

    def _member(self, annotation: Any) -> dict[str, Any]:
        if part := marker(annotation, Part):
            return self._reference(_name_of_part(part), part)
        if options := marker(annotation, Options):
            return self._reference(options.target.replace(":", "."), options)
        if is_scalar(annotation):
            return adapter((annotation,)).json_schema()
        if (item := item_of(annotation, list)) is not None:
            return {"type": "array", "items": self.value(item)}
        if (item := item_of(annotation, dict)) is not None:
            return {"type": "object", "additionalProperties": self.value(item)}
        raise TypeError(f"A recipe cannot hold a {bare(annotation)}")

    def _reference(self, name: str, target: Part | Options) -> dict[str, Any]:
        if name not in self.definitions:
            self.definitions[name] = {}
            is_part = isinstance(target, Part)
            self.definitions[name] = (
                self._part(target) if is_part else self.arguments(target_signature(target))
            )
        return {"$ref": f"#/$defs/{name}"}

    def _part(self, part: Part) -> dict[str, Any]:
        """A bare word, or a mapping with `type`, for every word of the kind."""
        words, mappings = [], []
        for word in registry.names(part.kind):
            signature = part_signature(part, word)
            schema = self.arguments(signature)
            required = schema.pop("required", [])
            if not required:
                words.append(word)
            schema["properties"] = {"type": {"const": word}, **schema["properties"]}
            given = required if word == part.default else ["type", *required]
            mappings.append({**schema, "required": given})
        return {"oneOf": ([{"enum": words}] if words else []) + mappings} if mappings else {"not": {}}


def _name_of_part(part: Part) -> str:
    without = f".without.{'.'.join(part.supplied)}" if part.supplied else ""
    return part.kind + without + (f".default.{part.default}" if part.default else "")
