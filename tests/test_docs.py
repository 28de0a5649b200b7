"""Every example of README.md and docs/ runs: commands, recipes, and Python, page by page, on a little data.

A block whose first line is a comment with a file's name is that file. In a `console` block, what stands below
a command is what it prints, `…` standing for anything. Trainings are made short by $KERASSEQ_DATA and by
overrides, which the page's own follow.
"""

import importlib
import io
import json
import re
import shlex
import shutil
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from kerasseq import cli, pipeline, registry
from kerasseq.shipped import shipped_folder
from tests.data.picture_files import picture, write_picture
from tests.data.recordings import tone, write_wav
from tests.data.series.sales_files import write_sales

ROOT = Path(__file__).parent.parent
PAGES = (
    "README.md",
    "docs/recipes.md",
    "docs/data.md",
    "docs/language_models.md",
    "docs/classification.md",
    "docs/media.md",
    "docs/tagging.md",
    "docs/forecasting.md",
    "docs/captioning.md",
    "docs/summarization.md",
    "docs/speech.md",
    "docs/gradients.md",
    "docs/training.md",
    "docs/workers.md",
    "docs/tuning.md",
    "docs/python.md",
    "docs/export.md",
    "docs/design.md",
)
LANGUAGES = {"bash", "console", "python", "text", "yaml"}
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
FILE_NAME = re.compile(r"# ([\w.]+\.(?:py|yaml))\n")
LINK = re.compile(r"\]\(([^)#\s]*)(#[^)]*)?\)")
SIZES = {"train": 32, "validation": 8, "test": 8}
FEW = {"dates": "tsv", "headlines": "jsonl", "reviews": "tsv", "tags": "jsonl"}  # of what ships
TRAINS = ("run", "train", "explain", "tune")  # `VERB RECIPE …`
QUICK = {"train.epochs": 1, "train.watch": [], "evaluate.num_details": 0}
SHORT_LANGUAGE_MODEL = {
    "data.source": {"type": "text", "train": "few.txt", "validation": "few.txt"},
    "model.units": 8,
    **QUICK,
    "decode.max_length": 12,
}
SHORT_CLASSIFIER = {
    "model.embedding_dim": 8,
    "model.encoder.units": 8,
    "model.encoder.bidirectional": False,
    **QUICK,
    "evaluate.baseline": ["majority"],
}
SHORT_CAPTIONER = {
    "model.embedding_dim": 8,
    "model.image_encoder.filters": [4, 4],
    "model.decoder.units": 8,
    **QUICK,
    "decode": "greedy",
}
SHORT_TAGGER = {
    "model.embedding_dim": 8,
    "model.encoder.units": 8,
    "model.encoder.bidirectional": False,
    **QUICK,
}
SHORT_SPEECH = {
    "model.subsampling": {"filters": 4},
    "model.encoder": {"type": "recurrent", "units": 4, "bidirectional": False},
    **QUICK,
    "decode": "ctc_greedy",
}
SHORT_FORECASTER = {
    "data.stride": 40,
    "data.evaluation_stride": 40,
    "model.encoder.units": 4,
    **QUICK,
    "evaluate.baseline": ["last_value"],
}
SHORT = {
    "data.batch_size": 64,
    "model.embedding_dim": 8,
    "model.encoder.units": 8,
    "model.encoder.bidirectional": False,
    "model.decoder.units": 8,
    "model.decoder.attention": "none",
    **QUICK,
    "train.clipping": None,
    "train.schedule": None,
    "decode": "greedy",
    "evaluate.metrics": ["exact_match"],
}


SHORT_BY_MODEL = {
    "forecaster": SHORT_FORECASTER,
    "captioner": SHORT_CAPTIONER,
    "language_model": SHORT_LANGUAGE_MODEL,
    "seq2seq": SHORT,
    "sequence_classifier": SHORT_CLASSIFIER,
    "speech_recognizer": SHORT_SPEECH,
    "sequence_tagger": SHORT_TAGGER,
}


def text_of(page):
    return (ROOT / page).read_text(encoding="utf-8")


EVERY_PAGE = "".join(map(text_of, PAGES))


def blocks(page):
    return BLOCK.findall(text_of(page))


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    """A folder with a little data of one's own."""
    folder = tmp_path_factory.mktemp("docs")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.syspath_prepend(str(folder))
        patch.setenv("KERASSEQ_CACHE", str(folder / "cache"))
        patch.setenv("KERASSEQ_DATA", str(folder / "data"))
        patch.setattr("kerasseq.data.public.sets.fetch", fetch_offline)
        (folder / "few.txt").write_text("The wind is blowing.\nA cat sat on the mat.\n", "utf-8")
        rows = [f'{row},{"good" if row % 2 else "bad"},"A review, the {row}th."\n' for row in range(16)]
        (folder / "my.csv").write_text("id,stars,review\n" + "".join(rows), "utf-8")
        words = [f"Ann{row} PROPN B-PER\nlikes VERB O\nRome PROPN B-LOC\n\n" for row in range(16)]
        (folder / "my.conll").write_text("".join(words), "utf-8")
        summaries = [
            f'{{"text": ["Ann saw {row}.", "Go."], "summaries": ["Ann", "{row}"]}}\n' for row in range(12)
        ]
        (folder / "notes.jsonl").write_text("".join(summaries), "utf-8")
        write_clips(folder)
        write_sounds(folder)
        write_sales(folder)
        write_pictures(folder)
        write_few(folder)
        known = set(registry._registered), set(sys.modules)
        yield folder
        for part in set(registry._registered) - known[0]:
            if not registry.path_of(*part).is_file():
                del registry._registered[part]
        for name in set(sys.modules) - known[1]:
            if getattr(sys.modules[name], "__file__", None) == str(folder / f"{name}.py"):
                del sys.modules[name]


def fetch_offline(name, out):
    """Stands in for what needs the network: a few lines for each split of running text."""
    (out / name).mkdir(parents=True, exist_ok=True)
    for split in ("train", "valid", "test"):
        (out / name / f"{name}.{split}.txt").write_text("a cat sat on the mat\n" * 8, "utf-8")
    return out / name


def write_few(folder):
    """The first lines of data sets that ship, where the recipes look for them, and pairs of one's own."""
    for data_set, suffix in FEW.items():
        (folder / "data" / data_set).mkdir(parents=True)
        for split, size in SIZES.items():
            name = f"{split}.{suffix}"
            lines = (shipped_folder("datasets") / data_set / name).read_text("utf-8").splitlines(True)
            (folder / "data" / data_set / name).write_text("".join(lines[:size]), "utf-8")
    for split in SIZES:
        shutil.copy(folder / "data" / "dates" / f"{split}.tsv", folder)


def write_pictures(folder):
    """Pictures of one's own, and a few scenes where the recipe looks for them."""
    rows = ["image,caption"]
    for name in ["beach.png", *(f"{number}.png" for number in range(30))]:
        write_picture(folder / "photos" / name, picture(seed=len(rows)))
        rows += [f"{name},A dog runs", f"{name},A wet dog"]
    (folder / "captions.txt").write_text("\n".join(rows) + "\n", "utf-8")
    for split in SIZES:
        write_picture(folder / "data" / "scenes" / "pictures" / f"{split}.png", picture())
        (folder / "data" / "scenes" / f"{split}.csv").write_text(f"{split}.png,a red circle\n", "utf-8")


def write_sounds(folder):
    """Recordings whose names say what they are."""
    for number in range(40):
        name = f"{'yes' if number % 2 else 'no'}_{'ann' if number < 20 else 'bob'}_{number // 2 % 10}.wav"
        write_wav(folder / "sounds" / name, tone(400 + 800 * (number % 2) + number))


def write_clips(folder):
    """Recordings, and a table of what is said in them."""
    (folder / "clips").mkdir()
    rows = ["file,seconds,text"]
    for name, text in zip(["one", "two", *"abcdef"], ["one two", "stop"] * 4, strict=True):
        write_wav(folder / "clips" / f"{name}.wav", tone(440, rate=16000), rate=16000)
        rows.append(f"clips/{name}.wav,1.0,{text}")
    (folder / "clips.csv").write_text("\n".join(rows), "utf-8")


def call(command, monkeypatch, capsys, *, stdin=""):
    """Runs one line of `kerasseq …`; returns its exit status and all that it printed."""
    arguments = shlex.split(command)[1:]
    if arguments[0] in TRAINS and not arguments[1].startswith("runs/"):
        model = pipeline.check(arguments[1]).values["model"]
        overrides = SHORT_BY_MODEL[model["type"]]
        if model.get("decoder", {}).get("copy"):  # which it does from where the attention looks
            overrides = {key: value for key, value in overrides.items() if "attention" not in key}
            overrides["evaluate.metrics"] = ["rouge"]
        if model.get("front_end"):  # in the place of the embedding
            overrides = {key: value for key, value in overrides.items() if key != "model.embedding_dim"}
        if f"runs/{Path(arguments[1]).stem}/saved_model" not in EVERY_PAGE:  # no example asks for it
            overrides = {**overrides, "export": []}
        short = [f"{key}={json.dumps(value)}" for key, value in overrides.items()]
        arguments = [*arguments[:2], *short, *arguments[2:]]
    monkeypatch.setattr(sys, "argv", ["kerasseq", *arguments])
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(stdin.encode())))
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        cli.main()
    printed = capsys.readouterr()
    return ended.value.code or 0, printed.out + printed.err


def run_commands(text, monkeypatch, capsys):
    """Runs a `bash` block; a line is `kerasseq …`, `echo … | kerasseq …` or `make …`, which is not run."""
    for line in text.splitlines():
        before, _, command = line.rpartition(" | ")
        assert re.match(r"(kerasseq|make) ", command), f"neither kerasseq nor make: {line}"
        assert not before or before.startswith("echo "), line
        if command.startswith("kerasseq "):
            said = " ".join(shlex.split(before)[1:]) + "\n" if before else ""
            status, printed = call(command, monkeypatch, capsys, stdin=said)
            assert status == 0, f"{line}\n{printed}"


def run_console(text, monkeypatch, capsys):
    """Holds a `console` block against what its commands print."""
    for command, expected in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", text, re.M):
        _, printed = call(command, monkeypatch, capsys)
        pattern = re.escape(expected).replace("…", ".*")
        assert re.fullmatch(pattern, printed), f"{command} prints\n{printed}"


@pytest.mark.parametrize("page", PAGES)
def test_the_examples_of_a_page_run(page, workplace, request, monkeypatch, capsys):
    found = blocks(page)
    assert len(found) > 1
    if page == "docs/tuning.md":
        pytest.importorskip("optuna")
    if page == "docs/speech.md":
        pytest.importorskip("jiwer")
    first = "runs/translate_dates"
    if page == PAGES[0]:  # another page may have been first
        shutil.rmtree(first, ignore_errors=True)
    elif first in text_of(page) and not Path(first).exists():
        shutil.copytree(request.getfixturevalue("tiny_run").folder.path, first)  # for that of the first page
    namespace = ModuleType("page").__dict__
    for language, text in found:
        assert language in LANGUAGES, f"a block of {page} has the language {language!r}"
        if name := FILE_NAME.match(text):
            (workplace / name[1]).write_text(text, encoding="utf-8")
            importlib.invalidate_caches()
        elif language == "python":
            exec(compile(text, page, "exec"), namespace)
        elif language == "bash":
            run_commands(text, monkeypatch, capsys)
        elif language == "console":
            run_console(text, monkeypatch, capsys)
        else:
            assert language == "text", f"a {language} block of {page} has no file name"


def test_every_page_is_tested():
    assert {"README.md", *(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))} == set(PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    links = [(target, anchor) for target, anchor in LINK.findall(text_of(page)) if "://" not in target]
    assert links or page == "docs/export.md"
    for target, anchor in links:
        path = (ROOT / page).parent / target if target else ROOT / page
        assert path.exists(), f"{page} links to {target}"
        if anchor:
            titles = re.findall(r"^#+ (.*)$", path.read_text("utf-8"), re.M)
            assert anchor[1:] in {title.lower().replace(" ", "-") for title in titles}, f"{page}: {anchor}"


def test_the_pictures_are_small():
    assert (ROOT / "docs" / "attention.png").stat().st_size < 100_000
    assert (ROOT / "docs" / "gradients.png").stat().st_size < 100_000


@pytest.mark.parametrize("page", PAGES)
def test_lines_can_be_read_in_an_editor(page):
    is_code, long = False, []
    for line in text_of(page).splitlines():
        is_code ^= line.startswith("```")
        if len(line) > 140 and not line.startswith("|") and not is_code:
            long.append(line)
    assert long == []


def test_the_key_and_folder_table_is_the_registry():
    rows = text_of("docs/design.md").partition("## One list")[0]
    folders = {folder.rstrip("/") for folder in re.findall(r"`([\w/]+/)`", rows)}
    assert folders == set(registry.FOLDERS.values())
