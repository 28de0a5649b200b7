"""Reads the package's source, without running it, and says where it breaks the rules of its own design.

Every rule takes `sources`, the text of each file by its path from the checkout's top, and returns problems as
`file:line: what is wrong (the rule)`. The tests hand in the checkout, and made-up files on which each fails.
"""

import ast
import sys
from pathlib import Path, PurePosixPath

from kerasseq.registry import FOLDERS

GROUND = frozenset(
    {
        "registry",
        "errors",
        "specs",
        "run_folder",
        "shipped",
        "quiet",
        "onednn",
        "tag_schemes",
        "threads",
        "memory",
    }
)
SECOND = frozenset({"recipe", "data", "layers", "losses", "metrics", "decode", "workers"})
FOURTH = frozenset({"train", "evaluate", "export", "serve", "report", "catalogue", "resuming", "environment"})
BELOW_PIPELINE = GROUND | SECOND | FOURTH | {"models"}
# What it hands its longer work to.
BESIDE_PIPELINE = frozenset(
    {
        "opened_run",
        "explanation",
        "examination",
        "gradients",
        "measuring",
        "sanity",
        "search_space",
        "training",
        "tuning",
        "joining",
    }  # fmt: skip
)

VERSION = "kerasseq.__version__"  # the one name of the package itself that its rooms may read

# Who may import whom, besides itself. The package's own `__init__` is the empty name, on top of everything.
MAY_IMPORT = {
    **dict.fromkeys(GROUND | SECOND, GROUND),
    "models": GROUND | {"layers", "losses", "metrics"},
    **dict.fromkeys(FOURTH, GROUND | SECOND | {"models"}),
    "opened_run": BELOW_PIPELINE,
    "explanation": BELOW_PIPELINE | {"opened_run"},
    "examination": BELOW_PIPELINE | {"opened_run"},
    "gradients": BELOW_PIPELINE | {"opened_run"},
    "search_space": BELOW_PIPELINE,
    "sanity": BELOW_PIPELINE | {"opened_run"},
    "joining": BELOW_PIPELINE,
    "measuring": BELOW_PIPELINE | {"opened_run"},
    "training": BELOW_PIPELINE | {"opened_run", "measuring", "sanity"},
    "tuning": BELOW_PIPELINE | {"search_space", "training"},
    "pipeline": BELOW_PIPELINE | BESIDE_PIPELINE,
    "cli": frozenset({"pipeline", "errors", "quiet", "cli_lines", "cli_options"}),
    "cli_lines": frozenset({"errors"}),
    "cli_options": frozenset(),
    "__main__": frozenset({"cli"}),
    "": BELOW_PIPELINE | {"pipeline", "cli"},
}

TENSORFLOW = frozenset({"tensorflow", "tensorflow_text"})
TENSORFLOW_ROOMS = frozenset({"data", "export", "workers"})
TENSORFLOW_FILES = frozenset(  # elsewhere: switches between backends, and what a run ran on
    {
        "kerasseq/decode/pick_slots.py",
        "kerasseq/layers/dropout.py",
        "kerasseq/layers/kernels/cudnn.py",
        "kerasseq/layers/scan.py",
        "kerasseq/models/inference.py",
        "kerasseq/environment.py",
        "kerasseq/train/optimizers/adam.py",
        "kerasseq/train/replicas.py",
        "kerasseq/train/watchers/tensorboard.py",
    }
)

MOST_FILE_LINES = 300
MOST_FUNCTION_LINES = 40  # of the body: signature and docstring are the documentation, and do not count
VAGUE_NAMES = frozenset({"utils", "misc", "helpers", "common", "util", "helper"})


def read_sources(root: Path, folder: str = "kerasseq") -> dict[str, str]:
    """The text of each Python file below a folder, by its path from the top."""
    paths = sorted((root / folder).rglob("*.py"))
    return {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def module_of(path: str) -> str:
    """`kerasseq/data/lines.py` is `kerasseq.data.lines`; an `__init__.py` is its package."""
    dotted = path.removesuffix(".py").replace("/", ".")
    return dotted.removesuffix(".__init__")


def room_of(module: str) -> str:
    """`data` for `kerasseq.data.lines`, the empty name for `kerasseq` itself."""
    return (module.split(".") + [""])[1]


def known_modules(sources: dict[str, str]) -> set[str]:
    """Every module and every folder that can be imported."""
    parents = {
        ".".join(PurePosixPath(path).parts[:depth])
        for path in sources
        for depth in range(1, path.count("/") + 1)
    }
    return parents | {module_of(path) for path in sources} | {VERSION}


def imports_of(path: str, text: str, known: set[str]) -> list[tuple[int, str]]:
    """Each import with its line: at the top, in functions, for type checking, and by a literal name."""
    found = []
    package = module_of(path) if path.endswith("__init__.py") else module_of(path).rpartition(".")[0]
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            start = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*start, *([node.module] if node.module else [])])
            targets = [f"{base}.{alias.name}" for alias in node.names]
            found += [(node.lineno, target if target in known else base) for target in targets]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in (
            "import_module",
            "__import__",
        ):
            literal = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
            found += [(node.lineno, literal)] if isinstance(literal, str) else []
    return found


def wrong_imports(sources: dict[str, str]) -> list[str]:
    """Imports that go up or sideways between the rooms, and rooms that the table does not know."""
    known, problems = known_modules(sources), []
    for path, text in sources.items():
        room = room_of(module_of(path))
        if room not in MAY_IMPORT:
            problems.append(f"{path}:1: `{room}` is in no row of MAY_IMPORT (each room has its floor)")
            continue
        for line, target in imports_of(path, text, known):
            if target.split(".")[0] != "kerasseq" or target == VERSION:
                continue
            other = room_of(target)
            if other not in MAY_IMPORT[room] and (other != room or not room):
                name = room or "kerasseq"
                rule = f"imports go down: {name} may import {', '.join(sorted(MAY_IMPORT[room]))}"
                problems.append(f"{path}:{line}: `{name}` may not import `{target}` ({rule})")
    return problems


def foreign_imports_on_the_ground(sources: dict[str, str]) -> list[str]:
    """Ground files that need more than the standard library."""
    return [
        f"{path}:{line}: imports `{target}` (the ground floor needs the standard library only)"
        for path, text in sources.items()
        if room_of(module_of(path)) in GROUND
        for line, target in imports_of(path, text, set())
        if target.split(".")[0] not in sys.stdlib_module_names | {"kerasseq"}
    ]


def wrong_tensorflow(sources: dict[str, str]) -> list[str]:
    """Uses of TensorFlow's own API where `keras.ops` belongs."""
    rule = f"TensorFlow's own API is for {', '.join(sorted(TENSORFLOW_ROOMS))}"
    return [
        f"{path}:{line}: imports `{target}` ({rule})"
        for path, text in sources.items()
        if room_of(module_of(path)) not in TENSORFLOW_ROOMS and path not in TENSORFLOW_FILES
        for line, target in imports_of(path, text, set())
        if target.split(".")[0] in TENSORFLOW
    ]


def import_circles(sources: dict[str, str]) -> list[str]:
    """Modules that import each other, by however long a way."""
    known = known_modules(sources)
    edges = {
        module_of(path): {
            target: f"{path}:{line}" for line, target in imports_of(path, text, known) if target in known
        }
        for path, text in sources.items()
    }
    problems, done = [], set()

    def visit(module: str, trail: list[str]) -> None:
        if module in trail:
            circle = [*trail[trail.index(module) :], module]
            place = edges[circle[-2]][module]
            problems.append(
                f"{place}: imports in a circle: {' -> '.join(circle)} (modules import in one direction)"
            )
        elif module not in done:
            for target in edges.get(module, ()):
                visit(target, [*trail, module])
            done.add(module)

    for module in edges:
        visit(module, [])
    return problems


def too_long(sources: dict[str, str]) -> list[str]:
    """Files and functions that nobody reads in one go."""
    problems = []
    for path, text in sources.items():
        lines = len(text.splitlines())
        if lines > MOST_FILE_LINES:
            problems.append(
                f"{path}:{MOST_FILE_LINES + 1}: {lines} lines (a file has at most {MOST_FILE_LINES})"
            )
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                body = node.body[1:] if ast.get_docstring(node, clean=False) is not None else node.body
                length = body[-1].end_lineno - body[0].lineno + 1 if body else 0
                if length > MOST_FUNCTION_LINES:
                    rule = f"a function's body has at most {MOST_FUNCTION_LINES}"
                    problems.append(f"{path}:{node.lineno}: `{node.name}` has {length} lines ({rule})")
    return problems


def vague_names(sources: dict[str, str]) -> list[str]:
    """Files and folders whose name says nothing of what is in them."""
    return [
        f"{path}:1: `{part}` (no file or folder is named {', '.join(sorted(VAGUE_NAMES))})"
        for path in sources
        for part in PurePosixPath(path).with_suffix("").parts
        if part.removeprefix("test_").strip("_") in VAGUE_NAMES
    ]


def asserts(sources: dict[str, str]) -> list[str]:
    """Checks that vanish under `python -O`."""
    return [
        f"{path}:{node.lineno}: `assert` (product code raises errors that say what is wrong)"
        for path, text in sources.items()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Assert)
    ]


def registrations(path: str, text: str) -> list[tuple[int, str | None, str | None]]:
    """The line, kind and word of each `@register(...)` in a file; None where it is no literal."""
    found = []
    for node in ast.walk(ast.parse(text)):
        for decorator in getattr(node, "decorator_list", ()):
            if isinstance(decorator, ast.Call) and ast.unparse(decorator.func).split(".")[-1] == "register":
                given = [*decorator.args, *(keyword.value for keyword in decorator.keywords)]
                literals = [value.value if isinstance(value, ast.Constant) else None for value in given]
                word = literals[1] if len(literals) > 1 else PurePosixPath(path).stem
                found.append((decorator.lineno, literals[0] if literals else None, word))
    return found


def wrong_registrations(sources: dict[str, str]) -> list[str]:
    """Parts that a recipe's word would not lead to."""
    problems = []
    for path, text in sources.items():
        found, lines = registrations(path, text), text.splitlines()
        kinds = [kind for _, kind, _ in found]
        problems += [
            f"{path}:{line}: registers a second {kind} (a file registers one, under its own name)"
            for place, (line, kind, _) in enumerate(found)
            if kind in kinds[:place]
        ]
        for line, kind, word in found:
            folder, stem = str(PurePosixPath(path).parent), PurePosixPath(path).stem
            if kind not in FOLDERS or f'@register("{kind}"' not in lines[line - 1]:
                rule = '@register("kind") is written out, with a kind of registry.FOLDERS'
                problems.append(f"{path}:{line}: {lines[line - 1].strip()} ({rule})")
            elif folder != f"kerasseq/{FOLDERS[kind]}":
                problems.append(f"{path}:{line}: registers a {kind} (one lies in kerasseq/{FOLDERS[kind]})")
            elif word != stem:
                problems.append(
                    f"{path}:{line}: registers `{word}` (the recipe's word is the file's name, `{stem}`)"
                )
    return problems
