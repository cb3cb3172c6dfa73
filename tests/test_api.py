"""The public functions that read a finished run: the same record, and every answer in a frame."""

from __future__ import annotations

from pathlib import Path

import pytest
from sklearn.metrics import f1_score

import stance
from stance.config import parse_config
from stance.errors import InputError
from stance.runs.experiment import Run, run


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
