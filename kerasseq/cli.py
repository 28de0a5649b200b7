"""The commands: each a thin line over the function of `kerasseq.pipeline` that has its name."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import typer

from kerasseq import __version__
from kerasseq.cli_lines import columns_of, example_of, lines_of
from kerasseq.cli_options import (
    CopyTo,
    Data,
    DataFolder,
    Format,
    FormatOption,
    Fresh,
    Gradients,
    InputFile,
    KeyValues,
    OnlyTrain,
    OptionalRecipe,
    Out,
    Picture,
    RecipeArgument,
    RecipeOrRun,
    RunArgument,
    Sanity,
    Storage,
    Workers,
)
from kerasseq.errors import Interrupted, KerasseqError
from kerasseq.quiet import load_engine

FAILED = 2
INTERRUPTED = 130

app = typer.Typer(
    help="Sequence models from one YAML recipe.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
recipes = typer.Typer(help="The recipes that ship: ls, show, copy.", invoke_without_command=True)
datasets = typer.Typer(help="Data sets, shipped and public: ls, prepare, fetch.", invoke_without_command=True)
app.add_typer(recipes, name="recipes")
app.add_typer(datasets, name="datasets")


def main() -> None:
    """Runs the command line; a user's mistake is shown as its text, without a traceback."""
    try:
        app()
    except Interrupted as interrupted:
        typer.secho(str(interrupted), err=True)
        sys.exit(interrupted.exit_code)
    except KerasseqError as error:
        typer.secho(str(error), fg=typer.colors.RED, err=True)
        sys.exit(FAILED)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def _pipeline(*, tensorflow: bool = False) -> ModuleType:
    """The pipeline, imported when a verb needs it; TensorFlow, where it is needed, without its banner."""
    if tensorflow:
        load_engine()
    from kerasseq import pipeline

    return pipeline


def _say(result: Any) -> None:
    """Prints what a verb returned for people to read, if anything."""
    if result is not None:
        typer.echo(str(result))


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="The version.")
    ] = False,
) -> None:
    pass


@app.command()
def run(
    recipe: RecipeArgument,
    overrides: KeyValues = None,
    out: Out = None,
    data: Data = None,
    fresh: Fresh = False,
) -> None:
    """Check, prepare, train or resume, evaluate, export and report."""
    _pipeline(tensorflow=True).run(recipe, overrides or [], out=out, data=data, fresh=fresh)


@app.command()
def train(
    recipe: RecipeArgument,
    overrides: KeyValues = None,
    out: Out = None,
    data: Data = None,
    fresh: Fresh = False,
    sanity: Sanity = False,
) -> None:
    """Train or resume, and stop there."""
    options = {"sanity": True} if sanity else {}
    _pipeline(tensorflow=True).train(recipe, overrides or [], out=out, data=data, fresh=fresh, **options)


@app.command()
def launch(
    recipe: RecipeArgument,
    overrides: KeyValues = None,
    workers: Workers = 2,
    train: OnlyTrain = False,
    out: Out = None,
    data: Data = None,
    fresh: Fresh = False,
) -> None:
    """Run a recipe with several workers on this machine."""
    options = {"workers": workers, "only_train": train, "out": out, "data": data, "fresh": fresh}
    sys.exit(_pipeline().launch(recipe, overrides or [], **options))


@app.command()
def evaluate(run: RunArgument) -> None:
    """Measure a run on its test split."""
    pipeline = _pipeline(tensorflow=True)
    pipeline.fill_cores(run, scores=True)
    pipeline.evaluate(run)
    pipeline.show(run)


@app.command()
def predict(run: RunArgument, file: InputFile = None, format: FormatOption = Format.text) -> None:
    """Predict for every line of a file or of standard input."""
    texts = [text for _, text in lines_of(file)]
    pipeline = _pipeline(tensorflow=True)
    pipeline.fill_cores(run, scores=False)
    if len(texts) == 1 and format is Format.text:
        for piece in pipeline.stream(run, texts[0]):
            typer.echo(piece, nl=False)
        typer.echo()
    else:
        _write(pipeline.predict(run, texts), format, "prediction")


@app.command()
def score(run: RunArgument, file: InputFile = None, format: FormatOption = Format.text) -> None:
    """Give the log-probability of every line: its fields, such as source and target, with tabs between."""
    pipeline = _pipeline(tensorflow=True)
    fields = pipeline.fields(run)
    examples = [example_of(place, line, fields) for place, line in lines_of(file)]
    _write(pipeline.score(run, examples), format, "score")


@app.command()
def export(run: RunArgument) -> None:
    """Write a trained model in the forms that its recipe names."""
    _say(_pipeline(tensorflow=True).export(run))


@app.command()
def report(run: RunArgument) -> None:
    """Write a run's report.html."""
    _say(_pipeline(tensorflow=True).report(run))


@app.command()
def check(recipe: RecipeArgument, overrides: KeyValues = None) -> None:
    """Check a recipe without reading data."""
    _pipeline().check(recipe, overrides or [])
    typer.echo(f"{recipe}: no mistakes found")


@app.command()
def explain(
    recipe: RecipeOrRun,
    overrides: KeyValues = None,
    data: Data = None,
    gradients: Gradients = False,
    out: Picture = None,
) -> None:
    """Show shapes, parameters, memory and steps of a recipe, or the gradients of a run."""
    options = {"gradients": True, "out": out} if gradients else {}
    if out is not None and not gradients:
        raise typer.BadParameter("it is for the picture of --gradients", param_hint="--out")
    _say(_pipeline(tensorflow=True).explain(recipe, overrides or [], data=data, **options))


@app.command()
def doctor(recipe: OptionalRecipe = None, overrides: KeyValues = None, data: Data = None) -> None:
    """Examine the environment and, with a recipe, its data."""
    _say(_pipeline(tensorflow=True).doctor(recipe, overrides or [], data=data))


@app.command()
def tune(
    recipe: RecipeArgument,
    overrides: KeyValues = None,
    out: Out = None,
    data: Data = None,
    storage: Storage = None,
) -> None:
    """Search the keys that a recipe's `search` section names, and write the best recipe."""
    _say(_pipeline(tensorflow=True).tune(recipe, overrides or [], out=out, data=data, storage=storage))


@app.command()
def compare(runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Run folders.")]) -> None:
    """Show runs side by side."""
    _say(_pipeline().compare(runs))


@app.command()
def schema() -> None:
    """Print the JSON Schema of recipes, for editors."""
    typer.echo(_pipeline().schema())


@recipes.callback()
def _recipes(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        recipes_ls()


@recipes.command("ls")
def recipes_ls() -> None:
    """List the recipes that ship."""
    _list(_pipeline().recipes())


@recipes.command("show")
def recipes_show(recipe: RecipeArgument) -> None:
    """Print a recipe."""
    typer.echo(_pipeline().show_recipe(recipe), nl=False)


@recipes.command("copy")
def recipes_copy(recipe: RecipeArgument, to: CopyTo = None) -> None:
    """Copy a recipe, to start from it."""
    typer.echo(_pipeline().copy_recipe(recipe, to))


@datasets.callback()
def _datasets(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        datasets_ls()


@datasets.command("ls")
def datasets_ls() -> None:
    """List the data sets that ship, and the public ones to fetch."""
    _list(_pipeline().datasets())


@datasets.command("prepare")
def datasets_prepare(
    name: Annotated[str, typer.Argument(help="One of `datasets ls`.")],
    out: Annotated[Path | None, typer.Option(help="The new folder.", show_default="its name")] = None,
) -> None:
    """Copy a data set that ships to where it can be looked at and changed."""
    typer.echo(_pipeline().prepare_dataset(name, out))


@datasets.command("fetch")
def datasets_fetch(
    name: Annotated[str, typer.Argument(help="One of `datasets ls`.")],
    out: DataFolder = None,
) -> None:
    """Fetch a public data set, or go on where that stopped."""
    typer.echo(_pipeline().fetch_dataset(name, out))


def _list(entries: Iterable[Any]) -> None:
    for line in columns_of(entries):
        typer.echo(line)


def _write(results: Iterable[dict[str, Any]], format: Format, key: str) -> None:
    """Writes a line for each result: one of its values, or all of it as JSON."""
    for result in results:
        typer.echo(json.dumps(result, ensure_ascii=False) if format is Format.jsonl else str(result[key]))
