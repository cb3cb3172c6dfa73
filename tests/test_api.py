"""The public functions that read a finished run: the same record, and every answer in a frame."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sklearn.metrics import f1_score
from typer.testing import CliRunner

import stance
from stance.cli.main import app
from stance.config import parse_config
from stance.errors import InputError
from stance.report.report import write_report
from stance.runs.experiment import Run, run
from stance.schema import Article


def _trained(rows_file: Path, root: Path, **changes: object) -> Run:
    raw = {
        "name": "small",
        "data": {"path": str(rows_file)},
        "models": {"majority": {}, "tfidf-svm": {"kind": "ngrams", "learner": "svm"}},
        "bootstrap": {"resamples": 100},
        "behaviour": False,
        "threads": 1,
        **changes,
    }
    return run(parse_config(raw, source="test"), root=root)


def test_a_run_reads_back_as_it_was_returned(rows_file: Path, tmp_path: Path) -> None:
    done = _trained(rows_file, tmp_path / "runs")
    for found in (
        stance.load_run("small", runs=tmp_path / "runs"),
        stance.load_run(done.folder),
    ):
        assert found.config == done.config
        assert found.codebook == done.codebook
        assert found.results.to_json() == done.results.to_json()
        assert found.folder == done.folder


def test_answers_are_those_that_were_scored(rows_file: Path, tmp_path: Path) -> None:
    done = _trained(rows_file, tmp_path / "runs")
    frame = stance.answers(done)
    for task in ("stance", "sentiment"):
        frame = stance.answers(done, task)
        for result in done.results.of(task):
            own = frame[frame.model == result.model]
            assert len(own) == result.n_rows
            assert own.right.mean() == pytest.approx(result.scores["accuracy"])
            names = list(done.codebook.classes[task])
            expected = f1_score(
                own.gold, own.predicted, labels=names, average="macro", zero_division=0
            )
            assert result.scores["macro_f1"] == pytest.approx(expected)
            assert (own.probability >= own.gold_probability).all()
            assert ((own.gold == own.predicted) == own.right).all()


def test_answers_stand_beside_their_rows(rows_file: Path, tmp_path: Path) -> None:
    frame = stance.answers(_trained(rows_file, tmp_path / "runs"))
    assert all(row.text.startswith(row.actor) for row in frame.itertuples())
    assert set(frame.holder_in_training) == {"seen"}
    assert set(frame.quote) == {"indirect"}
    held_out = frame.groupby("model").id.nunique()
    assert held_out.nunique() == 1
    assert len(frame) == held_out.sum()


def test_answers_over_repeats_are_one_row_each(rows_file: Path, tmp_path: Path) -> None:
    split = {"method": "folds", "folds": 4, "repeats": 2}
    frame = stance.answers(_trained(rows_file, tmp_path / "runs", split=split))
    assert (frame.groupby(["model", "id"]).size() == 1).all()


def test_answers_refuse_rows_that_changed(rows_file: Path, tmp_path: Path) -> None:
    done = _trained(rows_file, tmp_path / "runs")
    rows_file.write_text(rows_file.read_text(encoding="utf-8").replace("pier", "quay"))
    with pytest.raises(InputError, match="has changed since the run; train the run again"):
        stance.answers(done)


def test_absent_and_unfinished_runs_are_refused(rows_file: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nothing: no such run; `stance run` makes one"):
        stance.load_run("nothing", runs=tmp_path)
    done = _trained(rows_file, tmp_path / "runs")
    (done.folder / "results.json").unlink()
    with pytest.raises(InputError, match=r"no results\.json; finish the run"):
        stance.load_run(done.folder)


# -- what can be labelled -----------------------------------------------------------------------

NEWS = "Ane Ruud condemned the toll. It rained."


@pytest.mark.parametrize(
    "given",
    [
        [NEWS, "Bilal Tamm denied it."],
        ("a", Article("mine", NEWS)),
        pd.Series([NEWS, "Bilal Tamm denied it."], index=["x", "y"]),
        pd.DataFrame({"body": [NEWS]})["body"],
        {"x": NEWS, "y": "Bilal Tamm denied it."},
        (text for text in (NEWS, "It rained.")),
        "",
        [],
    ],
)
def test_texts_in_any_holder_give_a_frame(given: Any) -> None:
    frame = stance.label(given)
    assert list(frame.columns)[:3] == ["article", "sentence", "start"]
    if isinstance(given, dict) or (isinstance(given, pd.Series) and "x" in given.index):
        assert list(dict.fromkeys(frame.article)) == ["x", "y"]


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (None, "None is no text"),
        (float("nan"), "nan is no text"),
        (b"bytes", "is no text"),
        ([NEWS, None], "text 1 is None"),
        (pd.Series([NEWS, float("nan")], index=["x", "y"]), "text 'y' is nan"),
        (pd.DataFrame({"body": [NEWS]}), r"frame\['body'\]"),
        ({"x": None}, "text 'x' is None"),
        (pd.Series([NEWS, NEWS], index=[0, 0]), r"first: '0'.*reset_index\(drop=True\)"),
        ([Article("a", NEWS), Article("a", "It rained.")], "first: 'a'"),
    ],
)
def test_what_is_no_text_is_refused_before_any_work(given: Any, named: str) -> None:
    with pytest.raises(InputError, match=named):
        stance.label(given)


@pytest.mark.parametrize("model", ["mine", Path("runs/mine")])
def test_a_name_is_no_model(model: Any, rows_file: Path) -> None:
    with pytest.raises(InputError, match=r"give stance\.load_model\('"):
        stance.label(NEWS, model)
    with pytest.raises(InputError, match=r"give stance\.load_model\('"):
        stance.evaluate(model, rows_file)


def test_aliases_reach_the_holders(tmp_path: Path) -> None:
    table = tmp_path / "aliases.yaml"
    table.write_text("- name: Mayor of Orsk\n  aliases: [Ane Ruud]\n")
    assert "Mayor of Orsk" in set(stance.label(NEWS, aliases=table).actor)


# -- rows that trained a model are not held out -------------------------------------------------


def test_rows_that_trained_a_model_are_left_out_and_counted(
    rows_file: Path, tmp_path: Path
) -> None:
    done = _trained(rows_file, tmp_path / "runs")
    model = stance.load_model("small", runs=tmp_path / "runs")
    assert model.name == "tfidf-svm"
    tested = stance.answers(done)
    held = len(tested[tested.model == "tfidf-svm"])
    with pytest.warns(UserWarning, match=r"of 64 rows trained this model, and \d+ more"):
        frame = stance.evaluate(model, rows_file)
    whole = frame[(frame.task == "stance") & (frame.label == "macro-F1")]
    assert int(whole.rows.iloc[0]) == held


def test_rows_are_known_again_however_they_are_written(rows_file: Path, tmp_path: Path) -> None:
    rows_file.write_text(rows_file.read_text("utf-8").replace("raid", "ráid"), "utf-8")
    _trained(rows_file, tmp_path / "runs")
    model = stance.load_model("small", runs=tmp_path / "runs")
    other = tmp_path / "other.jsonl"
    lines = [json.loads(line) for line in rows_file.read_text("utf-8").splitlines()]
    train = [row for row in lines if row["split"] != "test"]
    for row in train:
        decomposed = unicodedata.normalize("NFD", str(row["text"]).upper())
        row |= {"text": decomposed.replace(" ", "  "), "actor_span": None}
    other.write_text("".join(json.dumps(row) + "\n" for row in train), "utf-8")
    with pytest.raises(InputError, match=rf"all {len(train)} rows trained this model or chose it"):
        stance.evaluate(model, other)


def test_a_model_that_does_not_know_its_rows_says_so(rows_file: Path) -> None:
    with pytest.warns(UserWarning, match="does not know which rows it learned from"):
        stance.evaluate(stance.load_model(), rows_file)


def test_a_corpus_may_not_name_its_columns_as_the_answers_are(
    rows: list[dict[str, object]], tmp_path: Path
) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps({**row, "probability": 1}) + "\n" for row in rows))
    with pytest.raises(InputError, match=r"\(probability\); rename"):
        stance.answers(_trained(path, tmp_path / "runs"))


def test_rows_with_sentiment_alone_train_and_are_reported(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    lines = ["id,doc_id,text,sentiment,split"]
    for at in range(60):
        label = ["negative", "neutral", "positive"][at % 3]
        part = "train" if at < 40 else "validation" if at < 50 else "test"
        lines.append(f"{at},d{at},Ruud spoke of item {at} and {at * 7}.,{label},{part}")
    path.write_text("\n".join(lines) + "\n")
    done = _trained(path, tmp_path / "runs")
    assert {model.task for model in done.results.models} == {"sentiment"}
    assert write_report(done.folder).is_file()
    assert stance.load_model("small", runs=tmp_path / "runs").name in ("majority", "tfidf-svm")


def test_a_model_is_scored_on_labels_of_other_names(
    rows: list[dict[str, object]], rows_file: Path, tmp_path: Path
) -> None:
    """A table whose labels are numbers trains with a map, and is scored with the same."""
    model = stance.load_model(_trained(rows_file, tmp_path / "runs").folder)
    held = [row for row in rows if row["split"] == "test"]
    names = sorted({str(row["stance"]) for row in held})
    plain, coded = tmp_path / "plain.jsonl", tmp_path / "coded.jsonl"
    for path, label in ((plain, str), (coded, lambda name: str(names.index(name)))):
        path.write_text(
            "".join(json.dumps({**row, "stance": label(row["stance"])}) + "\n" for row in held)
        )
    codes = {str(at): name for at, name in enumerate(names)}
    with pytest.raises(InputError, match="is not a stance label"):
        stance.evaluate(model, coded)
    expected = stance.evaluate(model, plain)
    found = stance.evaluate(model, coded, labels={"stance": codes})
    assert found.equals(expected)
    maps = [part for code, name in codes.items() for part in ("-l", f"{code}={name}")]
    said = CliRunner().invoke(app, ["evaluate", str(model.folder), str(coded), "--json", *maps])
    assert said.exit_code == 0, said.output
    (result,) = (one for one in json.loads(said.stdout)["models"] if one["task"] == "stance")
    assert result["n_rows"] == len(held)
