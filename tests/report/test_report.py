"""A run's report against counts made another way; also makes the run that others open."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from stance.errors import InputError
from stance.evaluation.results import Predicted, Results, compare_best, score
from stance.files import sha256_file, write_json, write_jsonl
from stance.report.report import write_report
from stance.report.sections import section_of
from stance.runs.read import read_run
from stance.runs.roles import roles_of

STANCES = ("against", "for", "neither")
CODEBOOK = {
    "name": "three",
    "version": 1,
    "relations": ["taken", "untaken"],
    "stance": [
        {"name": "against", "definition": "Speaks against.", "relation": "taken",
         "color": "#c0392b"},
        {"name": "for", "definition": "Speaks for.", "relation": "taken", "color": "#27ae60"},
        {"name": "neither", "relation": "untaken", "default": True},
    ],
}  # fmt: skip
EVIL = '</style><script>document.title="owned"</script><img src="http://probe.invalid/x.png">\u202e'
HISTORY = [
    record
    for epoch in (1.0, 2.0)
    for record in (
        {"step": 10 * epoch, "epoch": epoch, "loss": 1 / epoch},
        {"step": 10 * epoch, "epoch": epoch, "eval_loss": 1.1 / epoch, "eval_macro_f1": epoch / 4},
    )
]
_SURE = {"sure": 2.2, "text-only": 1.0, "names": 0.0, "majority": 0.0}


def make_rows(articles: int = 30, a_row: int = 10, seed: int = 5) -> list[dict[str, Any]]:
    """Return invented rows: two thirds of the articles for training, one third for testing."""
    rng = np.random.default_rng(seed)
    rows = []
    for article in range(articles):
        part = "test" if article % 3 == 0 else "train"
        for number in range(a_row):
            actor = "" if number == 0 else f"Speaker {rng.integers(12) + 6 * (part == 'test')}"
            words = " ".join(f"word{value}" for value in rng.integers(0, 900, number * 4 + 3))
            rows.append(
                {
                    "id": f"r{article}-{number}", "doc_id": f"d{article}",
                    "text": f"{actor or 'Nobody'} {words}. {EVIL if number == 1 else ''}",
                    "actor": EVIL if number == 1 else actor,
                    "target": "the canal", "stance": STANCES[rng.integers(3)],
                    "quote": ("none", "direct")[number % 2], "split": part,
                    "phenomenon": ("", "irony", "irony negated")[number % 3],
                }
            )  # fmt: skip
    return rows


def make_run(
    folder: Path, rows: list[dict[str, Any]] | None = None, *, seeds: int = 2, swap: bool = False,
    names: float = 0.0,
) -> list[dict[str, Any]]:  # fmt: skip
    """Write a run folder of random predictions that lean to the truth; return its rows."""
    rows = make_rows() if rows is None else rows
    folder.mkdir(parents=True)
    data = folder.parent / f"{folder.name}-rows.jsonl"
    write_jsonl(data, rows)
    tested = [row for row in rows if row["split"] == "test"]
    truth = np.array([STANCES.index(row["stance"]) for row in tested])
    groups = [row["doc_id"] for row in tested]
    lean: Mapping[str, float] = {**_SURE, "names": names}
    predicted, tables = [], []
    for model, strength in lean.items():
        proba = []
        for seed in range(seeds):
            rng = np.random.default_rng([seed, len(model)])
            logits = rng.normal(size=(len(tested), 3))
            wanted = np.array([1, 0, 2])[truth] if swap else truth
            logits[np.arange(len(tested)), wanted] += strength
            if model == "majority":
                logits = np.tile([0.0, 0.0, 1.0], (len(tested), 1))
            values = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
            proba.append(values)
            order = rng.permutation(len(tested))  # seeds need not come in one order
            columns: dict[str, Any] = {
                "id": [tested[at]["id"] for at in order],
                "doc_id": [groups[at] for at in order],
                "model": [model] * len(tested),
                "seed": [seed] * len(tested),
                "fold": [0] * len(tested),
                "stance": [tested[at]["stance"] for at in order],
            }
            columns |= {f"p_stance_{name}": values[order, at] for at, name in enumerate(STANCES)}
            tables.append(pa.table(columns))
        predicted.append(
            Predicted(model, model, truth, np.stack(proba), groups, range(seeds), 1.5, 100.0)
        )
    pq.write_table(pa.concat_tables(tables), folder / "predictions.parquet")
    results = Results(
        [score("stance", item, STANCES, relations=(0, 0, 1), resamples=200) for item in predicted],
        compare_best("stance", predicted, 3, resamples=200),
    )
    write_json(folder / "results.json", results.to_json())
    config = {
        "name": folder.name,
        "description": f"Random {EVIL}",
        "data": {"path": str(data), "split": None, "columns": {}, "labels": {}},
        "split": {"method": "column", "group": "doc_id"},
        "models": {
            "sure": {"kind": "transformer"},
            "text-only": {"kind": "ngrams", "view": "text"},
            "names": {"kind": "ngrams", "view": "actor"},
            "majority": {"kind": "majority"},
        },
        "bootstrap": {"resamples": 200, "level": 0.95},
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    (folder / "codebook.yaml").write_text(yaml.safe_dump(CODEBOOK), encoding="utf-8")
    facts = {
        "started": "2031-02-03T04:05:06+00:00",
        "argv": ["stance", "run", "configs/three.yaml", "name=a b"],
        "config": config, "seeds": list(range(seeds)), "threads": 1, "device": "cpu",
        "packages": {"numpy": "2", "absent": ""},
        "git": {"commit": "0123abcd", "dirty": True}, "sha256": {"data": sha256_file(data)},
    }  # fmt: skip
    write_json(folder / "run.json", facts)
    for seed in range(seeds):
        state = {"seed": seed, "history": HISTORY}
        stored = {"name": "sure", "kind": "transformer", "state": state}
        (folder / "models" / f"sure-s{seed}").mkdir(parents=True)
        write_json(folder / "models" / f"sure-s{seed}" / "model.json", stored)
    return rows


class Page(HTMLParser):
    """A page's tags, attributes and text, as a browser's parser would find them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {key: value or "" for key, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.text += data

    def count(self, tag: str, **attributes: str) -> int:
        return sum(name == tag and attributes.items() <= found.items() for name, found in self.tags)

    def addresses(self) -> list[str]:
        keys = ("src", "href", "xlink:href", "action", "data", "poster", "srcset")
        found = [attrs[key] for _, attrs in self.tags for key in keys if key in attrs]
        styles = " ".join(attrs.get("style", "") for _, attrs in self.tags) + self.text
        return found + re.findall(r"url\(['\"]?([^)'\"]*)", styles)


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, Any]], Page]:
    folder = tmp_path_factory.mktemp("runs") / "random"
    rows = make_run(folder)
    page = write_report(folder)
    assert page == folder / "report.html"
    return folder, rows, Page(page.read_text(encoding="utf-8"))


def held(folder: Path, model: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(folder / "predictions.parquet").to_pylist()
    return [row for row in rows if row["model"] == model]


def guess(row: Mapping[str, Any]) -> str:
    return max(STANCES, key=lambda name: row[f"p_stance_{name}"])


def test_every_table_and_figure_is_written_in_every_format(run: Any) -> None:
    folder, _, _ = run
    tables = {path.stem for path in (folder / "tables").iterdir()}
    assert tables == {
        "provenance", "data-parts", "stance-data", "stance-comparison", "stance-scores",
        "stance-relations", "stance-labels", "stance-confusion", "stance-confusion-shares",
        "stance-slices", "stance-errors", "stance-slices-labels", "stance-slices-rows",
        "stance-labels-models", "stance-confusions", "stance-ranking", "stance-reliability",
        "stance-risk-coverage", "stance-codebook", "training-sure",
    }  # fmt: skip
    figures = {path.stem for path in (folder / "figures").iterdir()}
    assert figures == {
        "stance-comparison", "stance-labels", "stance-confusion", "stance-slices",
        "stance-reliability", "stance-risk-coverage", "training-sure",
    }  # fmt: skip
    for name in tables:
        assert all((folder / "tables" / f"{name}.{end}").stat().st_size for end in ("md", "tex"))
        assert read_csv(folder / "tables" / f"{name}.csv")
    for name in figures:
        assert (folder / "figures" / f"{name}.svg").read_text().startswith("<?xml")
        assert (folder / "figures" / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_comparison_table_says_what_the_results_say(run: Any) -> None:
    folder, _, _ = run
    results = json.loads((folder / "results.json").read_text())
    stored = {model["model"]: model for model in results["models"]}
    p_values = {item["second"]: item["p_holm"] for item in results["comparisons"]}
    table = read_csv(folder / "tables" / "stance-comparison.csv")
    assert table[0]["model"] == "sure"
    for row in table:
        interval = stored[row["model"]]["intervals"]["macro_f1"]
        for end, key in (("", "estimate"), (" low", "low"), (" high", "high")):
            assert float(row[f"macro-F1{end}"]) == pytest.approx(interval[key])
        if row["model"] in p_values:
            assert float(row["p (Holm)"]) == pytest.approx(p_values[row["model"]])


def test_confusion_counts_are_those_of_the_predictions(run: Any) -> None:
    folder, _, _ = run
    counted = Counter((row["stance"], guess(row)) for row in held(folder, "sure"))
    for row in read_csv(folder / "tables" / "stance-confusion.csv"):
        for name in STANCES:
            assert int(row[name]) == counted[row["true label"], name]


def test_data_tables_count_the_rows(run: Any) -> None:
    folder, rows, _ = run
    for row in read_csv(folder / "tables" / "data-parts.csv"):
        part = [item for item in rows if item["split"] == row["part"]]
        assert int(row["rows"]) == len(part)
        assert int(row["articles"]) == len({item["doc_id"] for item in part})
        assert int(row["holders"]) == len({item["actor"] for item in part if item["actor"]})
    for row in read_csv(folder / "tables" / "stance-data.csv"):
        for part in ("train", "test"):
            wanted = [r for r in rows if r["split"] == part and r["stance"] == row["stance"]]
            assert int(row[part]) == len(wanted)


def test_slices_are_accuracies_of_the_rows_they_name(run: Any) -> None:
    folder, rows, _ = run
    by_id = {row["id"]: row for row in rows}
    trained = {row["actor"] for row in rows if row["split"] == "train"}
    belongs = {
        ("quote", "direct"): lambda row: row["quote"] == "direct",
        ("holder", "the writer"): lambda row: not row["actor"],
        ("holder in training", "unseen"): lambda row: row["actor"] and row["actor"] not in trained,
        ("holder in training", "seen"): lambda row: row["actor"] in trained - {""},
        ("phenomenon", "irony"): lambda row: "irony" in row["phenomenon"].split(),
        ("length", "over 30 words"): lambda row: len(row["text"].split()) > 30,
    }
    table = {(row["column"], row["value"]): row
             for row in read_csv(folder / "tables" / "stance-slices.csv")}  # fmt: skip
    for key, test in belongs.items():
        inside = [row for row in held(folder, "sure") if test(by_id[row["id"]])]
        if not inside:
            assert key not in table
            continue
        right = np.mean([guess(row) == row["stance"] for row in inside])
        assert int(table[key]["rows"]) == len(inside) / 2  # two seeds
        assert float(table[key]["accuracy"]) == pytest.approx(right)


def test_errors_are_the_surest_wrong_rows(run: Any) -> None:
    folder, rows, page = run
    mean: dict[str, np.ndarray] = {}
    gold = {}
    for row in held(folder, "sure"):
        values = np.array([row[f"p_stance_{name}"] for name in STANCES])
        mean[row["id"]] = mean.get(row["id"], 0) + values / 2
        gold[row["id"]] = row["stance"]
    wrong = [(-p.max(), name) for name, p in mean.items() if STANCES[p.argmax()] != gold[name]]
    table = read_csv(folder / "tables" / "stance-errors.csv")
    assert [row["row"] for row in table] == [name for _, name in sorted(wrong)[:20]]
    text = {row["id"]: row["text"] for row in rows}
    for row in table:
        assert row["sentence"] == text[row["row"]]
        assert row["gold"] == gold[row["row"]]
        assert f"row {row['row']})" in page.text


def test_page_is_closed_and_every_figure_is_described(run: Any) -> None:
    _, _, page = run
    policy = next(attrs for _, attrs in page.tags if "http-equiv" in attrs)
    assert policy["content"].startswith(
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    )
    assert page.count("script") == 0
    assert page.count("img") == 0
    assert all(address.startswith("#") for address in page.addresses())
    drawn = [attrs for tag, attrs in page.tags if tag == "svg"]
    assert len(drawn) == 7
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    for attrs in drawn:
        assert attrs["role"] == "img"
        assert all(name in ids for name in attrs["aria-labelledby"].split())
    linked = {address[1:] for address in page.addresses() if address.startswith("#")}
    assert linked <= set(ids)
    assert page.count("table") == page.count("caption") > 8
    assert "U+202E" in page.text
    assert "\u202e" not in page.text


def test_provenance_says_how_to_repeat_the_run(run: Any) -> None:
    _, _, page = run
    assert "stance run configs/three.yaml 'name=a b'" in page.text
    assert "0123abcd with uncommitted changes" in page.text


def test_same_run_same_bytes(run: Any) -> None:
    folder, _, _ = run
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    write_report(folder)
    assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()} == before


def test_changed_rows_are_not_used(tmp_path: Path) -> None:
    rows = make_run(tmp_path / "changed")
    write_report(tmp_path / "changed")
    write_jsonl(tmp_path / "changed-rows.jsonl", rows[:-1])
    page = Page(write_report(tmp_path / "changed").read_text(encoding="utf-8"))
    assert "has changed since the run" in page.text
    assert "No slices" in page.text
    assert not (tmp_path / "changed" / "tables" / "stance-slices.md").exists()
    assert "word" not in (tmp_path / "changed" / "tables" / "stance-errors.csv").read_text()


def test_planted_faults_are_named(tmp_path: Path) -> None:
    rows = make_rows()
    rows.append({**rows[1], "id": "twin", "doc_id": "elsewhere", "split": "train"})
    make_run(tmp_path / "faults", rows, seeds=1, swap=True)
    text = Page(write_report(tmp_path / "faults").read_text(encoding="utf-8")).text
    assert "The split leaks" in text
    assert "'twin' (train)" in text
    assert "against and for trade places" in text


@pytest.mark.parametrize(
    ("names", "said"),
    [(1.2, "enough to give labels away"), (4.0, "The best model, names, is a check")],
)
def test_planted_name_artefact_is_named(tmp_path: Path, names: float, said: str) -> None:
    make_run(tmp_path / "names", seeds=1, names=names)
    found = section_of(read_run(tmp_path / "names"), "stance").findings
    assert any(said in one.text and one.warning for one in found)


def test_what_is_made_of_others_sees_what_they_see() -> None:
    models: dict[str, dict[str, Any]] = {
        "names": {"kind": "ngrams", "view": "actor"},
        "text": {"kind": "transformer", "style": {"view": "text"}},
        "full": {"kind": "transformer", "style": {"view": "full"}},
        "ordered": {"kind": "chain", "of": "text"},
        "alike": {"kind": "blend", "of": ["text"]},
        "both": {"kind": "blend", "of": ["names", "text"]},
    }
    roles = roles_of({"models": models})
    assert [roles[name].contender for name in models] == [False, False, True, False, False, True]
    assert roles["alike"] == roles["text"]
    assert roles["ordered"].sees == "the text, not whose stance, and the rows beside it"


def test_clean_run_is_not_accused(run: Any) -> None:
    _, _, page = run
    assert "leaks:" not in page.text
    assert "trade places" not in page.text
    assert "give labels away" not in page.text


def test_a_single_article_has_too_few_for_an_interval(tmp_path: Path) -> None:
    rows = [{**row, "doc_id": "only"} if row["split"] == "test" else row for row in make_rows(6)]
    make_run(tmp_path / "few", rows, seeds=1)
    page = Page(write_report(tmp_path / "few").read_text(encoding="utf-8"))
    assert "[too few]" in page.text
    assert "nan" not in page.text.lower().replace("finance", "")


def test_unfinished_run_is_refused(tmp_path: Path) -> None:
    make_run(tmp_path / "half", make_rows(6), seeds=1)
    (tmp_path / "half" / "results.json").unlink()
    with pytest.raises(InputError, match=r"no results.json.*--resume"):
        write_report(tmp_path / "half")
