"""The public Python API: four functions, pandas frames out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from stance.codebook import load_codebook, parse_codebook
from stance.config import choose_models, load_config
from stance.corpus.load import Mapped, load_examples
from stance.experiment import Reporter, Run
from stance.experiment import run as run_experiment
from stance.labelling import find_model, label_articles
from stance.models.store import StoredModel
from stance.models.store import load_model as read_model
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
) -> pd.DataFrame:
    """Label one text, or articles read by ``stance.articles.read``.

    Returns:
        One row per (sentence, holder) with the columns of ``stance label``.
    """
    import pandas as pd

    articles = [Article(name, text)] if isinstance(text, str) else text
    found = label_articles(articles, model or load_model(), abstain_below=abstain_below)
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
    from stance.score_model import score_model

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
