"""The public Python API: a few functions, pandas frames out."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stance.codebook import load_codebook, parse_codebook
from stance.config import choose_models, load_config, parse_config
from stance.corpus.load import Mapped, load_examples
from stance.errors import InputError
from stance.labelling import abstention_point, label_articles
from stance.models.store import StoredModel
from stance.models.store import load_model as read_model
from stance.report.slices import OUTSIDE, holders_in_training
from stance.runs.experiment import Reporter, Run
from stance.runs.experiment import run as run_experiment
from stance.runs.find import find_model, find_run, find_tagger
from stance.runs.read import read_held, read_run
from stance.schema import Article, Prediction

if TYPE_CHECKING:
    import pandas as pd

    from stance.evaluation.results import Results


def load_model(name: str | None = None, *, runs: str | Path = "runs") -> StoredModel:
    """Load a model by its folder, or a run's best one; the one that ships where None.

    ``folder`` and ``name`` of what is returned say which it is.

    Raises:
        ModelError: there is none, it is not whole, or a run does not say which of its models is
            best.
    """
    return read_model(find_model(name, Path(runs)).folder)


def label(
    text: str | Article | Iterable[str | Article] | Mapping[Any, str | Article],
    model: StoredModel | None = None,
    *,
    name: str = "text",
    abstain_below: float = 0.0,
    precision: float | None = None,
    aliases: str | Path | None = None,
    tagger: str | Path | None = None,
    runs: str | Path = "runs",
) -> pd.DataFrame:
    """Label a text, or several: strings, a column of a frame, or articles.

    Args:
        text: one text or article, or a list, dictionary or Series of them. Texts of a dictionary
            are named by their keys, of a Series by its index, of a list by their number.
        name: names a single text.
        abstain_below: rows of lower stance probability get status ``abstained``.
        precision: abstain instead below the threshold stored with the model, above which this
            share of labelled validation rows was right (0.8 or 0.9 unless trained otherwise).
        aliases: a YAML table of actors, as for ``stance label --aliases``.
        tagger: a tagger's run, by folder or name, as for ``stance label --tagger``.
        runs: where runs are looked for by name.

    Returns:
        One row per (sentence, holder) with the columns of ``stance label``.

    Raises:
        InputError: something is no text (None, NaN, a whole frame), or two texts have one name;
            says what to give.
        ModelError: the model has no threshold for that precision; names those it has.
    """
    import pandas as pd

    from stance.articles.actors import read_aliases
    from stance.models.tagger.store import load_tagger

    articles = _articles(text, name)
    model = load_model(runs=runs) if model is None else _loaded(model)
    below = abstention_point(model, precision=precision, abstain_below=abstain_below)
    found = label_articles(
        articles,
        model,
        aliases=read_aliases(Path(aliases)) if aliases else None,
        tagger=load_tagger(find_tagger(tagger, Path(runs))) if tagger else None,
        abstain_below=below,
    )
    columns = [item.name for item in fields(Prediction)]
    return pd.DataFrame([asdict(row) for rows in found for row in rows], columns=columns)


def _articles(given: Any, name: str) -> list[Article]:
    """Return articles for whatever holds texts; every one is checked before any is labelled."""
    if isinstance(given, str | Article):
        named: list[tuple[Any, Any]] = [(name, given)]
    elif hasattr(given, "columns"):
        raise InputError(
            "a whole frame is no text; give the column that holds them, such as "
            f"frame[{next(iter(given.columns), 'text')!r}]"
        )
    elif isinstance(given, Mapping) or (hasattr(given, "items") and hasattr(given, "index")):
        named = list(given.items())
    elif isinstance(given, Iterable) and not isinstance(given, bytes):
        named = list(enumerate(given))
    else:
        raise InputError(f"{given!r} is no text; give a string, or a list or Series of strings")
    articles = []
    for label_, item in named:
        if isinstance(item, Article):
            articles.append(item)
        elif isinstance(item, str):
            articles.append(Article(str(label_), item))
        else:
            raise InputError(
                f"text {label_!r} is {item!r}, not a string; drop it, or put '' in its place"
            )
    twice = [name for name, count in Counter(item.name for item in articles).items() if count > 1]
    if twice:
        raise InputError(
            f"{len(twice)} names are of more than one text (first: {twice[0]!r}), so that their "
            "rows could not be told apart; give them names that differ: reset_index(drop=True) "
            "numbers a Series"
        )
    return articles


def _loaded(model: Any) -> StoredModel:
    if isinstance(model, str | Path):
        raise InputError(f"{str(model)!r} is no model; give stance.load_model({str(model)!r})")
    loaded: StoredModel = model
    return loaded


def run(
    config: str | Path,
    overrides: Sequence[str] = (),
    *,
    models: Sequence[str] = (),
    runs: str | Path = "runs",
    resume: bool = False,
    reporter: Reporter | None = None,
) -> Run:
    """Train and score a configuration's models (only ``models`` where given)."""
    loaded = load_config(config, overrides)
    if models:
        loaded = choose_models(loaded, models)
    return run_experiment(
        loaded, root=Path(runs), resume=resume, argv=["stance", "run", str(config), *overrides],
        reporter=reporter,
    )  # fmt: skip


def load_run(name: str | Path = "default", *, runs: str | Path = "runs") -> Run:
    """Read a finished run by folder or name: the record that ``run`` returned.

    Raises:
        InputError: the folder holds no run, or one that has not finished.
    """
    folder = find_run(name, Path(runs))
    found = read_run(folder)
    config = parse_config(found.config, source=str(folder / "config.yaml"))
    return Run(folder, config, found.codebook, found.results)


def answers(run: Run, task: str = "stance") -> pd.DataFrame:
    """Return what every model of a run answered on the held-out rows, beside the rows.

    Returns:
        One row per model and held-out row: ``model, id, doc_id, text, actor, target, quote``;
        ``gold``, ``predicted`` and ``right``; ``probability`` of the predicted label and
        ``gold_probability`` of the right one, both means over trainings; ``holder_in_training``
        (``seen``, ``unseen``, empty for the writer); then the corpus's own columns.

    Raises:
        InputError: the corpus is gone or has changed since: its sentences are not those asked.
    """
    import pandas as pd

    found = read_run(run.folder)
    if found.corpus.missing:
        raise InputError(f"{run.folder}: {found.corpus.missing}; train the run again")
    rows = {example.id: example for example in found.corpus.examples}
    seen = holders_in_training(found)
    names = found.codebook.classes[task]
    taken = {*_ANSWERS} & {name for row in rows.values() for name in row.extra}
    if taken:
        raise InputError(
            f"{run.folder}: the corpus has columns named as the answers are "
            f"({', '.join(sorted(taken))}); rename them, and train the run again"
        )
    records = []
    for model in found.results.of(task):
        held = read_held(found, task, model.model)
        mean = held.answers.probabilities.mean(axis=0)
        for name, truth, proba in zip(held.ids, held.answers.truth, mean, strict=True):
            row, guess = rows[name], int(proba.argmax())
            records.append(
                {
                    "model": model.model, "id": name, "doc_id": row.doc_id, "text": row.text,
                    "actor": row.actor, "target": row.target, "quote": row.quote,
                    "gold": names[truth], "predicted": names[guess], "right": guess == truth,
                    "probability": proba[guess], "gold_probability": proba[truth],
                    "holder_in_training": seen[name].replace(OUTSIDE, ""), **row.extra,
                }
            )  # fmt: skip
    return pd.DataFrame(records)


_ANSWERS = (
    "model",
    "gold",
    "predicted",
    "right",
    "probability",
    "gold_probability",
    "holder_in_training",
)
"""Columns of ``answers`` that a corpus's own must not take the place of."""


def evaluate(
    model: StoredModel,
    data: str | Path,
    *,
    columns: dict[str, str] | None = None,
    labels: dict[str, dict[str, str]] | None = None,
    codebook: str | None = None,
) -> pd.DataFrame:
    """Score a model on labelled rows that it did not learn from; says how many it did.

    Args:
        columns: our field and the table's column, such as ``{"text": "sentence"}``.
        labels: by task, the table's labels and ours: ``{"stance": {"1": "supporting"}}``.

    Returns:
        One row per task and label, with precision, recall, F1, its 95 % interval and support;
        ``macro-F1`` rows close each task.
    """
    from stance.evaluation.results import Results
    from stance.runs.score_model import held_out, score_model

    model = _loaded(model)
    book = load_codebook(codebook) if codebook else parse_codebook(model.codebook, source="model")
    held = held_out(model, load_examples(data, book, mapped=Mapped(columns or {}, labels or {})))
    if held.warning:
        warnings.warn(held.warning, stacklevel=2)
    return label_frame(Results(score_model(model, book, held.rows), []))


def label_frame(results: Results) -> pd.DataFrame:
    """Return the per-label scores of every model of a run as one frame."""
    import pandas as pd

    rows = []
    for result in results.models:
        for item in result.labels:
            rows.append(
                {
                    "model": result.model, "task": result.task, "label": item.label,
                    "precision": item.precision, "recall": item.recall, "f1": item.f1.estimate,
                    "low": item.f1.low, "high": item.f1.high, "rows": item.support,
                }
            )  # fmt: skip
        whole = result.intervals["macro_f1"]
        rows.append(
            {
                "model": result.model, "task": result.task, "label": "macro-F1",
                "f1": whole.estimate, "low": whole.low, "high": whole.high, "rows": result.n_rows,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)
