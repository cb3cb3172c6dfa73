"""`stance tune`: search for a model's settings on validation rows."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stance.cli.runs import AsJson, Config, Download, Overrides, Root

if TYPE_CHECKING:
    from stance.tuning.search import Search

_SHOWN = 5


class Score(StrEnum):
    """What a search looks for."""

    STANCE = "stance"
    MEAN = "mean"


def tune(
    config: Config,
    overrides: Overrides = None,
    model: Annotated[
        str, typer.Option("--model", "-m", help="Which of the configuration's models.")
    ] = "transformer",
    trials: Annotated[int, typer.Option("--trials", min=1, help="How many in all.")] = 20,
    timeout: Annotated[
        float | None, typer.Option(min=0, help="Begin no trial after this many seconds.")
    ] = None,
    space: Annotated[
        Path | None,
        typer.Option(help="YAML of what may vary: options.lr: {low: 5e-5, high: 1e-3, log: true}"),
    ] = None,
    score: Annotated[
        Score, typer.Option(help="Macro-F1 of stance, or its mean over tasks.")
    ] = Score.STANCE,
    root: Root = Path("runs"),
    download: Download = False,
    as_json: AsJson = False,
) -> None:
    """Search for a model's best settings on validation rows; test rows are never predicted.

    Writes runs/NAME-tune: study.db (run again to go on), trials.csv and tuned.yaml, a
    configuration for `stance run`. Needs Optuna: pip install 'stance-news\\[tune]'.
    """
    from stance.cli import console
    from stance.config import load_config
    from stance.tuning.search import tune as search

    loaded = load_config(config, overrides or ())
    with console.reporting() as reporter:
        found = search(
            loaded, model, trials=trials, space_file=space, target=score.value, timeout=timeout,
            root=root, download=download, argv=sys.argv, reporter=reporter,
        )  # fmt: skip
    if as_json:
        console.print_json(
            {
                "best": dict(found.best.settings), "scores": dict(found.best.scores),
                "optimised": found.target, "trials": len(found.trials),
                "overrides": found.overrides, "config": str(found.folder / "tuned.yaml"),
            }
        )  # fmt: skip
        return
    _print(found)


def _print(found: Search) -> None:
    from stance.cli import console
    from stance.tuning.search import SCORE_NAMES

    scored = sorted(
        (trial for trial in found.trials if trial.scores),
        key=lambda trial: -trial.scores[found.target],
    )
    keys = list(found.best.settings)
    rows = [
        [str(trial.number), f"{trial.scores[found.target]:.3f}",
         *(str(trial.settings[key]) for key in keys), f"{trial.seconds:.0f} s"]
        for trial in scored[:_SHOWN]
    ]  # fmt: skip
    title = f"{found.model}: {SCORE_NAMES[found.target]}, best of {len(found.trials)} trials"
    columns = ["trial", "score", *(key.removeprefix("options.") for key in keys), "training"]
    console.print_table(title, columns, rows, right=range(len(columns)))
    console.out.print(" ".join(found.overrides), markup=False, highlight=False, soft_wrap=True)
    told = f"all trials: {found.folder / 'trials.csv'}   next: stance run {found.folder}/tuned.yaml"
    console.err.print(told, markup=False, highlight=False, soft_wrap=True)
