"""One page for every state a run can be in, and nothing in it comes from outside."""

import json
from html.parser import HTMLParser

import pytest

from kerasseq.errors import RunFolderError
from kerasseq.report import write_report
from kerasseq.report.curves import curves
from kerasseq.run_folder import RunFolder
from tests.report.run_files import RECIPE, attention, metrics, write_history, write_json, write_run

SECTIONS = ["results", "curves", "gradients", "samples", "worst", "data", "recipe", "environment"]
FILES = ["recipe.yaml", "environment.json", "metrics.json", "history.csv", "predictions.jsonl"]
VOID = {"meta", "link", "br", "img", "input", "hr"}


class Page(HTMLParser):
    """Reads a page, and holds that every element is closed in its turn."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.texts, self._open = [], [], []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if self._open and self._open[-1] not in ("script", "style"):
            self.texts.append(data)

    @property
    def text(self):
        return " ".join("".join(self.texts).split())

    def having(self, tag, **wanted):
        return [found for name, found in self.elements if name == tag and wanted.items() <= found.items()]


def page_of(run_folder):
    return Page(write_report(run_folder).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def html(tmp_path_factory):
    """The page of a finished run."""
    folder = write_run(tmp_path_factory.mktemp("page") / "translate_dates")
    return write_report(RunFolder(folder)).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(html):
    return Page(html)


def test_the_report_lies_in_the_run_folder_and_is_small(tmp_path):
    run_folder = RunFolder(write_run(tmp_path / "run", num_examples=1000, epochs=40))
    path = write_report(run_folder)
    assert path == run_folder.report
    assert path.stat().st_size < 400_000


def test_every_section_is_there_once_and_in_the_contents(page):
    assert [found["id"] for found in page.having("section")] == SECTIONS
    anchors = [found["href"] for found in page.having("a")]
    assert anchors[1:] == [f"#{name}" for name in SECTIONS]


def test_ids_are_unique_and_labels_lead_to_them(page):
    ids = [found["id"] for _, found in page.elements if "id" in found]
    assert len(ids) == len(set(ids))
    for name in ("aria-labelledby", "aria-controls", "data-copy"):
        assert {found[name] for _, found in page.elements if name in found} <= set(ids)


def test_nothing_comes_from_the_network(html, page):
    for _, found in page.elements:
        for name in ("src", "href", "srcset", "action", "data"):
            assert not (found.get(name) or "").startswith(("http:", "https:", "//"))
    assert "@import" not in html and "http" not in html.replace("http-equiv", "")
    (policy,) = page.having("meta", **{"http-equiv": "Content-Security-Policy"})
    assert policy["content"].startswith("default-src 'none'")


def test_the_headline_shows_what_counts(page):
    text = page.text
    assert (
        "seq2seq · bidirectional lstm encoder · lstm decoder with bahdanau attention · beam, width 5" in text
    )
    for shown in ("translate_dates", "Exact match99.1 %validation 98.8 %", "BLEU97.83test split"):
        assert shown in text
    for shown in (
        "Training time3 min 04 s",
        "Epochs12",
        "Parameters412 k",
        "Test examples200",
        "DeviceCPU:0",
    ):
        assert shown.replace(" ", "") in text.replace(" ", "")


def test_a_rare_exact_match_does_not_stand_first(tmp_path):
    folder = write_run(tmp_path / "run", num_examples=3)
    write_json(folder / "metrics.json", {"test": {"exact_match": 0.02, "bleu": 31.24, "chrf": 55.5}})
    text = page_of(RunFolder(folder)).text
    assert text.index("BLEU") < text.index("chrF") < text.index("Exact match")
    assert "31.24" in text


def test_metrics_have_their_splits_and_signatures(page):
    text = page.text
    assert metrics()["signature"]["bleu"] in text
    assert "Perplexity lower is better1.0201.022" in text
    assert "Time spent: training 3 min 04 s, evaluation 6.4 s." in text


def test_predictions_of_the_validation_split_are_called_so(run_folder):
    write_json(run_folder.metrics, {"validation": {"bleu": 12.5}})
    text = page_of(run_folder).text
    assert "of 200 validation examples" in text and "BLEU12.50validation split" in text


def test_other_splits_such_as_a_baseline_get_a_column(tmp_path):
    folder = write_run(tmp_path / "run", num_examples=3)
    write_json(folder / "metrics.json", {"baseline": {"bleu": 3.5}, "test": {"bleu": 30.25}, "signature": {}})
    text = page_of(RunFolder(folder)).text
    assert "MetrictestbaselineSignature" in text.replace(" ", "")
    assert "BLEU30.253.5" in text.replace(" ", "")


@pytest.mark.parametrize("missing", [[name] for name in FILES] + [FILES])
def test_a_run_without_a_file_has_a_report_that_says_so(run_folder, missing):
    for name in missing:
        (run_folder.path / name).unlink()
    text = page_of(run_folder).text
    notes = {
        "recipe.yaml": "The run folder has no recipe.yaml.",
        "environment.json": "The run folder has no environment.json.",
        "metrics.json": "Not evaluated yet",
        "history.csv": "Not trained yet",
        "predictions.jsonl": "No predictions yet",
    }
    assert [name for name in FILES if notes[name] in text] == [name for name in FILES if name in missing]


def test_before_evaluation_the_headline_is_the_validation_loss(run_folder):
    run_folder.metrics.unlink()
    assert "after epoch 12; not evaluated yet" in page_of(run_folder).text


EVIL = "<script>alert(1)</script> \"'><img src=x onerror=alert(2)> {{ 7 * 7 }} &amp;"


def test_text_of_the_data_is_text_wherever_it_stands(tmp_path):
    folder = tmp_path / "<b>run"
    line = {"input": EVIL, "reference": EVIL + " a", "prediction": EVIL + " b", "score": -1.0}
    weights = {"source_tokens": [EVIL, "<i>"], "target_tokens": [EVIL], "weights": [[0.5, 0.5]]}
    write_run(folder, examples=[{**line, "attention": weights}] * 25)
    (folder / "recipe.yaml").write_text(f"{RECIPE}# {EVIL}\n", encoding="utf-8")
    write_json(folder / "metrics.json", {"test": {EVIL: 1.5}, "signature": {EVIL: EVIL}})
    write_json(
        folder / "environment.json",
        {"command": EVIL, EVIL: EVIL, "data": {"counts": {EVIL: {EVIL: 3}}, "sha256": {EVIL: EVIL}}},
    )
    page = page_of(RunFolder(folder))
    assert len(page.having("script")) == 1
    assert page.having("img") == [] and page.having("b") != [] and page.having("i", onerror="alert(2)") == []
    assert not any(name.startswith("on") for _, found in page.elements for name in found)
    assert EVIL in page.text


def test_what_differs_is_marked_and_every_text_has_its_own_direction(tmp_path):
    line = {"input": "שלום עולם", "reference": "你好世界", "prediction": "你好视界", "score": -0.5}
    page = page_of(RunFolder(write_run(tmp_path / "run", examples=[line])))
    assert "שלום עולם" in page.text and "你好世界" in page.text
    assert len(page.having("ins")) == len(page.having("del")) == 2  # as a sample, and among the worst
    assert all(found.get("dir") == "auto" for found in page.having("bdi"))


def test_the_recipe_is_shown_letter_by_letter(html):
    shown = Page(html[html.index("<pre") : html.index("</pre>") + 6])
    assert "".join(shown.texts) == RECIPE


def test_the_data_is_counted_and_its_files_are_named(page):
    text = page.text
    assert "Splitreadkeptdropped too longskipped bad lines" in text
    assert "train9,0008,99190" in text.replace(" ", "")
    assert "datasets/dates/train.tsv " + "53fa" * 16 in text


def test_samples_and_worst_are_bounded(tmp_path):
    page = page_of(RunFolder(write_run(tmp_path / "run", num_examples=600)))
    assert len(page.having("article")) == 20
    assert "The 20 predictions that are least like their references" in page.text
    assert len(page.having("div", **{"class": "scroll"})) == 20 + 1  # maps, and the table of epochs


def test_huge_attention_maps_are_left_out_and_that_is_said(tmp_path):
    import random

    big = attention("x" * 200, "y" * 200, random.Random(1))
    lines = [{"input": "x " * 9000, "reference": "y", "prediction": "z", "attention": big}] * 9
    path = write_report(RunFolder(write_run(tmp_path / "run", examples=lines)))
    assert path.stat().st_size < 1_000_000
    text = path.read_text(encoding="utf-8")
    assert "Its attention map is too big for this page" in text and "<desc" in text


def test_a_long_history_is_thinned(tmp_path):
    import random

    folder = write_run(tmp_path / "run", num_examples=3)
    write_history(folder / "history.csv", 5000, random.Random(1))
    path = write_report(RunFolder(folder))
    assert path.stat().st_size < 500_000
    assert "Every 25th epoch is shown" in path.read_text(encoding="utf-8")


def test_divergence_is_said(run_folder):
    header = "epoch,seconds,loss,validation_loss\n"
    run_folder.history.write_text(header + "1,2.0,1.5,1.4\n2,2.0,nan,nan\n", encoding="utf-8")
    assert "not a finite number from epoch 2 on" in page_of(run_folder).text


def test_perfect_predictions_have_no_worst(tmp_path):
    lines = [{"input": "a", "reference": "b", "prediction": "b", "score": -0.1}] * 3
    text = page_of(RunFolder(write_run(tmp_path / "run", examples=lines))).text
    assert "There is none: every prediction is exactly its reference." in text
    assert "3 of 3 predictions are exactly the reference." in text


def test_empty_predictions_and_a_lone_epoch_can_be_shown(tmp_path):
    lines = [{"input": "", "reference": "", "prediction": "", "score": None}] * 30
    page_of(RunFolder(write_run(tmp_path / "run", examples=lines, epochs=1)))


def test_a_report_is_the_same_when_written_again(run_folder):
    assert write_report(run_folder).read_bytes() == write_report(run_folder).read_bytes()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("metrics.json", '{"test":\n oops}', "metrics.json:2: this is not JSON: Expecting value"),
        ("environment.json", "[1]", "environment.json:1: this is no JSON object but a list"),
        (
            "predictions.jsonl",
            '{"input": "a"}\n{"in',
            "predictions.jsonl:2: this is not JSON: Unterminated string",
        ),
        ("predictions.jsonl", "3\n", "predictions.jsonl:1: a prediction is a JSON object"),
        ("history.csv", "epoch,loss\n1,low\n", "history.csv:2: a value is no number: could not convert"),
        ("recipe.yaml", "a: [", "recipe.yaml of run translate_dates is not YAML: "),
        ("recipe.yaml", "- a\n", "recipe.yaml of run translate_dates is no mapping but a list."),
    ],
)
def test_a_broken_file_is_named(run_folder, name, content, message):
    (run_folder.path / name).write_text(content, encoding="utf-8")
    with pytest.raises(RunFolderError) as error:
        write_report(run_folder)
    assert message in str(error.value)
    assert not run_folder.report.exists()


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(RunFolderError) as error:
        write_report(RunFolder(tmp_path / "nowhere"))
    assert str(error.value).endswith(
        "nowhere is no run folder.\n  fix: name a folder that `kerasseq run` or `train` wrote"
    )


def test_charts_carry_their_values_for_the_pointer(page):
    figures = [json.loads(found["data-values"]) for found in page.having("figure") if "data-values" in found]
    assert len(figures) == 8
    x, epoch, entries = figures[0][0]
    assert epoch == 1 and [entry[0] for entry in entries] == ["training", "validation"]
    assert 60 <= x <= 420


def test_what_is_measured_of_the_references_alone_has_no_curve():
    rows = [{"loss": 1.0, "validation_repetition": 0.1, "validation_reference_repetition": 0.01}] * 2
    assert [chart.title for chart in curves(rows)] == ["Loss", "Repetition"]
