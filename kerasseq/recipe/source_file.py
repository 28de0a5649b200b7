"""What a Python file says, read without running it."""

from __future__ import annotations

import ast
import functools
import sys
import typing
from pathlib import Path
from typing import Any

from kerasseq import registry, specs

_BUILTINS = {"int": int, "float": float, "str": str, "bool": bool, "list": list, "dict": dict, "tuple": tuple}
_MODULES = {"typing": typing, "specs": specs}
KNOWN_NAMES = {**vars(typing), **_BUILTINS, **vars(specs), **_MODULES}

Definition = ast.ClassDef | ast.FunctionDef


def path_of_module(module: str) -> Path:
    """The file of a module, which is not imported.

    Raises:
        LookupError: If there is none.
    """
    parts = module.split(".")
    own = parts[0] == registry.PACKAGE.name
    roots = [registry.PACKAGE.parent] if own else [Path(entry or ".") for entry in sys.path]
    for root in roots:
        for path in (root.joinpath(*parts).with_suffix(".py"), root.joinpath(*parts, "__init__.py")):
            if path.is_file():
                return path
    raise LookupError(f"There is no module {module}")


def read_source(path: Path) -> SourceFile:
    """Parses a file, once for as long as it does not change."""
    return _read_source(path, path.stat().st_mtime_ns)


@functools.lru_cache(maxsize=256)
def _read_source(path: Path, _modified: int) -> SourceFile:
    return SourceFile(path)


class SourceFile:
    """The definitions, constants and imported names of one file.

    Args:
        path: The file.
    """

    def __init__(self, path: Path):
        self.path = path
        self.definitions: dict[str, Definition] = {}
        self.assigned: dict[str, ast.expr] = {}
        self.imported: dict[str, tuple[str, str]] = {}
        for statement in ast.parse(path.read_text("utf-8"), str(path)).body:
            self._note(statement)

    def _note(self, statement: ast.stmt) -> None:
        if isinstance(statement, ast.ClassDef | ast.FunctionDef):
            self.definitions[statement.name] = statement
        elif isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            self.assigned[statement.targets[0].id] = statement.value
        elif (
            isinstance(statement, ast.AnnAssign)
            and isinstance(statement.target, ast.Name)
            and statement.value
        ):
            self.assigned[statement.target.id] = statement.value
        elif isinstance(statement, ast.ImportFrom) and statement.module:
            for alias in statement.names:
                self.imported[alias.asname or alias.name] = (statement.module, alias.name)

    def registered(self, kind: str) -> Definition:
        """The class or function under `@register("kind")`.

        Raises:
            LookupError: If there is none.
        """
        for definition in self.definitions.values():
            for decorator in definition.decorator_list:
                if (
                    not isinstance(decorator, ast.Call)
                    or not isinstance(decorator.func, ast.Name)
                    or not decorator.args
                ):
                    continue
                kind_node = decorator.args[0]
                if (
                    decorator.func.id == "register"
                    and isinstance(kind_node, ast.Constant)
                    and kind_node.value == kind
                ):
                    return definition
        raise LookupError(f"{self.path} registers no {kind}")

    def find(self, name: str) -> tuple[SourceFile, Definition] | None:
        """A class or function by name, here or in the file of this package that it is imported from."""
        if name in self.definitions:
            return self, self.definitions[name]
        module, original = self.imported.get(name, ("", ""))
        if not module.startswith(f"{registry.PACKAGE.name}."):
            return None
        return read_source(path_of_module(module)).find(original)

    def constructor(
        self, definition: ast.ClassDef
    ) -> tuple[SourceFile, ast.ClassDef, ast.FunctionDef] | None:
        """The `__init__` of a class, its own or an ancestor's in this package, and its class."""
        for statement in definition.body:
            if isinstance(statement, ast.FunctionDef) and statement.name == "__init__":
                return self, definition, statement
        for base in definition.bases:
            found = self.find(base.id) if isinstance(base, ast.Name) else None
            if found and isinstance(found[1], ast.ClassDef):
                inherited = found[0].constructor(found[1])
                if inherited:
                    return inherited
        return None

    def evaluate(self, expression: ast.expr) -> Any:
        """The value of an annotation or a default, made of `KNOWN_NAMES` and the file's own constants.

        Raises:
            LookupError: If it uses anything else.
        """
        if isinstance(expression, ast.Constant) and isinstance(expression.value, str):
            return expression.value
        code = compile(ast.Expression(expression), str(self.path), "eval")
        try:
            return eval(code, {"__builtins__": {}}, _Names(self))
        except Exception as error:
            raise LookupError(
                f"{self.path}:{expression.lineno}: `{ast.unparse(expression)}`: {error}"
            ) from error

    def value_of(self, name: str) -> Any:
        """The value of a constant or an alias, this file's or one that it imports from this package.

        Raises:
            KeyError: If there is none of that name.
        """
        if name in self.assigned:
            return self.evaluate(self.assigned[name])
        module, original = self.imported.get(name, ("", ""))
        if not module.startswith(f"{registry.PACKAGE.name}."):
            raise KeyError(name)
        return read_source(path_of_module(module)).value_of(original)


class _Names(dict):
    """The names that an annotation may use; those of the file are evaluated when they are met."""

    def __init__(self, source: SourceFile):
        super().__init__(KNOWN_NAMES)
        self.source = source

    def __missing__(self, name: str) -> Any:
        return self.source.value_of(name)
