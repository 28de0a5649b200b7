"""What the terminal shows, as a terminal and as a file sees it."""

import io
import re
import subprocess
import sys

import pytest
from rich.console import Console

from kerasseq.report import write_report
from kerasseq.report.terminal import TrainingProgress, show_results
from kerasseq.run_folder import RunFolder
from tests.report.run_files import write_json, write_run

ROW = {"epoch": 2, "loss": 0.5, "seconds": 3.25, "validation_loss": 0.75, "validation_exact_match": 0.9}


def a_file():
    return Console(file=io.StringIO(), highlight=False, width=80)


def a_terminal():
    return Console(
        file=io.StringIO(),
        force_terminal=True,
        color_system="standard",
        width=120,
        highlight=False,
        _environ={},
    )


def plain(console):
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", console.file.getvalue())


def train(progress):
    progress.start(20, 2)
    for step in range(1, 21):
        progress.step(step, loss=2.0 / step, tokens_per_second=12_345.0)
        if step % 10 == 0:
            progress.epoch_end({**ROW, "epoch": step // 10})
    progress.stop()


def test_a_file_gets_a_line_an_epoch_without_control_codes():
    console = a_file()
    train(TrainingProgress(console=console))
    assert console.file.getvalue().splitlines() == [
        f"epoch {epoch}/2  loss 0.500  validation loss 0.750  validation exact match 90.0 %  3.2 s"
        for epoch in (1, 2)
    ]


def test_a_run_is_introduced_with_what_is_left_out():
    console = a_file()
    whole = {"kept": 1000, "dropped_too_long": 0, "skipped_bad_lines": 0}
    counts = {"train": {"kept": 29000, "dropped_too_long": 3, "skipped_bad_lines": 1}, "test": whole}
    TrainingProgress(console=console).introduce(RunFolder("runs/a"), counts=counts, parameters=1234567)
    assert console.file.getvalue().splitlines() == [
        "runs/a: 1,234,567 parameters; examples: 29,000 train, 1,000 test",
        "dropped too long: 3 train",
        "skipped bad lines: 1 train",
    ]


def test_the_line_of_an_epoch_has_the_two_most_telling_metrics():
    console = a_file()
    progress = TrainingProgress(console=console)
    progress.start(10, 1)
    names = ("rouge1", "perplexity", "bleu", "loss", "exact_match")
    progress.epoch_end({"epoch": 1, "loss": 1.0, **{f"validation_{name}": 0.5 for name in names}})
    line = (
        "epoch 1/1  loss 1.000  validation loss 0.500  validation exact match 50.0 %  validation bleu 0.500"
    )
    assert console.file.getvalue().strip() == line


def test_a_dumb_terminal_is_treated_as_a_file():
    console = Console(file=io.StringIO(), force_terminal=True, _environ={"TERM": "dumb"}, highlight=False)
    train(TrainingProgress(console=console))
    assert len(console.file.getvalue().splitlines()) == 2


def test_a_terminal_gets_a_bar_with_loss_speed_and_time_left():
    console, now = a_terminal(), [0.0]
    progress = TrainingProgress(console=console, clock=lambda: now[0])
    progress.start(20, 2)
    for step in range(1, 13):
        now[0] += 0.5
        progress.step(step, loss=1.25, tokens_per_second=12_345.0)
    progress.stop()
    text = plain(console)
    assert "epoch 2/2" in text and "2/10" in text
    assert "loss 1.2500  12.3 k tokens/s  4.0 s left" in text


def test_epochs_of_a_resumed_run_keep_their_numbers():
    console = a_terminal()
    progress = TrainingProgress(console=console)
    progress.start(30, 3)
    progress.step(21, loss=1.0, tokens_per_second=10.0)
    progress.epoch_end({"epoch": 3, "loss": 1.0})
    progress.stop()
    assert "epoch 3/3" in plain(console)
    assert "1/10" in plain(console)


def test_an_epoch_without_a_number_is_counted_and_empty_values_are_left_out():
    console = a_file()
    progress = TrainingProgress(console=console)
    progress.start(1000, 10)
    progress.epoch_end({"loss": 1.5, "validation_bleu": None})
    progress.epoch_end({"loss": float("nan")})
    assert console.file.getvalue() == "epoch  1/10  loss 1.500\nepoch  2/10  loss not a number\n"


def test_stopping_twice_or_before_starting_is_no_mistake():
    progress = TrainingProgress(console=a_terminal())
    progress.stop()
    progress.start(4, 2)
    progress.stop()
    progress.stop()


def test_an_interrupted_run_gives_the_cursor_back():
    code = (
        "from rich.console import Console\n"
        "from kerasseq.report.terminal import TrainingProgress\n"
        "TrainingProgress(console=Console(force_terminal=True, _environ={})).start(4, 2)\n"
        "raise KeyboardInterrupt"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.rindex("\x1b[?25h") > done.stdout.rindex("\x1b[?25l")


def test_results_have_metrics_samples_and_the_report(run_folder):
    write_report(run_folder)
    console = a_file()
    show_results(run_folder, console=console)
    text = console.file.getvalue()
    assert "\x1b" not in text
    assert text.splitlines()[0].split() == ["metric", "test", "validation"]
    assert text.splitlines()[1].split() == ["Exact", "match", "99.1", "%", "98.8", "%"]
    assert text.count("prediction ") == 5
    assert text.endswith(f"report: {run_folder.report}\n")


def test_differing_words_are_marked_with_or_without_colours(tmp_path):
    line = {"input": "ein [bold]Haus", "reference": "a red house", "prediction": "a blue house"}
    run_folder = RunFolder(write_run(tmp_path / "run", examples=[line]))
    console = a_file()
    show_results(run_folder, console=console)
    assert "input       ein [bold]Haus" in console.file.getvalue()
    assert "reference   a [-red-] house" in console.file.getvalue()
    assert "prediction  a {+blue+} house" in console.file.getvalue()
    console = a_terminal()
    show_results(run_folder, console=console)
    assert "a \x1b[1;31mblue\x1b[0m house" in console.file.getvalue()
    assert "prediction  a blue house" in plain(console)


def test_control_characters_of_the_data_do_not_reach_the_terminal(tmp_path):
    line = {"input": "a\x1b[2Jb\rc", "reference": "x", "prediction": "x\x07"}
    console = a_file()
    show_results(RunFolder(write_run(tmp_path / "run", examples=[line])), console=console)
    text = console.file.getvalue()
    assert not re.search(r"[\x00-\x09\x0b-\x1f]", text)
    assert r"a\x1b[2Jb\rc" in text


def test_short_texts_are_shown_step_by_step(tmp_path):
    steps = [
        {"input": "h", "expected": {"e": 0.9, "a": 0.1}},
        {"input": "\n", "expected": {"\x1b": 0.75, "y": 0.25}},
    ]
    lines = [
        {"input": "h", "reference": "he", "prediction": "he", "steps": steps},
        {"input": "h", "reference": "he", "prediction": "he", "steps": steps * 7},
    ]
    console = a_file()
    show_results(RunFolder(write_run(tmp_path / "run", examples=lines)), console=console)
    found = [line for line in console.file.getvalue().splitlines() if "expects" in line]
    assert found == [
        "steps       h       expects  e 90.0 %   a 10.0 %",
        r"            \n      expects  \x1b 75.0 %   y 25.0 %",
    ]


def test_a_run_that_was_not_evaluated_shows_nothing(tmp_path):
    (tmp_path / "run").mkdir()
    console = a_file()
    show_results(RunFolder(tmp_path / "run"), console=console)
    assert console.file.getvalue() == ""


def test_a_metric_of_one_split_leaves_the_other_empty(tmp_path):
    folder = write_run(tmp_path / "run", examples=[])
    write_json(folder / "metrics.json", {"test": {"bleu": 12.5}, "validation": {"loss": 0.25}})
    console = a_file()
    show_results(RunFolder(folder), console=console)
    assert [line.split() for line in console.file.getvalue().splitlines()[1:]] == [
        ["BLEU", "12.50"],
        ["Loss", "0.250"],
    ]


def test_a_negative_number_of_samples_is_refused(run_folder):
    with pytest.raises(ValueError) as error:
        show_results(run_folder, num_samples=-1)
    assert str(error.value) == "`num_samples` must be >= 0. Received: num_samples=-1"


def test_importing_it_loads_neither_keras_nor_matplotlib():
    slow = {"keras", "tensorflow", "matplotlib", "jinja2"}
    code = f"import sys, kerasseq.report.terminal; print({slow} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
