"""Each command calls the pipeline's function of its name, and mistakes come without a traceback."""

import io
import json
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

import kerasseq
from kerasseq import cli
from kerasseq.catalogue import Entry
from kerasseq.errors import Interrupted, Problem, RecipeError

ROOT = Path(__file__).parent.parent
VERBS = ("run", "train", "evaluate", "predict", "score", "export", "report", "check", "explain", "doctor")


class Pipeline:
    """Stands in for `kerasseq.pipeline`: notes each call and returns what a test set."""

    def __init__(self):
        self.calls = []
        self.returns = {}

    def __getattr__(self, name):
        def verb(*arguments, **options):
            self.calls.append((name, arguments, options))
            result = self.returns.get(name)
            if isinstance(result, BaseException):
                raise result
            return result

        return verb


@pytest.fixture
def pipeline(monkeypatch):
    stand_in = Pipeline()
    monkeypatch.setitem(sys.modules, "kerasseq.pipeline", stand_in)
    monkeypatch.setattr(kerasseq, "pipeline", stand_in, raising=False)
    monkeypatch.setattr(cli, "load_engine", lambda: None)
    return stand_in


@pytest.fixture
def command(pipeline, monkeypatch, capsys):
    """Runs a command line; returns the exit status, what it printed and what it complained of."""

    def call(*arguments, stdin=b""):
        monkeypatch.setattr(sys, "argv", ["kerasseq", *arguments])
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as ended:
            cli.main()
        printed = capsys.readouterr()
        return ended.value.code, printed.out, printed.err

    return call


NO_OPTIONS = {"out": None, "data": None, "fresh": False}


@pytest.mark.parametrize(
    ("line", "call"),
    [
        ("export runs/a", ("export", (Path("runs/a"),), {})),
        ("report runs/a", ("report", (Path("runs/a"),), {})),
        ("explain a seed=2 --data d", ("explain", ("a", ["seed=2"]), {"data": Path("d")})),
        (
            "explain --gradients runs/a --out a.png",
            ("explain", ("runs/a", []), {"data": None, "gradients": True, "out": Path("a.png")}),
        ),
        ("doctor", ("doctor", (None, []), {"data": None})),
        ("doctor a seed=2 --data d", ("doctor", ("a", ["seed=2"]), {"data": Path("d")})),
        ("compare a b", ("compare", ([Path("a"), Path("b")],), {})),
        ("recipes show a", ("show_recipe", ("a",), {})),
        ("recipes copy a", ("copy_recipe", ("a", None), {})),
        ("recipes copy a b", ("copy_recipe", ("a", Path("b")), {})),
        ("datasets prepare a --out b", ("prepare_dataset", ("a", Path("b")), {})),
        ("datasets fetch a", ("fetch_dataset", ("a", None), {})),
        ("datasets fetch a --out b", ("fetch_dataset", ("a", Path("b")), {})),
        ("schema", ("schema", (), {})),
    ],
)
def test_a_command_says_what_the_function_of_its_name_returns(command, pipeline, line, call):
    pipeline.returns[call[0]] = "said\n"
    status, printed, complaint = command(*line.split())
    assert (status, printed.strip(), complaint) == (0, "said", "")
    assert pipeline.calls == [call]


@pytest.mark.parametrize(
    ("line", "calls"),
    [
        ("run a.yaml", [("run", ("a.yaml", []), NO_OPTIONS)]),
        (
            "run a.yaml seed=2 --out o train.epochs=3 --data d --fresh",
            [
                (
                    "run",
                    ("a.yaml", ["seed=2", "train.epochs=3"]),
                    {"out": Path("o"), "data": Path("d"), "fresh": True},
                )
            ],
        ),
        ("train a seed=2", [("train", ("a", ["seed=2"]), NO_OPTIONS)]),
        (
            "evaluate runs/a",
            [
                ("fill_cores", (Path("runs/a"),), {"scores": True}),
                *((verb, (Path("runs/a"),), {}) for verb in ("evaluate", "show")),
            ],
        ),
    ],
)
def test_a_command_that_shows_its_own_progress_adds_nothing(command, pipeline, line, calls):
    pipeline.returns.update(dict.fromkeys((call[0] for call in calls), "not for people"))
    assert command(*line.split()) == (0, "", "")
    assert pipeline.calls == calls


def test_launch_ends_as_its_workers_did(command, pipeline):
    pipeline.returns["launch"] = 143
    assert command("launch", "a", "--workers", "3", "seed=2", "--train", "--out", "o") == (143, "", "")
    options = {"workers": 3, "only_train": True, "out": Path("o"), "data": None, "fresh": False}
    assert pipeline.calls == [("launch", ("a", ["seed=2"]), options)]


def test_a_function_that_returns_nothing_prints_nothing(command):
    assert command("report", "runs/a") == (0, "", "")


def test_check_says_that_all_is_well(command, pipeline):
    assert command("check", "a.yaml", "seed=2") == (0, "a.yaml: no mistakes found\n", "")
    assert pipeline.calls == [("check", ("a.yaml", ["seed=2"]), {})]


@pytest.mark.parametrize("verb", ["recipes", "datasets"])
@pytest.mark.parametrize("rest", [[], ["ls"]])
def test_the_catalogue_is_listed_in_columns(command, pipeline, verb, rest):
    entries = [Entry("dates", "Translates dates.", Path("a")), Entry("a/names", "", Path("b"))]
    pipeline.returns[verb] = entries
    assert command(verb, *rest) == (0, "dates    Translates dates.\na/names\n", "")
    pipeline.returns[verb] = []
    assert command(verb, *rest) == (0, "", "")


PREDICTIONS = [{"input": "a", "prediction": "é"}, {"input": "", "prediction": ""}]


def test_predict_reads_standard_input(command, pipeline):
    pipeline.returns["predict"] = PREDICTIONS
    assert command("predict", "runs/a", stdin="é b\r\n\n".encode()) == (0, "é\n\n", "")
    fill_cores, predict = pipeline.calls
    assert fill_cores == ("fill_cores", (Path("runs/a"),), {"scores": False})  # before anything is computed
    assert predict == ("predict", (Path("runs/a"), ["é b", ""]), {})


def test_predict_reads_a_file_and_writes_json_lines(command, pipeline, tmp_path):
    path = tmp_path / "input.txt"
    path.write_bytes(b"\xef\xbb\xbfa\nb")
    pipeline.returns["predict"] = PREDICTIONS
    status, printed, _ = command("predict", "runs/a", str(path), "--format", "jsonl")
    assert status == 0
    assert [json.loads(line) for line in printed.splitlines()] == PREDICTIONS
    assert "é" in printed
    assert pipeline.calls[-1][1][1] == ["a", "b"]


def test_score_reads_a_value_for_each_field(command, pipeline):
    pipeline.returns |= {"score": [{"score": -1.5}], "fields": ("source", "target")}
    assert command("score", "runs/a", "-", stdin=b"a b\tc d\n") == (0, "-1.5\n", "")
    assert pipeline.calls[-1] == ("score", (Path("runs/a"), [("a b", "c d")]), {})


@pytest.mark.parametrize(
    ("arguments", "stdin", "complaint"),
    [
        (
            ["score", "a"],
            b"a\tb\nc\n",
            "standard input:2: the line has 0 tabs, and an example has 1.\n  fix: write source<TAB>target",
        ),
        (
            ["score", "a"],
            b"a\tb\tc\n",
            "standard input:1: the line has 2 tabs, and an example has 1.\n  fix: write source<TAB>target",
        ),
        (["predict", "a"], b"a\nb\xff\n", "standard input:2: byte 1 of the line is not UTF-8.\n"),
        (["predict", "a", "none.txt"], b"", "none.txt cannot be read: No such file or directory.\n"),
    ],
)
def test_input_that_cannot_be_used(command, pipeline, arguments, stdin, complaint):
    pipeline.returns["fields"] = ("source", "target")
    status, printed, said = command(*arguments, stdin=stdin)
    assert (status, printed) == (2, "")
    assert said.startswith(complaint)
    assert {name for name, *_ in pipeline.calls} <= {"fields"}


def test_a_mistake_is_shown_as_its_text(command, pipeline):
    long = "long " * 60
    pipeline.returns["run"] = RecipeError([Problem(f"`a` is {long}.", "a.yaml:3", ("b",), "write b")])
    status, printed, complaint = command("run", "a.yaml")
    assert (status, printed) == (2, "")
    assert complaint == f"a.yaml:3: `a` is {long}.\n  allowed: b\n  fix: write b\n"


def test_a_picture_is_of_gradients_alone(command, pipeline):
    status, _, complaint = command("explain", "a", "--out", "a.png")
    assert status == 2 and "it is for the picture of --gradients" in complaint
    assert pipeline.calls == []


def test_an_interrupt_ends_quietly(command, pipeline):
    pipeline.returns["run"] = KeyboardInterrupt()
    status, printed, complaint = command("run", "a.yaml")
    assert (status, printed) == (130, "")
    assert "Traceback" not in complaint


def test_a_training_that_was_asked_to_stop_says_how_to_go_on(command, pipeline):
    pipeline.returns["run"] = Interrupted("SIGTERM: stopped and saved", exit_code=143)
    assert command("run", "a.yaml") == (143, "", "SIGTERM: stopped and saved\n")


def test_a_defect_keeps_its_traceback(command, pipeline):
    pipeline.returns["run"] = ZeroDivisionError("a defect")
    with pytest.raises(ZeroDivisionError, match="a defect"):
        command("run", "a.yaml")


@pytest.mark.parametrize("arguments", [["rum"], ["run"], ["predict", "a", "--format", "xml"]])
def test_a_command_line_that_is_wrong(command, pipeline, arguments):
    status, _, complaint = command(*arguments)
    assert status == 2
    assert "Usage" in complaint
    assert pipeline.calls == []


def test_verbs_that_need_tensorflow_import_it_quietly_first(command, pipeline, monkeypatch):
    imported = []
    pipeline.returns.update(recipes=[], datasets=[])
    monkeypatch.setattr(cli, "load_engine", lambda: imported.append("tensorflow"))
    for line in ("check a", "schema", "recipes", "datasets", "recipes show a", "compare a"):
        command(*line.split())
    assert imported == []
    command("run", "a")
    assert imported == ["tensorflow"]


def test_the_version(command):
    assert command("--version") == (0, f"{kerasseq.__version__}\n", "")


def test_help_is_quick_and_imports_nothing_heavy():
    code = (
        "import sys; sys.argv = ['kerasseq', '--help']\n"
        "import atexit; heavy = {'tensorflow', 'keras', 'numpy', 'pydantic', 'ruamel', 'kerasseq.pipeline'}\n"
        "atexit.register(lambda: print('heavy:', *sorted(heavy & set(sys.modules))))\n"
        "from kerasseq.cli import main; main()\n"
    )
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    seconds = time.perf_counter() - start
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "heavy:"
    assert all(f" {verb} " in done.stdout for verb in VERBS)
    assert seconds < 1.5  # 0.15 on an idle machine


def test_python_m_kerasseq():
    done = subprocess.run(
        [sys.executable, "-m", "kerasseq", "--version"], cwd=ROOT, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout.strip()) == (0, kerasseq.__version__)


def test_one_input_is_answered_piece_by_piece(command, pipeline):
    pipeline.returns["stream"] = iter(["a", "b\n", "é"])
    assert command("predict", "runs/a", stdin=b"x\n") == (0, "ab\né\n", "")
    fill_cores, stream = pipeline.calls
    assert fill_cores == ("fill_cores", (Path("runs/a"),), {"scores": False})
    assert stream == ("stream", (Path("runs/a"), "x"), {})
