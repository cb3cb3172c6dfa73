"""The `stance` command: groups, errors as one line, exit codes."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from stance.cli import attribution, data, labelling, runs
from stance.cli import audit as _audit  # noqa: F401  (registers `stance data audit`)
from stance.cli import imports as _imports  # noqa: F401  (registers `stance data import`)
from stance.cli.compare import compare
from stance.cli.pack import pack
from stance.cli.tune import tune
from stance.errors import StanceError

app = typer.Typer(
    name="stance",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help=(
        "Who takes which stance towards what in the news.\n\n"
        "Train and compare classifiers of (sentence, actor) pairs on labelled rows, and label "
        "articles sentence by sentence: who speaks, which stance, which sentiment, how surely.\n\n"
        "Start with:  stance label article.txt\n\n"
        "Everything runs offline unless you say --download. Exit codes: 0 done, 2 refused input, "
        "configuration or model, 3 data, configuration or model changed underneath, 143 stopped "
        "as asked."
    ),
)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"stance-news {version('stance-news')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which.")
    ] = False,
) -> None:
    """Hold what stands before any command."""


app.command("run")(runs.run)
app.command("train")(runs.train)
app.command("evaluate")(runs.evaluate)
app.command("report")(runs.report)
app.command("compare")(compare)
app.command("tune")(tune)
app.command("runs")(runs.listing)
app.command("label")(labelling.label)
app.command("pack")(pack)
app.add_typer(data.app, name="data")
app.add_typer(attribution.app, name="attribution")


def entry() -> None:
    """Run the command line; a refused input is one line on standard error."""
    try:
        app()
    except StanceError as error:
        _refuse(str(error), error.exit_code)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except OSError as error:
        # Disk full, no permission, a folder where a file should be: said by the system.
        where = f"{error.filename}: " if error.filename else ""
        _refuse(f"{where}{error.strerror or error}", 2)
    except KeyboardInterrupt:
        sys.stderr.write("stance: interrupted; --resume goes on with a run\n")
        sys.exit(130)


def _refuse(reason: str, code: int) -> None:
    from stance.cli.console import visible

    sys.stderr.write(f"stance: {visible(reason)}\n")
    sys.exit(code)
