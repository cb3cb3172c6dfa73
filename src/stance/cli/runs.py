"""`stance run`, `train`, `evaluate`, `report`, `runs`: experiments on labelled rows."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from stance.corpus.load import Mapped
    from stance.evaluation.results import ModelResult, Results

Config = Annotated[str, typer.Argument(help="Configuration file, such as configs/default.yaml.")]
Overrides = Annotated[
    list[str] | None,
    typer.Argument(
        help="Settings in place of the file's: models.transformer.options.epochs=3",
        metavar="KEY=VALUE",
    ),
]
Root = Annotated[Path, typer.Option("--runs", help="Folder that holds the runs.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with a run that was stopped.")]
Download = Annotated[bool, typer.Option("--download", help="Allow the hub to be asked.")]


AsJson = Annotated[bool, typer.Option("--json", help="Write results as JSON, for machines.")]
Columns = Annotated[
    list[str] | None,
    typer.Option("--column", "-c", help="Our field and the file's column: text=sentence"),
]
Labels = Annotated[
    list[str] | None,
    typer.Option(
        "--label", "-l", help="The file's label and ours: 1=supporting, sentiment:pos=positive"
    ),
]


def run(
    config: Config,
    overrides: Overrides = None,
    root: Root = Path("runs"),
    resume: Resume = False,
    download: Download = False,
    as_json: AsJson = False,
) -> None:
    """Train every model of a configuration, score them on the same held-out rows, report.

    Writes runs/NAME: run.json (what produced it), config.yaml, codebook.yaml, models/,
    predictions.parquet, results.json, tables/, figures/ and report.html.
    """
    from stance.config import load_config

    _run(load_config(config, overrides or ()), root, resume, download, as_json)


def train(
    config: Config,
    overrides: Overrides = None,
    model: Annotated[
        str, typer.Option("--model", "-m", help="Which of the configuration's models.")
    ] = "transformer",
    root: Root = Path("runs"),
    resume: Resume = False,
    download: Download = False,
    as_json: AsJson = False,
) -> None:
    """Train and score one model of a configuration; the run is called NAME-MODEL."""
    from stance.config import choose_models, load_config

    loaded = choose_models(load_config(config, overrides or ()), [model])
    named = loaded.model_copy(update={"name": f"{loaded.name}-{model}"})
    _run(named, root, resume, download, as_json)


def _run(config: Any, root: Path, resume: bool, download: bool, as_json: bool) -> None:
    from stance.cli import console
    from stance.report.report import write_report
    from stance.runs.experiment import run as run_experiment

    with console.reporting() as reporter:
        done = run_experiment(
            config, root=root, resume=resume, download=download, argv=sys.argv, reporter=reporter
        )
        reporter.stage("writing the report")
        page = write_report(done.folder)
    if as_json:
        console.print_json(done.results.to_json())
        return
    print_results(done.results)
    console.err.print(f"run: {done.folder}   report: {page}", markup=False, highlight=False)


def evaluate(
    model: Annotated[
        str, typer.Argument(help="A model's folder, a run's folder, or a run's name.")
    ],
    data: Annotated[str, typer.Argument(help="Labelled rows: CSV, TSV, JSONL or Parquet.")],
    column: Columns = None,
    label: Labels = None,
    codebook: Annotated[
        str | None, typer.Option(help="Codebook of the rows; the model's own if not given.")
    ] = None,
    root: Root = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """Score a saved model on any labelled file, with 95 % intervals over articles.

    Rows that the model was trained or chosen on are left out, and counted.
    """
    from stance.cli import console
    from stance.codebook import load_codebook, parse_codebook
    from stance.corpus.load import load_examples
    from stance.evaluation.results import Results
    from stance.models.store import load_model
    from stance.runs.find import find_model
    from stance.runs.score_model import held_out, score_model

    found = find_model(model, root)
    stored = load_model(found.folder)
    book = load_codebook(codebook) if codebook else None
    if book is None:
        book = parse_codebook(stored.codebook, source=str(found.folder))
    else:
        stored = load_model(found.folder, book.classes)
    given = load_examples(data, book, mapped=mapped(column, label))
    held = held_out(stored, given)
    with console.reporting() as reporter:
        reporter.say(str(found))
        if held.warning:
            reporter.say(held.warning)
        progress = reporter.stage("labelling")
        results = Results(score_model(stored, book, held.rows, progress=progress), [])
    if as_json:
        console.print_json(results.to_json())
        return
    print_results(results)
    for result in results.models:
        print_labels(result)


def report(
    name: Annotated[str, typer.Argument(help="A run's folder, or its name.")],
    root: Root = Path("runs"),
) -> None:
    """Build a run's tables, figures and report.html again from its results."""
    from stance.cli import console
    from stance.report.report import write_report
    from stance.runs.find import find_run

    folder = find_run(name, root)
    with console.reporting() as reporter:
        reporter.stage("writing the report")
        page = write_report(folder)
    console.out.print(str(page), markup=False, highlight=False)


def mapped(columns: list[str] | None, labels: list[str] | None) -> Mapped:
    """Read the options --column and --label."""
    from stance.corpus.load import Mapped

    return Mapped(pairs(columns or []), label_maps(labels or []))


_WIDE = 110  # columns of a terminal that has room for everything


def listing(root: Root = Path("runs"), as_json: AsJson = False) -> None:
    """List the runs, the latest first: status, data, best model and its macro-F1, seeds, commit.

    Reads run folders and nothing else. A commit with a + had uncommitted changes.
    """
    from stance.cli import console
    from stance.report.tables import ABSENT, bounds_of
    from stance.runs.listing import RunStatus, list_runs

    entries = list_runs(root)
    if as_json:
        console.print_json([entry.to_json() for entry in entries])
        return
    if not entries:
        console.out.print(f"no runs in {root}", markup=False, highlight=False)
        return
    wide = console.out.width >= _WIDE
    rows = []
    for entry in entries:
        score = entry.macro_f1
        cells = [entry.name, entry.started[:10] or ABSENT, entry.status.value]
        cells += [Path(entry.data).name or ABSENT] if wide else []
        cells += [ABSENT if entry.rows is None else str(entry.rows), entry.best or ABSENT]
        cells += [f"{score.estimate:.3f} {bounds_of(score, 'score')}" if score else ABSENT]
        if wide:
            commit = f"{entry.commit[:7]}{'+' if entry.dirty else ''}"
            cells += [str(len(entry.seeds)) if entry.seeds else ABSENT, commit or ABSENT]
        rows.append(cells)
    columns = ["run", "started", "status", *(["data"] if wide else []), "rows", "best"]
    columns += ["macro-F1, 95 %", *(["seeds", "commit"] if wide else [])]
    right = [at for at, name in enumerate(columns) if name in ("rows", "macro-F1, 95 %", "seeds")]
    console.print_table("", columns, rows, right=right)
    if not wide:
        text = f"data, seeds and commit: --json, or a terminal of {_WIDE} columns"
        console.out.print(text, markup=False, highlight=False)
    for entry in entries:
        if entry.status is RunStatus.BROKEN:
            console.out.print(f"{entry.name}: {entry.reason}", markup=False, highlight=False)
    stopped = [entry.name for entry in entries if entry.status is RunStatus.STOPPED]
    if stopped:
        text = f"stopped: {', '.join(stopped)}; its command with --resume goes on with one"
        console.out.print(text, markup=False, highlight=False)


def pairs(items: list[str]) -> dict[str, str]:
    """Read ``key=value`` options.

    Raises:
        InputError: one is not of that form.
    """
    from stance.errors import InputError

    result = {}
    for item in items:
        key, equals, value = item.partition("=")
        if not (key and equals and value):
            raise InputError(f"{item!r} is not of the form field=column")
        result[key] = value
    return result


def label_maps(items: list[str]) -> dict[str, dict[str, str]]:
    """Read ``old=new`` (of stance) and ``task:old=new`` options as ``data.labels`` has them.

    An empty ``new`` drops the label.

    Raises:
        InputError: one is not of that form.
    """
    from stance.codebook import STANCE, TASKS
    from stance.errors import InputError

    result: dict[str, dict[str, str]] = {}
    for item in items:
        old, equals, new = item.rpartition("=")
        task, colon, label = old.partition(":")
        if not (colon and task in TASKS):
            task, label = STANCE, old
        if not (equals and label):
            raise InputError(f"{item!r} is not of the form old=new or sentiment:old=new")
        result.setdefault(task, {})[label] = new
    return result


def print_results(results: Results) -> None:
    """Print one comparison table per task, best model first."""
    from stance.cli import console

    for task in dict.fromkeys(result.task for result in results.models):
        found = results.of(task)
        first = found[0]
        official = first.official
        title = f"{task}: {first.n_rows} held-out rows of {first.n_groups} articles"
        # What the corpus is judged by comes first, with its interval.
        scores = {official.metric: official.title} if official else {}
        scores |= {"macro_f1": "macro-F1", "accuracy": "accuracy", "ece": "ECE"}
        leading, *others = scores
        rows = [
            [
                result.model,
                f"{result.scores[leading]:.3f}",
                interval(result, leading),
                *(f"{result.scores[name]:.3f}" for name in others),
                str(result.n_trainings),
                f"{result.seconds_fit:.0f} s",
            ]
            for result in found
        ]
        shown, *more = scores.values()
        columns = ["model", shown, "95 %", *more, "fits", "time"]
        console.print_table(title, columns, rows, right=range(1, len(columns)))


def interval(result: ModelResult, name: str) -> str:
    """Return an interval as text; a dash where there were too few articles for one."""
    bounds = result.intervals[name]
    return "too few" if bounds.low != bounds.low else f"{bounds.low:.3f}–{bounds.high:.3f}"


def print_labels(result: ModelResult) -> None:
    """Print one model's scores by label."""
    from stance.cli import console

    rows = [
        [
            label.label,
            f"{label.precision:.3f}",
            f"{label.recall:.3f}",
            f"{label.f1.estimate:.3f}",
            str(label.support),
        ]
        for label in result.labels
    ]
    columns = [result.task, "precision", "recall", "F1", "rows"]
    console.print_table("", columns, rows, right=range(1, 5))
