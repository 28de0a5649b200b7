"""What the terminal shows: training as it goes, and the results after a run.

Where standard output is no terminal, an epoch is one plain line and nothing moves.
"""

from __future__ import annotations

import atexit
import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from kerasseq.report import formatting
from kerasseq.report.baselines import baseline_sentence
from kerasseq.report.differences import Piece, comparison_of
from kerasseq.report.forecasts import first_numbers, is_forecast
from kerasseq.report.headline import metric_names
from kerasseq.report.run_files import read_run
from kerasseq.report.similarity import reference_of
from kerasseq.run_folder import RunFolder
from kerasseq.specs import NonNegativeInt, check_arguments

VALIDATION = "validation_"
MOST_METRICS = 2
MOST_STEPS = 12


class TrainingProgress:
    """A bar for the epoch that runs, and a line for each that is done.

    ```python
    progress = TrainingProgress()
    progress.start(total_steps=1000, epochs=10)
    progress.step(1, loss=4.2, tokens_per_second=31_000)
    progress.epoch_end({"epoch": 1, "loss": 2.1, "validation_loss": 1.9, "seconds": 12.5})
    progress.stop()
    ```

    Args:
        console: Where to write; standard output unless given.
        clock: Gives the time in seconds.
    """

    def __init__(self, *, console: Console | None = None, clock: Callable[[], float] = time.monotonic):
        self.console = console or Console(highlight=False)
        self._clock = clock
        self._bars: Progress | None = None
        self._total_steps, self._epochs, self._done = 0, 0, 0
        self._first: tuple[int, float] | None = None

    def introduce(
        self, run_folder: RunFolder, *, counts: Mapping[str, Mapping[str, int]], parameters: int
    ) -> None:
        """Says what will be trained on what, and which examples are left out.

        Args:
            run_folder: Where the run goes.
            counts: For each split the examples `kept`, `dropped_too_long` and `skipped_bad_lines`.
            parameters: The model's.
        """
        kept = ", ".join(f"{count['kept']:,} {split}" for split, count in counts.items())
        self.console.print(f"{run_folder.path}: {parameters:,} parameters; examples: {kept}", soft_wrap=True)
        for reason in ("dropped_too_long", "skipped_bad_lines"):
            left_out = ", ".join(
                f"{count[reason]:,} {name}" for name, count in counts.items() if count[reason]
            )
            if left_out:
                self.console.print(f"{reason.replace('_', ' ')}: {left_out}", soft_wrap=True)

    def say(self, line: str) -> None:
        """Prints a line."""
        self.console.print(line, soft_wrap=True)

    def start(self, total_steps: int, epochs: int) -> None:
        """Begins to show training.

        Args:
            total_steps: The steps of all epochs together, also where an interrupted run goes on.
            epochs: The number of all epochs.
        """
        self.stop()
        self._total_steps, self._epochs = total_steps, epochs
        self._done, self._first = 0, None
        if not self.console.is_terminal or self.console.is_dumb_terminal:
            return
        self._bars = Progress(
            TextColumn("epoch {task.fields[epoch]}"),
            BarColumn(bar_width=28),
            TextColumn("{task.completed:.0f}/{task.total:.0f}"),
            TextColumn("{task.fields[state]}", markup=False),
            console=self.console,
            transient=True,
            refresh_per_second=8,
            get_time=self._clock,
        )
        atexit.register(self.stop)  # an interrupted run gives the terminal its cursor back
        self._bars.start()

    def step(self, step: int, loss: float, tokens_per_second: float) -> None:
        """Moves the bar.

        Args:
            step: How many steps of `total_steps` are done.
            loss: The epoch's loss so far.
            tokens_per_second: The speed so far.
        """
        if self._bars is None:
            return
        now = self._clock()
        if self._first is None:
            self._first = step, now
        length = max(1, self._total_steps // max(1, self._epochs))
        epoch = min((step - 1) // length, max(0, self._epochs - 1))
        state = (
            f"loss {loss:.4f}  {formatting.short(round(tokens_per_second))} tokens/s{self._left(step, now)}"
        )
        shown = {"epoch": f"{epoch + 1}/{self._epochs}", "state": state}
        if not self._bars.tasks:
            self._bars.add_task("", total=length, **shown)
        self._bars.update(self._bars.task_ids[0], completed=step - epoch * length, **shown)

    def epoch_end(self, logs: Mapping[str, Any]) -> None:
        """Prints the line of a finished epoch.

        Args:
            logs: The epoch's row of history.csv: `epoch`, `loss`, `validation_...`, `seconds`.
        """
        self._done += 1
        number = int(logs.get("epoch") or self._done)
        self._done = number
        width = len(str(self._epochs))
        line = Text(f"epoch {number:>{width}}/{self._epochs}", style="bold")
        for name in ("loss", *_telling_names(logs)):
            value = logs.get(name)
            if isinstance(value, (int, float)):
                line.append(f"  {name.replace('_', ' ')} ", style="dim")
                line.append(formatting.metric(name, float(value)), style="not bold")
        if isinstance(logs.get("seconds"), (int, float)):
            line.append(f"  {formatting.duration(logs['seconds'])}", style="not bold dim")
        self.console.print(line, soft_wrap=True)

    def stop(self) -> None:
        """Takes the bar away."""
        if self._bars is not None:
            self._bars.stop()
            self._bars = None
            atexit.unregister(self.stop)

    def _left(self, step: int, now: float) -> str:
        """The time that the rest of training takes at the speed since the first step."""
        first, began = self._first or (step, now)
        if step <= first:
            return ""
        seconds = (now - began) / (step - first) * (self._total_steps - step)
        return f"  {formatting.duration(seconds)} left"


def _telling_names(logs: Mapping[str, Any]) -> list[str]:
    """The logs that the line of an epoch has room for; `history.csv` has them all."""
    measured = [name.removeprefix(VALIDATION) for name in logs if name.startswith(VALIDATION)]
    ranked = metric_names({name: None for name in measured if name != "loss"})[:MOST_METRICS]
    return [VALIDATION + name for name in (["loss"] if "loss" in measured else []) + ranked]


def show_results(
    run_folder: RunFolder, *, num_samples: NonNegativeInt = 5, console: Console | None = None
) -> None:
    """Prints a run's metrics, some samples, and where the report is.

    Args:
        run_folder: A run that was evaluated; what is missing is left out.
        num_samples: How many test examples to show.
        console: Where to write; standard output unless given.
    Raises:
        RunFolderError: If the folder is not there, or a file in it is broken.
    """
    check_arguments(show_results, num_samples=num_samples)
    console = console or Console(highlight=False)
    run = read_run(run_folder)
    test, validation = run.metrics.get("test") or {}, run.metrics.get("validation") or {}
    if test or validation:
        console.print(_metric_table(test, validation))
    if sentence := baseline_sentence(run.metrics, num_examples=len(run.predictions)):
        console.print(Text(sentence), soft_wrap=True)
    for line in run.predictions[:num_samples]:
        _show_sample(console, line)
    if run_folder.report.is_file():
        console.print()
        console.print(Text.assemble("report: ", (str(run_folder.report), "bold")), soft_wrap=True)


def _metric_table(test: Mapping[str, Any], validation: Mapping[str, Any]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    table.add_column("metric")
    table.add_column("test", justify="right", style="bold")
    table.add_column("validation", justify="right")
    for name in metric_names({**validation, **test}):
        values = [
            formatting.metric(name, split.get(name)) if name in split else "" for split in (test, validation)
        ]
        table.add_row(Text(formatting.title(name)), *map(Text, values))
    return table


def _show_sample(console: Console, line: Mapping[str, Any]) -> None:
    compare = comparison_of(line)
    if is_forecast(line):
        line = {**line, **{key: first_numbers(line[key]) for key in ("prediction", "reference")}}
    prediction, reference = compare(_line(line, "prediction"), _line(line, "reference"))
    has_colour = console.color_system is not None and not console.no_color
    console.print()
    rows = (
        ("input", Text(_line(line, "input"))),
        ("reference", _marked(reference, "green underline", None if has_colour else "[-{}-]")),
        ("prediction", _marked(prediction, "bold red", None if has_colour else "{{+{}+}}")),
    )
    for name, text in rows:
        console.print(Text.assemble((f"{name:<12}", "dim"), text), soft_wrap=True)
    steps = line.get("steps", ())
    if len(steps) <= MOST_STEPS:
        for place, step in enumerate(steps):
            shares = [f"{_plain(token)} {100 * share:.1f} %" for token, share in step["expected"].items()]
            name = "" if place else "steps"
            text = f"{_plain(step['input']):<6}  expects  {'   '.join(shares)}"
            console.print(Text.assemble((f"{name:<12}", "dim"), text), soft_wrap=True)


def _line(example: Mapping[str, Any], key: str) -> str:
    text = reference_of(example) if key == "reference" else str(example.get(key, ""))
    return _plain(text.replace("\t", " ") if "tags" in example else text)


def _plain(text: str) -> str:
    """A text on one line, its control characters spelled out, lest data steers the terminal."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f]", lambda found: found[0].encode("unicode_escape").decode(), text)


def _marked(pieces: Sequence[Piece], style: str, brackets: str | None) -> Text:
    """Text with what differs in a style or, without colours, in the brackets of a word diff."""
    text = Text()
    for piece in pieces:
        if not piece.differs:
            text.append(piece.text)
        elif brackets is None:
            text.append(piece.text, style=style)
        else:
            text.append(brackets.format(piece.text))
    return text
