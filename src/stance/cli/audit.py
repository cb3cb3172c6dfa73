"""`stance data audit`: what could make a score on these rows look better than it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stance.cli.data import AsJson, Book, Columns, Labels, Source, app, load_rows

if TYPE_CHECKING:
    from stance.codebook import Codebook
    from stance.schema import Example

_SHOWN = 20


@app.command()
def audit(
    source: Source,
    column: Columns = None,
    label: Labels = None,
    codebook: Book = None,
    beside: Annotated[
        str | None, typer.Option(help="Another table of texts, to compare variety with.")
    ] = None,
    by: Annotated[
        list[str] | None,
        typer.Option(help="A column (annotator, batch) within which labels may be exchanged."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Leaks between splits, exchanged labels, sameness of texts, and what names give away.

    Exits with 2 where the split leaks, two labels look exchanged in a split, an article or a
    value of --by, only some rows have a split, or the texts repeat each other.
    """
    from stance.cli import console
    from stance.corpus.audit import capped, find_leaks
    from stance.corpus.load import Mapped, unlabelled
    from stance.corpus.splits import as_given
    from stance.corpus.tables import read_rows
    from stance.corpus.variety import describe_variety
    from stance.errors import InputError
    from stance.runs.label_check import find_exchanged

    examples, book = load_rows(source, column, label, codebook)
    leaks = find_leaks(examples, as_given(examples))
    with console.reporting() as reporter:
        suspects = find_exchanged(
            examples, book, columns=by or (), progress=reporter.stage("checking labels")
        )
    variety = describe_variety([(item.group, item.text) for item in examples])
    columns, figures = [source], [[name, value] for name, value in variety.lines()]
    if beside is not None:
        others = unlabelled(read_rows(beside), Mapped())
        other = describe_variety([(item.group, item.text) for item in others])
        columns.append(beside)
        figures = [[*row, line[1]] for row, line in zip(figures, other.lines(), strict=False)]
    phenomena = Counter(
        tag for item in examples for tag in str(item.extra.get("phenomenon") or "").split()
    )
    labels = Counter(item.stance or "(none)" for item in examples)
    scores = artefact_scores(examples, book)
    if as_json:
        console.print_json(
            {
                "leaks": [leak.to_json() for leak in leaks],
                "exchanged": [asdict(suspect) for suspect in suspects],
                "variety": variety.to_json(),
                "stance": dict(labels),
                "phenomenon": dict(phenomena),
                "artefacts": scores,
            }
        )
    else:
        console.print_table("", ["", *columns], figures, right=range(1, len(columns) + 1))
        _print_shares("stance", labels, len(examples))
        _print_shares("phenomenon", phenomena, len(examples))
        if scores:
            rows = [[name, f"{score:.3f}"] for name, score in scores.items()]
            title = "artefact baselines, stance, trained on train and scored on test"
            console.print_table(title, ["sees", "macro-F1"], rows, right=[1])
        for line in (*capped(leaks, _SHOWN), *map(str, suspects[:_SHOWN])):
            console.out.print(line, markup=False, highlight=False)
    without = [item.id for item in examples if not item.split]
    problems = [
        *([f"the split leaks in {len(leaks)} places (first: {leaks[0]})"] if leaks else []),
        *([f"labels look exchanged in {len(suspects)} places, first: {suspects[0]}"]
          if suspects else []),
        *([f"{len(without)} rows have no split (first: {without[0]!r})"]
          if 0 < len(without) < len(examples) else []),
        *variety.problems(),
    ]  # fmt: skip
    if problems:
        raise InputError(f"{source}: {'; '.join(problems)}")


def _print_shares(title: str, counts: Counter[str], total: int) -> None:
    from stance.cli import console

    rows = [[name, str(n), f"{n / total:.1%}"] for name, n in counts.most_common()]
    if rows:
        console.print_table("", [title, "rows", "share"], rows, right=[1, 2])


def artefact_scores(examples: Sequence[Example], codebook: Codebook) -> dict[str, float]:
    """Return test macro-F1 of models that do not read what they are asked about.

    Empty where no row of the training part, or none of the test part, has a stance.
    """
    from stance.codebook import STANCE
    from stance.evaluation.metrics import macro_f1
    from stance.models.base import labelled
    from stance.models.baselines import MajorityClassifier, NgramClassifier

    classes = codebook.classes
    models: dict[str, Any] = {
        "nothing (majority)": MajorityClassifier(classes),
        "the holder's name": NgramClassifier(classes, view="actor", balanced=False),
        "the holder's name, balanced": NgramClassifier(classes, view="actor"),
        "the target": NgramClassifier(classes, view="target"),
        "the text, not whose stance": NgramClassifier(classes, view="text"),
    }
    train = [item for item in examples if item.split == "train"]
    test = [item for item in examples if item.split == "test"]
    rows, truth = labelled(test, STANCE, classes[STANCE])
    if not len(rows) or not len(labelled(train, STANCE, classes[STANCE])[0]):
        return {}
    scores = {}
    for name, model in models.items():
        guess = model.fit(train).predict_proba(test)[STANCE].argmax(axis=1)[rows]
        scores[name] = macro_f1(truth, guess, len(classes[STANCE]))
    return scores
