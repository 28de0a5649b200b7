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
