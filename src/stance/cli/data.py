"""`stance data`: check, describe and split labelled rows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from stance.cli.runs import Columns, Labels, mapped

app = typer.Typer(no_args_is_help=True, help="Labelled rows: validate, describe, split, audit.")

Source = Annotated[str, typer.Argument(help="Rows: CSV, TSV, JSONL, Parquet, or a data set.")]
Book = Annotated[str | None, typer.Option("--codebook", help="Label set; else the bundled one.")]
AsJson = Annotated[bool, typer.Option("--json", help="Write JSON, for machines.")]


def load_rows(
    source: str, columns: list[str] | None, labels: list[str] | None, codebook: str | None
) -> tuple[Any, Any]:
    from stance.codebook import load_codebook
    from stance.corpus.load import load_examples
    from stance.files import resolve

    book = load_codebook(codebook)
    return load_examples(resolve(source), book, mapped=mapped(columns, labels)), book


@app.command()
def validate(
    source: Source,
    column: Columns = None,
    label: Labels = None,
    codebook: Book = None,
    as_json: AsJson = False,
) -> None:
    """List everything wrong with a table, row by row. Exits with 2 where anything is."""
    from stance.cli import console
    from stance.codebook import load_codebook
    from stance.corpus.load import check_rows, contradictions
    from stance.corpus.tables import read_rows
    from stance.errors import InputError
    from stance.files import resolve

    book = load_codebook(codebook)
    examples, problems = check_rows(read_rows(resolve(source)), book, mapped(column, label))
    twice = contradictions(examples)
    without = {task: sum(getattr(row, task) is None for row in examples) for task in book.classes}
    if as_json:
        found = [{"row": problem.row, "message": problem.message} for problem in problems]
        console.print_json(
            {
                "rows": len(examples), "problems": found, "contradictions": twice,
                "without": without,
            }
        )  # fmt: skip
    else:
        for problem in problems:
            console.out.print(str(problem), markup=False, highlight=False)
        for line in twice:
            console.out.print(line, markup=False, highlight=False)
    if problems or twice:
        said = [f"{len(problems)} rows are wrong"] if problems else []
        said += [f"{len(twice)} rows contradict others"] if twice else []
        raise InputError(f"{source}: {' and '.join(said)}")
    if examples and all(count == len(examples) for count in without.values()):
        several = [name for name in examples[0].extra if name.startswith("stance_")]
        raise InputError(
            f"{source}: no row has a label of {' or '.join(without)}; map its column with "
            f"--column stance={several[0] if several else 'NAME'}"
        )
    for task, count in without.items():
        if count and not as_json:
            console.out.print(f"{count} of {len(examples)} rows have no {task}", highlight=False)
    if not as_json:
        console.out.print(
            f"{source}: {len(examples)} rows are good",
            markup=False, highlight=False, soft_wrap=True,
        )  # fmt: skip


@app.command()
def describe(
    source: Source,
    column: Columns = None,
    label: Labels = None,
    codebook: Book = None,
    as_json: AsJson = False,
) -> None:
    """Count rows, articles, actors, labels by split, quote types and lengths."""
    from stance.cli import console
    from stance.corpus.variety import describe_rows

    examples, book = load_rows(source, column, label, codebook)
    facts = describe_rows(examples, book)
    if as_json:
        console.print_json(facts.to_json())
        return
    head = [[name, str(value)] for name, value in facts.counts.items()]
    console.print_table(source, ["", ""], head, right=[1])
    for task, table in facts.labels.items():
        splits = list(table.columns)
        rows = [[name, *(str(n) for n in table.counts[name])] for name in table.counts]
        console.print_table("", [task, *splits], rows, right=range(1, len(splits) + 1))


@app.command()
def split(
    source: Source,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="File to write: .jsonl, .csv or .parquet.")
    ],
    column: Columns = None,
    label: Labels = None,
    codebook: Book = None,
    group: Annotated[str, typer.Option(help="Column that must not be torn apart.")] = "doc_id",
    validation: Annotated[float, typer.Option(help="Share for validation.")] = 0.1,
    test: Annotated[float, typer.Option(help="Share for testing.")] = 0.2,
    salt: Annotated[str, typer.Option(help="Another salt gives another split.")] = "",
) -> None:
    """Write the rows with a split column: grouped, near-duplicates together, stratified."""
    from dataclasses import replace

    from stance.cli import console
    from stance.corpus.audit import require_clean, untrained_labels
    from stance.corpus.load import SPLITS, to_rows
    from stance.corpus.splits import by_hash, groups_of
    from stance.corpus.tables import write_rows
    from stance.files import require_apart, require_writable

    require_apart(output, [source])
    require_writable(output)
    examples, book = load_rows(source, column, label, codebook)
    groups = groups_of(examples, group)
    parts = by_hash(examples, groups, validation=validation, test=test, salt=salt)
    require_clean(examples, parts)
    for line in untrained_labels(examples, [parts], book):
        console.err.print(line, markup=False, highlight=False)
    for name in SPLITS:
        for at in getattr(parts, name):
            examples[at] = replace(examples[at], split=name)
    write_rows(output, to_rows(examples))
    counts = ", ".join(f"{name} {len(getattr(parts, name))}" for name in SPLITS)
    console.out.print(f"{output}: {counts} rows", markup=False, highlight=False)


@app.command()
def agreement(
    source: Source,
    task: Annotated[str, typer.Option(help="Which label: stance or sentiment.")] = "stance",
    by: Annotated[
        list[str] | None,
        typer.Option(help="A column of one annotator; else stance_a, stance_b and so on."),
    ] = None,
    annotator: Annotated[
        str,
        typer.Option(help="In a table of one row a label: the annotator's column."),
    ] = "",
    column: Columns = None,
    label: Labels = None,
    codebook: Book = None,
    as_json: AsJson = False,
) -> None:
    """How far any number of annotators agree: alpha, kappa and confusions, with intervals.

    Reads one column an annotator (gaps are allowed), or, with --annotator, one row a label: rows
    of one id are one row labelled again.
    """
    from dataclasses import asdict

    from stance.cli import console
    from stance.codebook import load_codebook, suggest
    from stance.corpus import agreement as agree
    from stance.corpus.tables import read_rows
    from stance.errors import InputError
    from stance.files import resolve

    tasks = load_codebook(codebook).classes
    if task not in tasks:
        raise InputError(f"--task {task!r} is not a task; {suggest(task, list(tasks))}")
    names = tasks[task]
    rows = [row for _, row in read_rows(resolve(source))]
    given = agree.read_ratings(
        rows, task, names, columns=by or (), annotator=annotator,
        mapped=mapped(column, label),
    )  # fmt: skip
    if given.unread:
        console.err.print(
            f"not read as annotators' labels: {', '.join(given.unread)}; name columns with --by",
            markup=False, highlight=False,
        )  # fmt: skip
    overall = agree.alpha_interval(given.labels, len(names), given.documents)
    labels = agree.alpha_per_label(given.labels, len(names), given.documents)
    found = agree.pairwise(given.labels, len(names), given.documents)
    several = int(((given.labels != agree.MISSING).sum(axis=0) > 1).sum())
    if as_json:
        console.print_json(
            {
                "annotators": given.annotators,
                "alpha": asdict(overall),
                "alpha_per_label": {n: asdict(i) for n, i in zip(names, labels, strict=True)},
                "pairs": [
                    {
                        "first": given.annotators[pair.first],
                        "second": given.annotators[pair.second],
                        "rows": pair.n_rows,
                        "kappa": asdict(pair.kappa),
                        "confusion": pair.confusion.tolist(),
                    }
                    for pair in found
                ],
                "labels": list(names),
            }
        )
        return

    def shown(value: Any) -> str:
        if value.estimate != value.estimate:
            return "–"  # nobody, or everybody, gave it
        bounds = f"{value.low:.3f}–{value.high:.3f}" if value.low == value.low else "no interval"
        return f"{value.estimate:.3f} ({bounds})"

    head = [["Krippendorff's alpha", shown(overall)], ["annotators", str(len(given.annotators))]]
    head += [["rows labelled twice or more", str(several)], ["articles", str(overall.n_groups)]]
    console.print_table(f"{source}: {task}, 95 % over articles", ["", ""], head, right=[1])
    table = [[name, shown(value)] for name, value in zip(names, labels, strict=True)]
    console.print_table("", [task, "alpha of this label against the rest"], table, right=[1])
    table = [
        [given.annotators[pair.first], given.annotators[pair.second], str(pair.n_rows),
         shown(pair.kappa)]
        for pair in found
    ]  # fmt: skip
    console.print_table("", ["one", "other", "rows", "Cohen's kappa"], table, right=[2, 3])
    for pair in found:
        table = [[name, *map(str, pair.confusion[at])] for at, name in enumerate(names)]
        title = f"{given.annotators[pair.first]} \\ {given.annotators[pair.second]}"
        columns = [title, *(name[:4] for name in names)]
        console.print_table("", columns, table, right=range(1, len(columns)))


@app.command()
def release(
    folder: Annotated[Path, typer.Argument(help="A folder with rows.jsonl and articles.jsonl.")],
    check: Annotated[bool, typer.Option("--check", help="Only look; write nothing.")] = False,
) -> None:
    """Write a corpus folder's Parquet files and manifest, and check that all of it agrees."""
    from stance.cli import console
    from stance.corpus.release import check_release, write_release
    from stance.errors import IntegrityError

    if not check:
        write_release(folder)
    problems = check_release(folder)
    for problem in problems[:20]:
        console.out.print(problem, markup=False, highlight=False)
    if problems:
        raise IntegrityError(f"{folder}: {len(problems)} contradictions")
    console.out.print(f"{folder}: the release agrees with itself", markup=False, highlight=False)
