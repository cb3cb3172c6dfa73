"""`stance label`: text in, one row per (sentence, holder) out."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from stance.models.store import StoredModel
    from stance.schema import Prediction


class Format(StrEnum):
    """How rows are written."""

    TABLE = "table"
    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"
    HTML = "html"


def label(
    files: Annotated[
        list[str],
        typer.Argument(help="Articles: text, HTML, JSONL or CSV files, folders, or - for stdin."),
    ],
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            "-m",
            help="A model's folder, or a run's folder or name: its best on validation rows. "
            "Else the model that ships.",
        ),
    ] = None,
    format_: Annotated[Format, typer.Option("--format", "-f", help="How to write rows.")] = (
        Format.TABLE
    ),
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; else standard output.")
    ] = None,
    sentences: Annotated[
        bool,
        typer.Option(
            "--sentences", help="Files are tables of sentences (text, actor), not articles."
        ),
    ] = False,
    text_column: Annotated[
        str, typer.Option("--text-column", help="Column that holds the text in CSV and JSONL.")
    ] = "text",
    aliases: Annotated[
        Path | None, typer.Option(help="YAML table of actors: names, aliases, affiliation.")
    ] = None,
    tagger: Annotated[
        str | None,
        typer.Option(help="A tagger's run (configs/attribution.yaml) to correct the rules."),
    ] = None,
    abstain_below: Annotated[
        float,
        typer.Option(min=0.0, max=1.0, help="Mark rows of lower probability as abstained."),
    ] = 0.0,
    precision: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            max=1.0,
            help="Abstain so that this share of the labelled rows is right, as far as the "
            "model's validation rows show (0.8 or 0.9).",
        ),
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Short for --format jsonl.")] = False,
    runs: Annotated[Path, typer.Option("--runs", help="Folder that holds the runs.")] = Path(
        "runs"
    ),
) -> None:
    """Say who takes which stance in every sentence of an article.

    Every sentence appears once for each holder who speaks in it, with its offsets into the raw
    text, the holder as written and as resolved, the cue, the kind of quote, what the stance is
    about, stance and sentiment with calibrated probabilities, and a status.
    """
    from rich.text import Text

    from stance.cli import console
    from stance.errors import InputError
    from stance.files import require_apart, require_writable
    from stance.labelling import abstention_point
    from stance.models.store import load_model
    from stance.runs.find import find_model

    format_ = Format.JSONL if json_ else format_
    if format_ is Format.PARQUET and output is None:
        raise InputError("--format parquet needs --output FILE")
    if output is not None:
        require_apart(output, files)
        require_writable(output)
    found = find_model(model, runs)
    stored = load_model(found.folder)
    below = abstention_point(stored, precision=precision, abstain_below=abstain_below)
    if sentences:
        batches = _sentences(files, text_column, stored, below)
    else:
        batches = _articles(files, text_column, stored, aliases, tagger, runs, below)
    _write(batches, format_, output, stored)
    console.err.print(Text(str(found), style="dim"), soft_wrap=True)


def _articles(
    files: list[str],
    text_column: str,
    model: StoredModel,
    aliases: Path | None,
    tagger: str | None,
    runs: Path,
    abstain_below: float,
) -> Iterator[list[Prediction]]:
    from stance.articles.actors import read_aliases
    from stance.articles.read import read_articles
    from stance.labelling import label_articles
    from stance.models.tagger.store import load_tagger
    from stance.runs.find import find_tagger

    table = read_aliases(aliases) if aliases else None
    learned = load_tagger(find_tagger(tagger, runs)) if tagger else None
    articles = read_articles(files, text_column=text_column)
    yield from label_articles(
        articles, model, aliases=table, tagger=learned, abstain_below=abstain_below
    )


def _sentences(
    files: list[str], text_column: str, model: StoredModel, abstain_below: float
) -> Iterator[list[Prediction]]:
    from stance.corpus.load import Mapped, unlabelled
    from stance.corpus.tables import read_rows
    from stance.labelling import label_sentences

    for file in files:
        rows = unlabelled(read_rows(file), Mapped(columns={"text": text_column}))
        yield label_sentences(rows, model, abstain_below=abstain_below)


def _write(
    batches: Iterator[list[Prediction]], format_: Format, output: Path | None, model: StoredModel
) -> None:
    from stance.files import atomic_path
    from stance.labelling import write_csv, write_jsonl, write_parquet

    if format_ is Format.TABLE and output is None:
        kept = []
        for rows in batches:
            print_rows(rows)
            kept += [row.stance_probability for row in rows if row.stance_probability is not None]
        _print_doubt(kept, model)
        return
    every = (row for batch in batches for row in batch)
    if format_ is Format.PARQUET and output is not None:
        write_parquet(list(every), output)
        return
    if format_ is Format.HTML:
        from stance.report.article import article_page

        text = article_page(list(every), model.codebook)
        if output is None:
            sys.stdout.write(text)
            return
        with atomic_path(output) as path:
            path.write_text(text, encoding="utf-8")
        return
    write = write_csv if format_ in (Format.CSV, Format.TABLE) else write_jsonl
    if output is None:
        write(every, sys.stdout)
        return
    with atomic_path(output) as path, path.open("w", encoding="utf-8", newline="") as handle:
        write(every, handle)


def _print_doubt(probabilities: list[float], model: StoredModel) -> None:
    """Say how many rows are less sure than the model's lowest stored precision asks for."""
    from rich.text import Text

    from stance.cli import console
    from stance.codebook import STANCE

    usable = [item for item in model.thresholds.get(STANCE, ()) if item.threshold is not None]
    if not probabilities or not usable:
        return
    lowest = min(usable, key=lambda item: item.precision)
    below = sum(value < (lowest.threshold or 0.0) for value in probabilities)
    console.out.print(
        Text(
            f"{below} of {len(probabilities)} labelled rows have a stance probability under "
            f"{lowest.threshold:.2f}, where validation rows no longer show that "
            f"{lowest.precision:.0%} are right; --precision {lowest.precision:g} abstains there",
            style="dim",
        )
    )


def print_rows(rows: list[Prediction]) -> None:
    """Print one article for reading: who, which stance towards what, and the sentence."""
    from rich.padding import Padding
    from rich.text import Text

    from stance.cli import console
    from stance.schema import Status

    if not rows:
        return
    console.out.print(Text(rows[0].article, style="bold"))
    before = None
    for row in rows:
        if row.sentence != before:
            sentence = Text(" ".join(row.text.split()))
            if row.status == Status.BOILERPLATE:
                sentence.stylize("dim")
            number = Text(f"{row.sentence:>3} ", style="dim")
            console.out.print(_beside(number, Text.assemble(*_told(row, Status))))
            console.out.print(Padding(sentence, (0, 0, 0, 4)))
        else:  # one more holder of the sentence above
            console.out.print(_beside(Text("    "), Text.assemble(*_told(row, Status))))
        before = row.sentence


def _told(row: Prediction, status: Any) -> list[Any]:
    """Say who takes which stance towards what, as one line above the sentence."""
    told: list[Any] = [(row.actor or "—", "bold")]
    if row.stance_probability:
        told.append(f"  {row.stance} {row.stance_probability:.2f}")
    if row.sentiment_probability:
        told.append((f"  {row.sentiment} {row.sentiment_probability:.2f}", "dim"))
    if row.target:
        told.append(f"  → {' '.join(row.target.split())}")
    if row.status != status.OK:
        told.append((f"  ({row.status.replace('_', ' ')})", "dim"))
    return told


def _beside(left: Text, right: Text) -> Table:
    """Set a narrow text before one that wraps under its own beginning."""
    from rich.table import Table

    grid = Table.grid()
    grid.add_column(width=4, no_wrap=True)
    grid.add_column(ratio=1)
    grid.add_row(left, right)
    return grid
