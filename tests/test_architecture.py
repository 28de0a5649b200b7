"""The package keeps the rules of its design, and each rule can fail."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests import architecture as rules

ROOT = Path(__file__).parent.parent
SLOW_TO_IMPORT = ("tensorflow", "tensorflow_text", "keras", "nltk", "matplotlib", "sacrebleu", "rouge_score")
RULES = (
    rules.wrong_imports,
    rules.foreign_imports_on_the_ground,
    rules.wrong_tensorflow,
    rules.import_circles,
    rules.too_long,
    rules.vague_names,
    rules.asserts,
    rules.wrong_registrations,
)


@pytest.fixture(scope="module")
def sources():
    return rules.read_sources(ROOT)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_package_keeps_the_rule(rule, sources):
    assert {"kerasseq/registry.py", "kerasseq/errors.py", "kerasseq/specs.py"} <= set(sources)
    problems = rule(sources)
    assert not problems, "\n" + "\n".join(problems)


def test_no_test_file_has_a_vague_name():
    problems = rules.vague_names(rules.read_sources(ROOT, "tests"))
    assert not problems, "\n" + "\n".join(problems)


def test_the_registry_finds_exactly_what_the_files_register(sources):
    registered = {
        (kind, word) for path, text in sources.items() for _, kind, word in rules.registrations(path, text)
    }
    listing = "*(f'{kind}:{word}' for kind in FOLDERS for word in names(kind))"
    code = f"from kerasseq.registry import FOLDERS, names; print({listing})"
    assert {tuple(found.split(":")) for found in _python(code).split()} == registered


def _python(code):
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "module", ["kerasseq", "kerasseq.cli", "kerasseq.pipeline", "kerasseq.recipe", "kerasseq.specs"]
)
def test_importing_it_does_not_import_what_is_slow(module):
    code = f"import sys, {module}; print(*(name for name in {SLOW_TO_IMPORT!r} if name in sys.modules))"
    assert _python(code).split() == [], f"importing {module} imports these"


# Made-up files: each rule's failing message, in full.


def wrong(rule, **files):
    """The problems of made-up files: `data__lines="..."` is kerasseq/data/lines.py."""
    return rule({f"kerasseq/{name.replace('__', '/')}.py": text for name, text in files.items()})


@pytest.mark.parametrize(
    "statement",
    [
        "import kerasseq.layers.mask",
        "import kerasseq.layers.mask as mask",
        "from kerasseq.layers import mask",
        "from kerasseq.layers.mask import Mask",
        "from ..layers import mask",
        "from kerasseq import layers",
        "def f():\n    from kerasseq.layers import mask",
        "if TYPE_CHECKING:\n    from kerasseq.layers import mask",
        "importlib.import_module('kerasseq.layers.mask')",
    ],
)
def test_an_import_between_neighbours_is_found_however_it_is_written(statement):
    (problem,) = wrong(rules.wrong_imports, data__lines=statement, layers__mask="")
    line = statement.count("\n") + 1
    assert problem.startswith(f"kerasseq/data/lines.py:{line}: `data` may not import `kerasseq.layers")
    assert problem.endswith(f"(imports go down: data may import {', '.join(sorted(rules.GROUND))})")


@pytest.mark.parametrize(
    ("room", "target"),
    [
        ("errors", "recipe"),
        ("registry", "layers"),
        ("recipe", "data"),
        ("decode", "models"),
        ("models", "data"),
        ("models", "decode"),
        ("models", "train"),
        ("train", "evaluate"),
        ("evaluate", "export"),
        ("export", "serve"),
        ("report", "evaluate"),
        ("serve", "pipeline"),
        ("pipeline", "cli"),
        ("opened_run", "pipeline"),
        ("opened_run", "explanation"),
        ("explanation", "pipeline"),
        ("examination", "explanation"),
        ("environment", "train"),
        ("report", "opened_run"),
        ("cli", "recipe"),
        ("cli", "registry"),
        ("cli", "train"),
    ],
)
def test_each_forbidden_direction_is_found(room, target):
    (problem,) = wrong(rules.wrong_imports, **{f"{room}__part": f"import kerasseq.{target}"})
    assert problem.startswith(f"kerasseq/{room}/part.py:1: `{room}` may not import `kerasseq.{target}`")


@pytest.mark.parametrize(
    ("room", "target"),
    [
        ("errors", "specs"),
        ("recipe", "registry"),
        ("data", "data.lines"),
        ("models", "layers.cells"),
        ("train", "models"),
        ("report", "metrics"),
        ("pipeline", "serve"),
        ("pipeline", "explanation"),
        ("explanation", "opened_run"),
        ("examination", "environment"),
        ("cli", "pipeline"),
        ("cli", "errors"),
        ("cli", "quiet"),
    ],
)
def test_each_allowed_direction_passes(room, target):
    assert wrong(rules.wrong_imports, **{f"{room}__part": f"import kerasseq.{target}"}) == []


def test_the_package_itself_is_on_top():
    assert wrong(rules.wrong_imports, __init__="from kerasseq import pipeline", pipeline="") == []
    assert wrong(rules.wrong_imports, train__loop="from kerasseq import __version__") == []
    for statement in ("import kerasseq", "from kerasseq import run"):
        (problem,) = wrong(rules.wrong_imports, train__loop=statement)
        assert problem.startswith("kerasseq/train/loop.py:1: `train` may not import `kerasseq` ")


def test_a_room_without_a_floor_is_found():
    assert wrong(rules.wrong_imports, attic__box="") == [
        "kerasseq/attic/box.py:1: `attic` is in no row of MAY_IMPORT (each room has its floor)"
    ]


def test_the_ground_needs_the_standard_library_only():
    assert wrong(
        rules.foreign_imports_on_the_ground, specs="import json, numpy", data__lines="import numpy"
    ) == ["kerasseq/specs.py:1: imports `numpy` (the ground floor needs the standard library only)"]


def test_tensorflow_is_for_data_and_export():
    text = "def f():\n    from tensorflow.io import gfile"
    assert wrong(rules.wrong_tensorflow, layers__mask=text, data__lines=text, export__saved_model=text) == [
        "kerasseq/layers/mask.py:2: imports `tensorflow.io` "
        "(TensorFlow's own API is for data, export, workers)"
    ]
    (problem,) = wrong(rules.wrong_tensorflow, train__loop="import tensorflow_text as text")
    assert "imports `tensorflow_text`" in problem


def test_every_exception_from_the_tensorflow_rule_is_still_needed(sources):
    imports = {path: rules.imports_of(path, sources[path], set()) for path in rules.TENSORFLOW_FILES}
    unneeded = [
        path for path, found in imports.items() if not {target for _, target in found} & rules.TENSORFLOW
    ]
    assert unneeded == []


def test_a_circle_is_found_with_its_whole_way():
    (problem,) = wrong(
        rules.import_circles,
        data__a="from kerasseq.data import b",
        data__b="def f():\n    from kerasseq.data.c import C",
        data__c="\nfrom . import a",
    )
    assert problem == (
        "kerasseq/data/c.py:2: imports in a circle: kerasseq.data.a -> kerasseq.data.b -> kerasseq.data.c"
        " -> kerasseq.data.a (modules import in one direction)"
    )


def test_two_ways_to_one_module_are_no_circle():
    files = {"data__a": "from . import b, c", "data__b": "from . import d", "data__c": "from . import d"}
    assert wrong(rules.import_circles, **files, data__d="") == []


def test_a_long_file_and_a_long_function_are_found():
    assert wrong(rules.too_long, specs="\n" * 300) == []
    assert wrong(rules.too_long, specs="\n" * 301) == [
        "kerasseq/specs.py:301: 301 lines (a file has at most 300)"
    ]
    head = 'class A:\n    def f(\n        self,\n    ):\n        """Text.\n\n        More.\n        """\n'
    assert wrong(rules.too_long, specs=head + "        pass\n" * 40) == []
    assert wrong(rules.too_long, specs=head + "        pass\n" * 41) == [
        "kerasseq/specs.py:2: `f` has 41 lines (a function's body has at most 40)"
    ]


@pytest.mark.parametrize("name", ["utils", "data__misc", "layers__helpers__mask", "common", "train___utils"])
def test_a_vague_name_is_found(name):
    (problem,) = wrong(rules.vague_names, **{name: ""})
    assert "no file or folder is named common, helper, helpers, misc, util, utils" in problem


def test_an_assert_is_found():
    assert wrong(rules.asserts, specs="def f(x):\n    assert x, 'assert'") == [
        "kerasseq/specs.py:2: `assert` (product code raises errors that say what is wrong)"
    ]


@pytest.mark.parametrize(
    ("path", "text", "message"),
    [
        (
            "metrics__bleu",
            '@register("metric")\nclass A: ...\n@register("metric", "b")\nclass B: ...',
            "3: registers a second metric (a file",
        ),
        (
            "metrics__bleu",
            '@register("metric", name="blue")\nclass A: ...',
            "1: registers `blue` (the recipe's word",
        ),
        (
            "layers__gru",
            '@register("cell")\nclass A: ...',
            "1: registers a cell (one lies in kerasseq/layers/cells)",
        ),
        ("metrics__bleu", "@register('metric')\nclass A: ...", "1: @register('metric') (@register("),
        ("metrics__bleu", "@register(KIND)\nclass A: ...", "1: @register(KIND) (@register("),
        ("metrics__bleu", '@register("metrics")\ndef a(): ...', '1: @register("metrics") (@register('),
    ],
)
def test_a_part_that_no_word_leads_to_is_found(path, text, message):
    assert any(f".py:{message}" in problem for problem in wrong(rules.wrong_registrations, **{path: text}))


def test_a_part_under_its_own_name_passes():
    text = '@keras.saving.register_keras_serializable("kerasseq")\n@register("metric")\nclass A: ...'
    assert wrong(rules.wrong_registrations, metrics__bleu=text) == []


def test_a_model_and_its_task_may_share_their_file():
    text = '@register("model")\ndef build(): ...\n@register("task")\nclass Task: ...'
    assert wrong(rules.wrong_registrations, models__seq2seq=text) == []
