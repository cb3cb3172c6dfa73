"""Model card, checklist, slices by label and curve tables, each counted another way."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from sklearn.metrics import average_precision_score, roc_auc_score

from report.test_report import (
    EVIL,
    HISTORY,
    STANCES,
    Page,
    guess,
    held,
    make_rows,
    make_run,
    read_csv,
)
from stance.files import read_json, write_json, write_jsonl
from stance.report.checklist import checklist, counts
from stance.report.checklist import to_markdown as checklist_text
from stance.report.checklist_answers import answers_of
from stance.report.data import OPEN, codebook_tables, read_data_card
from stance.report.report import CARD_FILE, CHECKLIST_FILE, write_report
from stance.report.slices import LEAST_ROWS, columns_of
from stance.report.training import training_tables
from stance.runs.read import RunData, read_run
from stance.schema import Example

CARD = """---
pretty_name: canal-news
license: cc0-1.0
language: [en, ku]
---

# canal-news
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, Any]], RunData]:
    folder = tmp_path_factory.mktemp("more") / "random"
    rows = make_rows()
    for row in rows:
        row["stance_a"] = STANCES[len(row["text"]) % 3]  # one annotator's label, not a slice
    make_run(folder, rows)
    (folder.parent / "README.md").write_text(CARD, encoding="utf-8")
    write_report(folder)
    return folder, rows, read_run(folder)


def header(folder: Path) -> tuple[dict[str, Any], str]:
    _, head, body = (folder / CARD_FILE).read_text(encoding="utf-8").split("---\n", 2)
    return yaml.safe_load(head), body


def test_card_header_holds_the_results(run: Any) -> None:
    folder, _, made = run
    head, _ = header(folder)
    best = made.results.of("stance")[0]
    assert head["language"] == ["en", "ku"]
    (entry,) = head["model-index"]
    assert entry["name"] == "random-sure"
    (result,) = entry["results"]
    assert result["dataset"] == {"name": "canal-news", "type": "random-rows", "split": "test"}
    values = {one["name"]: one["value"] for one in result["metrics"]}
    assert values["macro F1"] == pytest.approx(best.scores["macro_f1"], abs=1e-4)
    assert "license" not in head  # the data's licence is not the weights'


def test_card_has_every_heading_and_number(run: Any) -> None:
    folder, _, made = run
    _, body = header(folder)
    titles = re.findall(r"^## (.+)$", body, re.MULTILINE)
    assert titles == [
        "Model details", "Intended use", "Factors", "Metrics", "Evaluation data", "Training data",
        "Quantitative analyses", "Ethical considerations", "Caveats and recommendations",
    ]  # fmt: skip
    best = made.results.of("stance")[0]
    for label in best.labels:
        assert f"| {label.label} | {label.precision:.3f} | {label.recall:.3f} |" in body
    for model in made.results.of("stance"):
        assert f"| {model.model} |" in body
    assert "licence cc0-1.0" in body
    assert body.count(OPEN) >= 4
    assert "No article, near-duplicate or contrast pair stands on both sides" in body


def test_card_and_checklist_obey_no_markup_of_the_run(run: Any) -> None:
    folder, _, _ = run
    for name in (CARD_FILE, CHECKLIST_FILE):
        text = (folder / name).read_text(encoding="utf-8")
        assert "<script" not in text.replace("\\<script", "")
        assert "\u202e" not in text
    assert EVIL not in (folder / CARD_FILE).read_text(encoding="utf-8")


def test_checklist_has_32_items_and_ticks_what_the_run_answers(run: Any) -> None:
    folder, _, made = run
    modules = checklist(answers_of(made, []))
    assert [len(module.items) for module in modules] == [3, 5, 7, 3, 6, 3, 3, 2]
    text = (folder / CHECKLIST_FILE).read_text(encoding="utf-8")
    full, part, none = counts(modules)
    assert text.count("- [x]") == full
    assert text.count("- [ ]") == part + none
    assert text.count(OPEN[:-1]) == part + none
    for module in modules:
        assert all(item.found or item.open for item in module.items)


def test_checklist_counts_what_is_missing(run: Any) -> None:
    _, rows, made = run
    items = {i.code: i for module in checklist(answers_of(made, [])) for i in module.items}
    writers = sum(not row["actor"] for row in rows)
    assert f"{writers} have no holder" in items["3f"].found
    labels = Counter(row["stance"] for row in rows)
    assert all(f"{name} {labels[name]}" in items["3d"].found for name in STANCES)
    assert "0123abcd with uncommitted changes" in items["2b"].found
    assert items["1a"].found == ""
    leaking = checklist(answers_of(made, ["one row twice"]))
    assert "leaks: one row twice" in leaking[5].items[1].found


def test_without_rows_the_checklist_leaves_them_open(tmp_path: Path) -> None:
    make_run(tmp_path / "bare", seeds=1)
    write_jsonl(tmp_path / "bare-rows.jsonl", make_rows(4))
    made = read_run(tmp_path / "bare")
    items = {i.code: i for module in checklist(answers_of(made, [])) for i in module.items}
    assert items["3f"].open == OPEN
    assert "has changed since the run" in items["6b"].found
    assert checklist_text("bare", checklist(answers_of(made, []))).count("\n## ") == 8


def test_page_shows_checklist_settings_and_codebook(run: Any) -> None:
    folder, _, _ = run
    page = Page((folder / "report.html").read_text(encoding="utf-8"))
    assert page.count("section", id="checklist") == 1
    assert "method: column" in page.text
    assert "Speaks against." in page.text
    assert "Words are not shaded: " in page.text  # the stand-in model has no weights


def test_label_slices_are_recalls_of_the_rows_they_name(run: Any) -> None:
    folder, rows, _ = run
    by_id = {row["id"]: row for row in rows}
    trained = {row["actor"] for row in rows if row["split"] == "train"}
    inside = {
        ("quote", "direct"): lambda row: row["quote"] == "direct",
        ("phenomenon", "irony"): lambda row: "irony" in row["phenomenon"].split(),
        ("holder", "the writer"): lambda row: not row["actor"],
        ("holder in training", "unseen"): lambda row: row["actor"] and row["actor"] not in trained,
    }
    shares = {
        (r["column"], r["value"]): r
        for r in read_csv(folder / "tables" / "stance-slices-labels.csv")
    }
    counted = {
        (r["column"], r["value"]): r for r in read_csv(folder / "tables" / "stance-slices-rows.csv")
    }
    for key, test in inside.items():
        for name in STANCES:
            own = [row for row in held(folder, "sure")
                   if test(by_id[row["id"]]) and row["stance"] == name]  # fmt: skip
            assert int(counted[key][name]) == len(own) / 2
            if len(own) / 2 < LEAST_ROWS:
                assert key not in shares or shares[key][name] == ""
            else:
                right = np.mean([guess(row) == name for row in own])
                assert float(shares[key][name]) == pytest.approx(right)


def test_one_annotators_labels_are_no_slice(run: Any) -> None:
    folder, _, _ = run
    columns = {row["column"] for row in read_csv(folder / "tables" / "stance-slices.csv")}
    assert columns == {
        "quote", "holder", "kind of holder", "holder in training", "length", "phenomenon",
    }  # fmt: skip


def test_columns_that_only_share_a_name_stay() -> None:
    given = [Example(f"r{at}", "Text.", stance="for", extra={"stance_source": "ab"[at % 2]})
             for at in range(8)]  # fmt: skip
    assert "stance_source" in columns_of(given, {}, [f"d{at}" for at in range(8)])


@pytest.mark.parametrize(
    ("actor", "kind"),
    [("Ane Ruud", "has a name"), ("the Orsk ministry", "has a name"), ("Tamm", "has a name"),
     ("a spokesman", "described only"), ("The critics", "described only"), ("", "\0")],
)  # fmt: skip
def test_kind_of_holder_goes_by_capitals(actor: str, kind: str) -> None:
    others = [Example("a", "x", "Bo Ek"), Example("b", "x", "residents")]
    rows = [Example("r", "x", actor), *others]
    assert columns_of(rows, {}, ["1", "2", "3"])["kind of holder"][0] == kind


def test_ranking_is_that_of_scikit_learn(run: Any) -> None:
    folder, _, _ = run
    rows = held(folder, "sure")
    for found in read_csv(folder / "tables" / "stance-ranking.csv"):
        name = found["stance"]
        areas, precisions = [], []
        for seed in (0, 1):
            own = [row for row in rows if row["seed"] == seed]
            truth = [row["stance"] == name for row in own]
            score = [row[f"p_stance_{name}"] for row in own]
            areas.append(roc_auc_score(truth, score))
            precisions.append(average_precision_score(truth, score))
        assert float(found["AUROC"]) == pytest.approx(np.mean(areas))
        assert float(found["average precision"]) == pytest.approx(np.mean(precisions))


def test_coverage_table_is_the_share_wrong_of_the_surest(run: Any) -> None:
    folder, _, _ = run
    rows = sorted(held(folder, "sure"), key=lambda row: -row[f"p_stance_{guess(row)}"])
    for found in read_csv(folder / "tables" / "stance-risk-coverage.csv"):
        kept = rows[: round(float(found["rows labelled"]) * len(rows))]
        wrong = np.mean([guess(row) != row["stance"] for row in kept])
        assert float(found["share wrong"]) == pytest.approx(wrong)


def test_all_models_tables_say_what_the_results_say(run: Any) -> None:
    folder, _, made = run
    models = {model.model: model for model in made.results.of("stance")}
    for at, row in enumerate(read_csv(folder / "tables" / "stance-labels-models.csv")):
        for name, model in models.items():
            assert float(row[name]) == pytest.approx(model.labels[at].f1.estimate)
    for row in read_csv(folder / "tables" / "stance-confusions.csv"):
        counted = Counter(guess(one) for one in held(folder, row["model"])
                          if one["stance"] == row["true label"])  # fmt: skip
        assert {name: int(row[name]) for name in STANCES} == {n: counted[n] for n in STANCES}


def test_training_table_has_every_epoch_of_every_seed() -> None:
    (table,) = training_tables({"sure": [(0, HISTORY), (7, HISTORY)], "quiet": [(0, [])]})
    assert [list(row) for row in table.rows] == [
        [seed, epoch, 1 / epoch, 1.1 / epoch, epoch / 4] for seed in (0, 7) for epoch in (1.0, 2.0)
    ]


def test_codebook_table_leaves_empty_columns_out(run: Any) -> None:
    (table,) = codebook_tables(run[2].codebook)
    assert [column.title for column in table.columns] == ["stance", "relation", "definition"]
    assert table.rows[2] == ["neither", "untaken", ""]


@pytest.mark.parametrize(
    "text",
    [
        "no header",
        "---\nlicense: [\n---\n",
        "---\ntitle: x\n---\n",
        "---\nlicense: x\n",
        "---\n- a\n---\n",
    ],
)
def test_a_readme_that_is_no_data_card_is_passed_over(tmp_path: Path, text: str) -> None:
    make_run(tmp_path / "one", make_rows(6), seeds=1)
    (tmp_path / "README.md").write_text(text, encoding="utf-8")
    assert read_data_card(read_run(tmp_path / "one")) is None


def test_runs_of_older_versions_still_report(tmp_path: Path) -> None:
    folder = tmp_path / "old"
    make_run(folder, make_rows(6), seeds=1)
    for path in folder.glob("models/*/model.json"):
        path.unlink()
    facts = read_json(folder / "run.json")
    for key in ("git", "packages", "threads", "device"):
        facts.pop(key)
    write_json(folder / "run.json", facts)
    results = read_json(folder / "results.json")
    for model in results["models"]:
        for key in ("new_actors", "swaps", "repeats"):
            model.pop(key, None)
    write_json(folder / "results.json", results)
    page = Page(write_report(folder).read_text(encoding="utf-8"))
    assert "commit not recorded" in page.text
    assert (folder / CARD_FILE).exists()
