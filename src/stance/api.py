"""The public Python API: a few functions, pandas frames out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from stance.codebook import load_codebook, parse_codebook
from stance.config import choose_models, load_config, parse_config
from stance.corpus.load import Mapped, load_examples
from stance.errors import InputError
from stance.labelling import abstention_point, label_articles
from stance.models.store import StoredModel, find_model
from stance.models.store import load_model as read_model
from stance.report.slices import OUTSIDE, holders_in_training
from stance.runs.experiment import Reporter, Run
from stance.runs.experiment import run as run_experiment
from stance.runs.read import read_held, read_run
from stance.schema import Article

if TYPE_CHECKING:
    import pandas as pd

    from stance.evaluation.results import Results


def load_model(name: str | None = None, *, runs: str | Path = "runs") -> StoredModel:
    """Load a trained model by folder, run or run name; the newest transformer where None.

    Raises:
        ModelError: there is none, or it is not whole.
    """
    return read_model(find_model(name, Path(runs)))


def label(
    text: str | Sequence[Article],
    model: StoredModel | None = None,
    *,
    name: str = "text",
    abstain_below: float = 0.0,
    precision: float | None = None,
) -> pd.DataFrame:
    """Label one text, or articles read by ``stance.articles.read``.

    Args:
        abstain_below: rows of lower stance probability get status ``abstained``.
        precision: abstain instead below the threshold stored with the model, above which this
            share of labelled validation rows was right (0.8 or 0.9 unless trained otherwise).

    Returns:
        One row per (sentence, holder) with the columns of ``stance label``.

    Raises:
        ModelError: the model has no threshold for that precision; names those it has.
    """
    import pandas as pd

    articles = [Article(name, text)] if isinstance(text, str) else text
    model = model or load_model()
    below = abstention_point(model, precision=precision, abstain_below=abstain_below)
    found = label_articles(articles, model, abstain_below=below)
    return pd.DataFrame([asdict(row) for rows in found for row in rows])


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
    folder = next((path for path in (Path(name), Path(runs) / name) if path.is_dir()), None)
    if folder is None:
        raise InputError(f"{name}: no such run; `stance run` makes one, `stance runs` lists them")
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


def evaluate(
    model: StoredModel,
    data: str | Path,
    *,
    columns: dict[str, str] | None = None,
    codebook: str | None = None,
) -> pd.DataFrame:
    """Score a model on labelled rows.

    Returns:
        One row per task and label, with precision, recall, F1, its 95 % interval and support;
        ``macro-F1`` rows close each task.
    """
    from stance.evaluation.results import Results
    from stance.runs.score_model import score_model

    book = load_codebook(codebook) if codebook else parse_codebook(model.codebook, source="model")
    rows = load_examples(data, book, mapped=Mapped(columns or {}))
    return label_frame(Results(score_model(model, book, rows), []))


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
