"""Comparisons: against independent counts, on runs that overlap in part, and refused ones."""

from __future__ import annotations

import csv
import html
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import f1_score

from conftest import make_rows, tiny_config
from stance.errors import InputError
from stance.evaluation.compare import compare_pairs, find_flips, flips_by_label, scores_for
from stance.evaluation.results import Predicted, compare_best
from stance.files import read_yaml
from stance.report.comparison import render, to_json, write_comparison
from stance.report.markup import CSP
from stance.runs.comparison import compare_runs
from stance.runs.experiment import run

MODELS = {
    "majority": {},
    "svm": {"kind": "ngrams", "learner": "svm"},
    "actors": {"kind": "ngrams", "view": "actor"},
}


def answers(
    name: str, skill: float, *, seeds: int = 1, rows: int = 120, labels: int = 4, start: int = 0
) -> Predicted:
    """Random answers that are right with probability ``skill``; truth and groups are shared."""
    fixed = np.random.default_rng(99)
    truth = fixed.integers(0, labels, rows)
    groups = [f"g{at}" for at in fixed.integers(0, 15, rows)]
    probabilities = []
    for seed in range(start, start + seeds):
        rng = np.random.default_rng([seed, int(skill * 100)])
        drawn = rng.dirichlet(np.ones(labels), rows)
        right = rng.random(rows) < skill
        drawn[right, truth[right]] += 2
        probabilities.append(drawn / drawn.sum(axis=1, keepdims=True))
    return Predicted(name, "test", truth, np.stack(probabilities), groups, list(range(seeds)))


# -- the pure part ------------------------------------------------------------------------


def test_a_run_and_a_comparison_say_the_same_of_unequal_seeds() -> None:
    one, five = answers("one", 0.5), answers("five", 0.62, seeds=5, start=3)
    (inside,) = compare_best("stance", [one, five], 4, resamples=200)
    ((pair),) = compare_pairs([(one, five)], 4, scores_for("macro_f1"), resamples=200)
    assert (inside.first, inside.second) == ("five", "one")
    assert inside.p_value == pair.gaps["macro_f1"].p_value
    assert inside.difference == pair.gaps["macro_f1"].difference


def test_flips_divide_the_rows_that_differ() -> None:
    rng = np.random.default_rng(1)
    truth, base, new = rng.integers(0, 3, (3, 200))
    flips = find_flips(truth, base, new)
    assert set(flips.fixed) == {i for i in range(200) if base[i] != truth[i] and new[i] == truth[i]}
    assert set(flips.broken) == {i for i in range(200) if base[i] == truth[i] != new[i]}
    together = {*flips.fixed, *flips.broken, *flips.moved}
    assert together == {i for i in range(200) if base[i] != new[i]}
    assert len(together) == len(flips.fixed) + len(flips.broken) + len(flips.moved)
    counts = flips_by_label(flips, truth, 3)
    assert [sum(column) for column in zip(*counts, strict=True)] == [
        200, len(flips.fixed), len(flips.broken), len(flips.moved),
    ]  # fmt: skip
    assert counts[2][0] == int((truth == 2).sum())


def test_relation_score_is_that_of_merged_labels() -> None:
    one, relations = answers("one", 0.6), (1, 0, 1, 2)
    score = scores_for("macro_f1", relations)["relation_macro_f1"]
    table = np.zeros((4, 4))
    np.add.at(table, (one.truth, one.decisions[0]), 1)
    merged = np.array(relations)
    expected = f1_score(merged[one.truth], merged[one.decisions[0]], average="macro")
    assert float(score(table)) == pytest.approx(expected, abs=1e-12)


def test_agrees_with_the_comparison_a_run_makes_itself() -> None:
    best, other, third = answers("best", 0.8), answers("other", 0.5), answers("third", 0.3)
    inside = {item.second: item for item in compare_best("stance", [other, best, third], 4)}
    outside = compare_pairs([(other, best), (third, best)], 4, scores_for("macro_f1"))
    for pair in outside:
        gap, known = pair.gaps["macro_f1"], inside[pair.base]
        assert gap.difference == known.difference
        assert (gap.p_value, gap.p_holm) == (known.p_value, known.p_holm)
        assert gap.new - gap.base == pytest.approx(gap.difference.estimate, abs=1e-12)
        lost = pair.mcnemar
        exact = binomtest(len(pair.flips.fixed), len(pair.flips.fixed) + len(pair.flips.broken))
        assert (lost.only_first, lost.only_second) == (
            len(pair.flips.broken),
            len(pair.flips.fixed),
        )
        assert lost.p_value == pytest.approx(exact.pvalue)
        assert pair.order is None


def test_direction_is_new_minus_base() -> None:
    weak, strong = answers("weak", 0.3), answers("strong", 0.9)
    (up,) = compare_pairs([(weak, strong)], 4, scores_for("accuracy"))
    (down,) = compare_pairs([(strong, weak)], 4, scores_for("accuracy"))
    assert up.gaps["accuracy"].difference.low > 0 > down.gaps["accuracy"].difference.high
    assert len(up.flips.fixed) == len(down.flips.broken) > len(up.flips.broken)


def test_seeds_of_unequal_number_are_compared_by_their_means() -> None:
    one, three = answers("one", 0.4), answers("three", 0.8, seeds=3)
    two = answers("two", 0.4, seeds=2)
    single, several = compare_pairs([(one, three), (two, three)], 4, scores_for("macro_f1"))
    mean = np.mean([f1_score(three.truth, guess, average="macro") for guess in three.decisions])
    assert single.gaps["macro_f1"].new == pytest.approx(mean, abs=1e-12)
    assert single.gaps["macro_f1"].p_value < 0.01
    assert single.order is None
    assert several.order is not None
    assert several.order.upper < 0.5
    assert several.order.level == pytest.approx(0.975)  # two pairs


def test_unknown_score_is_named() -> None:
    with pytest.raises(InputError, match=r"no score 'f2' here; allowed: macro_f1"):
        scores_for("f2")
    with pytest.raises(InputError, match="relation_macro_f1"):
        scores_for("relation_macro_f1")


# -- runs ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Make a run of n-gram models on rows that may have been changed."""
    root = tmp_path_factory.mktemp("runs")

    def build(name: str, *, change: Any = None, **changes: Any) -> Path:
        if (root / name).exists():
            return root / name
        rows = [row if change is None else change(dict(row)) for row in make_rows()]
        path = root / f"{name}.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        settings = {"models": MODELS, "behaviour": False, **changes}
        return run(tiny_config(path, path, name=name, **settings), root=root).folder

    return build


@pytest.fixture(scope="module")
def plain(make: Callable[..., Path]) -> Path:
    return make("plain")


def test_best_of_a_run_against_the_others(plain: Path) -> None:
    found = compare_runs([plain])
    assert {(pair.base, pair.new) for pair in found.pairs} == {
        ("majority", "svm"), ("actors", "svm"),
    }  # fmt: skip
    assert not any(found.dropped.values())
    named = compare_runs([plain], models=["svm", "actors"], metric="mcc")
    (pair,) = named.pairs
    assert (pair.base, pair.new) == ("svm", "actors")
    assert next(iter(pair.gaps)) == "mcc"
    flip = next(item for item in named.flips if item.change == "broken")
    assert flip.base_label == flip.gold != flip.new_label
    assert flip.text
    assert flip.actor in flip.text


def test_runs_are_compared_on_common_rows(plain: Path, make: Callable[..., Path]) -> None:
    folds = make("folds", split={"method": "folds", "folds": 3})
    found = compare_runs([plain, folds])
    assert {(pair.base, pair.new) for pair in found.pairs} == {
        (f"plain:{name}", f"folds:{name}") for name in MODELS
    }
    tested = sum(row["split"] == "test" for row in make_rows())
    assert found.n_rows == tested
    assert found.dropped == {"plain": 0, "folds": 64 - tested}
    assert (
        found.notes == ["the runs read different versions of their data; rows are matched by id"]
        or not found.notes
    )


def test_models_that_only_one_run_has(plain: Path, make: Callable[..., Path]) -> None:
    other = make("other", models={"logreg": {"kind": "ngrams"}, "majority": {}})
    found = compare_runs([plain, other], models=["svm", "logreg"])
    assert [(pair.base, pair.new) for pair in found.pairs] == [("plain:svm", "other:logreg")]
    with pytest.raises(InputError, match="'svm' is in plain only"):
        compare_runs([plain, other], models=["majority", "svm"])
    assert [pair.new for pair in compare_runs([plain, other]).pairs] == ["other:majority"]


def _relabel(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "stance": "neutral"} if row["id"] == "r004" else row


def _rename(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "id": f"x{row['id']}"}


def _move(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "doc_id": f"{row['doc_id']}-b"}


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("relabelled", _relabel, r"1 of \d+ common rows have different gold labels .*'r004'"),
        ("renamed", _rename, "no id in common"),
        ("moved", _move, "is of article 'd.*' in plain but of 'd.*-b' in moved"),
    ],
)
def test_other_rows_are_refused(
    plain: Path, make: Callable[..., Path], name: str, change: Any, message: str
) -> None:
    # r004 must be tested for its label to matter: document 28 % 16 = 12, so by folds.
    split = {"method": "folds", "folds": 3}
    first = make("plainfolds", split=split) if name == "relabelled" else plain
    with pytest.raises(InputError, match=message):
        compare_runs([first, make(name, change=change, split=split)])


def test_other_label_sets_are_refused(
    plain: Path, make: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import yaml

    from stance.files import bundled

    book = read_yaml(bundled("configs/codebook.yaml"))
    book["stance"] = [label for label in book["stance"] if label["name"] != "threatening"]
    path = tmp_path / "book.yaml"
    path.write_text(yaml.safe_dump(book), encoding="utf-8")
    with pytest.raises(InputError, match=r"different stance labels \(not in both: threatening\)"):
        compare_runs([plain, make("book", codebook=str(path))])


def test_what_is_not_there_is_named(plain: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no model 'smv' .*did you mean 'svm'"):
        compare_runs([plain], models=["smv"])
    with pytest.raises(InputError, match="no task 'tone'"):
        compare_runs([plain], task="tone")
    with pytest.raises(InputError, match="named twice"):
        compare_runs([plain, plain])
    with pytest.raises(InputError, match="nothing to compare; name two models"):
        compare_runs([plain], models=["svm"])
    with pytest.raises(InputError, match=r"no run\.json"):
        compare_runs([tmp_path])


# -- what is written ----------------------------------------------------------------------


def test_files_hold_every_flip_and_no_markup_acts(plain: Path, tmp_path: Path) -> None:
    found = compare_runs([plain], models=["actors", "svm"])
    planted = "=cmd()<script>alert(1)</script>\u202e"
    found = replace(found, flips=[replace(flip, text=planted) for flip in found.flips])
    page = write_comparison(found, tmp_path / "out").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "\u202e" not in page
    assert f'content="{CSP}"' in html.unescape(page)
    with (tmp_path / "out" / "stance-flips.csv").open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert len(rows) == len(found.flips) > 0
    assert all(row["sentence"].startswith("'=cmd()") for row in rows)
    stored = json.loads((tmp_path / "out" / "stance-comparison.json").read_text("utf-8"))
    assert stored["rows"] == found.n_rows
    assert len(stored["flips"]) == len(found.flips)
    for name in ("stance-macro-f1", "stance-rows", "stance-flips-by-label"):
        for ending in ("md", "tex", "csv"):
            assert (tmp_path / "out" / f"{name}.{ending}").stat().st_size > 50


def test_too_few_articles_are_said_not_quoted(plain: Path) -> None:
    found = compare_runs([plain])
    bound = found.pairs[0].gaps["macro_f1"].difference
    one = replace(bound, low=float("nan"), high=float("nan"))
    pair = found.pairs[0]
    gaps = {**pair.gaps, "macro_f1": replace(pair.gaps["macro_f1"], difference=one)}
    changed = replace(found, pairs=[replace(pair, gaps=gaps)])
    text = json.dumps(to_json(changed), allow_nan=False)
    assert json.loads(text)["pairs"][0]["scores"]["macro_f1"]["difference"]["low"] is None
    assert "too few" in render(changed)
