"""A corpus's own score beside macro-F1: by hand, with its interval, printed, stored, reported."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from rich.console import Console
from sklearn.metrics import f1_score
from typer.testing import CliRunner

from conftest import tiny_config
from stance.cli import console
from stance.cli.main import app
from stance.codebook import Official, load_codebook, parse_codebook
from stance.errors import ConfigError
from stance.evaluation.results import ModelResult, Predicted, Results, score
from stance.evaluation.uncertainty import bootstrap
from stance.files import bundled
from stance.report.report import write_report
from stance.runs.experiment import run

NAMES = ("against", "favor", "none")
OFFICIAL = Official("f_avg", ("favor", "against"))
# against: 2 right, 1 wrong, 1 missed, F1 4/6. favor: 1, 1, 1, F1 2/4. none: 2, 1, 1, F1 4/6.
TRUTH = np.array([0, 0, 0, 1, 1, 2, 2, 2])
GUESS = np.array([0, 0, 1, 1, 2, 2, 2, 0])
GROUPS = ["a", "a", "b", "b", "c", "c", "d", "d"]


def scored(*guesses: np.ndarray, official: Official | None = OFFICIAL) -> ModelResult:
    predicted = Predicted(
        "m", "ngrams", TRUTH, np.stack([np.eye(3)[guess] for guess in guesses]), GROUPS,
        seeds=range(len(guesses)),
    )  # fmt: skip
    return score("stance", predicted, NAMES, official=official, resamples=300)


def test_f_avg_by_hand() -> None:
    found = scored(GUESS)
    assert found.scores["f_avg"] == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert found.scores["macro_f1"] == pytest.approx((2 / 3 + 1 / 2 + 2 / 3) / 3)
    assert found.intervals["f_avg"].estimate == pytest.approx(7 / 12)
    # A second training that is right everywhere: the mean of both, and their deviation.
    both = scored(GUESS, TRUTH)
    assert both.scores["f_avg"] == pytest.approx((7 / 12 + 1) / 2)
    assert both.intervals["f_avg"].estimate == pytest.approx(19 / 24)
    assert both.spread["f_avg"] == pytest.approx((5 / 12) / 2**0.5)


def test_interval_is_that_of_resampled_articles() -> None:
    def statistic(rows: np.ndarray) -> float:
        return float(
            f1_score(TRUTH[rows], GUESS[rows], labels=[0, 1], average="macro", zero_division=0)
        )

    expected = bootstrap(statistic, GROUPS, n_resamples=300)
    found = scored(GUESS).intervals["f_avg"]
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert found.n_groups == 4


def test_results_come_back_whole() -> None:
    results = Results([scored(GUESS), scored(GUESS, official=None)], [])
    plain = json.loads(json.dumps(results.to_json()))
    again = Results.from_json(plain)
    assert again.to_json() == plain
    assert again.models[0].official == Official("f_avg", ["favor", "against"])
    assert again.models[1].official is None
    assert "f_avg" not in again.models[1].scores
    for entry in plain["models"]:
        del entry["official"]  # as runs before it was kept
    assert Results.from_json(plain).models[0].official is None


@pytest.mark.parametrize(("corpus", "labels"), [
    ("semeval2016", ("FAVOR", "AGAINST")), ("tweeteval", ("favor", "against")),
])  # fmt: skip
def test_corpora_of_semeval_have_it(corpus: str, labels: tuple[str, ...]) -> None:
    book = load_codebook(bundled(f"configs/corpora/{corpus}/codebook.yaml"))
    assert book.official == Official("f_avg", labels)
    assert book.official.title == "F-avg"
    assert load_codebook().official is None


@pytest.mark.parametrize(
    ("official", "named"),
    [
        (
            {"metric": "f_avg", "labels": ["no", "yess"]},
            "'yess' is not a stance; did you mean 'yes'",
        ),
        ({"metric": "f_avg", "labels": ["no", "no"]}, "'no' stands twice"),
        ({"metric": "f_avg", "labels": ["no"]}, "official.labels"),
        ({"metric": "f_mean", "labels": ["no", "yes"]}, "f_mean"),
        ({"metric": "f_avg", "label": ["no", "yes"]}, "did you mean 'labels'"),
    ],
)
def test_what_is_no_official_score_is_refused(official: dict[str, Any], named: str) -> None:
    raw = {"name": "own", "version": 1, "stance": [{"name": "no"}, {"name": "yes"}]}
    with pytest.raises(ConfigError) as caught:
        parse_codebook({**raw, "official": official}, source="own.yaml")
    assert named in str(caught.value)
    assert "\n" not in str(caught.value)


def test_run_evaluate_and_report_show_it(
    rows_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = yaml.safe_load(bundled("configs/codebook.yaml").read_text("utf-8"))
    raw["official"] = {"metric": "f_avg", "labels": ["justifying", "condemning"]}
    book = tmp_path / "codebook.yaml"
    book.write_text(yaml.safe_dump(raw), "utf-8")
    config = tiny_config(
        rows_file, tmp_path, codebook=str(book), behaviour=False,
        models={"majority": {}, "svm": {"kind": "ngrams", "learner": "svm"}},
    )  # fmt: skip
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(config.model_dump(mode="json")), "utf-8")
    done = run(config, root=tmp_path / "runs")
    stored = json.loads((done.folder / "results.json").read_text("utf-8"))
    for entry in stored["models"]:
        assert ("f_avg" in entry["intervals"]) == (entry["task"] == "stance")
        if entry["task"] == "stance":
            f1 = {label["label"]: label["f1"]["estimate"] for label in entry["labels"]}
            expected = (f1["justifying"] + f1["condemning"]) / 2
            assert entry["scores"]["f_avg"] == pytest.approx(expected)

    monkeypatch.setattr(console, "out", Console(width=160))
    model = str(done.folder / "models" / "svm-s1")
    shown = CliRunner().invoke(app, ["evaluate", model, str(rows_file)])
    assert shown.exit_code == 0, shown.exception
    stance, sentiment = shown.output.split("sentiment:")[:2]
    assert stance.index("F-avg") < stance.index("macro-F1")
    assert "F-avg" not in sentiment
    monkeypatch.setattr(console, "out", Console(width=80))
    narrow = CliRunner().invoke(app, ["evaluate", model, str(rows_file)]).output
    assert any(
        line.split()[:1] == ["svm"] and line.endswith(" s")
        for line in map(str.strip, narrow.splitlines())
    )
    monkeypatch.setattr(console, "out", Console(width=160))
    plain = ["evaluate", model, str(rows_file), "--codebook", "configs/codebook.yaml"]
    assert "F-avg" not in CliRunner().invoke(app, plain).output

    page = write_report(done.folder).read_text("utf-8")
    assert "the mean F1 of justifying and condemning alone" in page
    table = (done.folder / "tables" / "stance-comparison.csv").read_text("utf-8")
    assert "F-avg" in table.splitlines()[0]
    assert "F-avg" not in (done.folder / "tables" / "sentiment-comparison.csv").read_text("utf-8")
