"""What the commands take, each said once."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer


class Format(str, Enum):
    """How results are written."""

    text = "text"
    jsonl = "jsonl"


RecipeArgument = Annotated[str, typer.Argument(help="A recipe's path, or the name of one that ships.")]
RecipeOrRun = Annotated[
    str, typer.Argument(metavar="RECIPE", help="A recipe's path or name; with --gradients a run folder too.")
]
OptionalRecipe = Annotated[str | None, typer.Argument(help="A recipe's path, or the name of one that ships.")]
RunArgument = Annotated[Path, typer.Argument(help="A run folder.")]
KeyValues = Annotated[
    list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="Overrides, such as train.epochs=3.")
]
Out = Annotated[Path | None, typer.Option(help="The run folder.", show_default="runs/<recipe name>")]
Data = Annotated[Path | None, typer.Option(help="The folder that the recipe's data paths start from.")]
Storage = Annotated[
    str | None,
    typer.Option(
        help="A database for the study, shared by several machines.", show_default="the folder's study.db"
    ),
]
Fresh = Annotated[bool, typer.Option("--fresh", help="Start over where a run is already there.")]
InputFile = Annotated[
    Path | None, typer.Argument(metavar="[FILE]", help="One example a line.", show_default="stdin")
]
FormatOption = Annotated[Format, typer.Option("--format", help="How results are written.")]
Sanity = Annotated[bool, typer.Option("--sanity", help="Have the model learn eight examples by heart first.")]
Workers = Annotated[int, typer.Option(min=1, help="Processes, each with a device or a part of the cores.")]
OnlyTrain = Annotated[bool, typer.Option("--train", help="Train or resume, and stop there.")]
Gradients = Annotated[
    bool, typer.Option("--gradients", help="How far back the gradient of a recipe or a run reaches.")
]
Picture = Annotated[
    Path | None, typer.Option(help="The gradients' picture.", show_default="gradients.png of the run")
]
CopyTo = Annotated[Path | None, typer.Argument(help="A file or a folder.", show_default="this folder")]
DataFolder = Annotated[
    Path | None, typer.Option(help="The folder of data sets.", show_default="$KERASSEQ_DATA or data")
]
