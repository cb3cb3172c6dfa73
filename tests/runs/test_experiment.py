"""A whole run with a tiny encoder: what it writes, twice the same, resumed, refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from conftest import tiny_config
from stance.codebook import load_codebook
from stance.corpus.audit import untrained_labels
from stance.corpus.splits import by_column
from stance.errors import InputError, IntegrityError
from stance.evaluation.results import Results
from stance.files import bundled, read_yaml, sha256_file
from stance.models.store import Learned, load_model, read_learned
from stance.runs import folder as provenance
from stance.runs.experiment import load_rows, run
from stance.schema import Example

pytestmark = pytest.mark.usefixtures("one_thread")


def test_run_folder_is_complete(
    rows_file: Path, tiny_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_planted_secret")
    done = run(
        tiny_config(rows_file, tiny_encoder),
        root=tmp_path / "runs",
        argv=["stance", "run", "tiny.yaml"],
    )
    names = {item.name for item in done.folder.iterdir()}
    assert {
        "run.json",
        "config.yaml",
        "codebook.yaml",
        "models",
        "predictions.parquet",
        "results.json",
    } <= names
    facts = json.loads((done.folder / "run.json").read_text())
    assert facts["argv"] == ["stance", "run", "tiny.yaml"]
    assert facts["seeds"] == [1]
    assert facts["threads"] == 1
    assert facts["device"]
    assert facts["packages"]["torch"]
    assert set(facts["git"]) == {"commit", "dirty"}
    assert facts["sha256"]["data"] == sha256_file(rows_file)
    assert "transformer/tokenizer.json" in facts["sha256"]
    everything = "".join(
        path.read_bytes().decode("latin-1") for path in done.folder.rglob("*") if path.is_file()
    )
    assert "hf_planted_secret" not in everything
    table = pq.read_table(done.folder / "predictions.parquet").to_pandas()
    assert set(table.model) == {"majority", "tfidf-svm", "transformer"}
    columns = [name for name in table if name.startswith("p_stance_")]
    assert len(columns) == 9
    np.testing.assert_allclose(table[columns].sum(axis=1), 1, atol=1e-6)
    again = Results.from_json(json.loads((done.folder / "results.json").read_text()))
    assert again.to_json() == json.loads(json.dumps(done.results.to_json()))
    assert {result.model for result in again.of("stance")} == {
        "majority",
        "tfidf-svm",
        "transformer",
    }
    stored = load_model(done.folder / "models" / "transformer-s1")
    assert stored.calibration.temperature.keys() <= {"stance", "sentiment"}


def test_same_seed_same_predictions_file(
    rows_file: Path, tiny_encoder: Path, tmp_path: Path
) -> None:
    config = tiny_config(rows_file, tiny_encoder)
    first = run(config, root=tmp_path / "a").folder
    second = run(config, root=tmp_path / "b").folder
    for name in ("predictions.parquet", "results.json"):
        if name == "results.json":
            continue
        assert sha256_file(first / name) == sha256_file(second / name)


def test_finished_parts_are_kept_and_changes_refused(
    rows_file: Path, tiny_encoder: Path, tmp_path: Path
) -> None:
    config = tiny_config(rows_file, tiny_encoder, models={"majority": {}, "lexicon": {}})
    root = tmp_path / "runs"
    done = run(config, root=root)
    before = sha256_file(done.folder / "predictions.parquet")
    with pytest.raises(InputError, match="already holds a run; --resume continues it"):
        run(config, root=root)
    (done.folder / "parts" / "lexicon-s1-f0.npz").unlink()
    run(config, root=root, resume=True)
    assert sha256_file(done.folder / "predictions.parquet") == before
    with pytest.raises(IntegrityError, match=r"config\.bootstrap\.resamples: 100 then, 200 now"):
        run(
            tiny_config(
                rows_file, tiny_encoder, models={"majority": {}, "lexicon": {}},
                bootstrap={"resamples": 200},
            ),
            root=root,
            resume=True,
        )  # fmt: skip
    rows_file.write_text(rows_file.read_text().replace("pier 1.", "pier one."))
    with pytest.raises(IntegrityError, match=r"sha256\.data"):
        run(config, root=root, resume=True)


def test_folds_pool_every_row(rows_file: Path, tiny_encoder: Path, tmp_path: Path) -> None:
    config = tiny_config(
        rows_file, tiny_encoder, models={"majority": {}, "tfidf-svm": {"kind": "ngrams"}},
        split={"method": "folds", "folds": 3},
    )  # fmt: skip
    done = run(config, root=tmp_path / "runs")
    assert {result.n_rows for result in done.results.models} == {64}


def test_thresholds_are_kept_for_the_precisions_asked_for(
    rows_file: Path, tiny_encoder: Path, tmp_path: Path
) -> None:
    models = {"majority": {}}
    config = tiny_config(rows_file, tiny_encoder, models=models, precisions=[0.6, 0.75])
    stored = load_model(run(config, root=tmp_path / "runs").folder / "models" / "majority-s1")
    assert set(stored.thresholds) == {"stance", "sentiment"}
    for found in stored.thresholds.values():
        assert [item.precision for item in found] == [0.6, 0.75]


def test_leaking_split_is_refused(rows_file: Path, tiny_encoder: Path, tmp_path: Path) -> None:
    rows = [json.loads(line) for line in rows_file.read_text().splitlines()]
    leaked = {**rows[0], "id": "leak", "split": "test" if rows[0]["split"] == "train" else "train"}
    rows_file.write_text("".join(json.dumps(row) + "\n" for row in [*rows, leaked]))
    with pytest.raises(InputError, match="'leak'"):
        run(tiny_config(rows_file, tiny_encoder), root=tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_second_process_is_refused_at_once(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from stance.runs.folder import open_run\n"
        "with open_run(Path(sys.argv[1]), 'busy', resume=True):\n"
        "    print('in', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "in\n"
        from stance.runs.folder import open_run

        with (
            pytest.raises(InputError, match="another process"),
            open_run(tmp_path, "busy", resume=True),
        ):
            pass
    finally:
        os.kill(holder.pid, 9)
        holder.wait()
    with open_run(tmp_path, "busy", resume=True) as folder:
        assert folder.name == "busy"


def test_labels_that_are_tested_and_not_trained_are_said() -> None:
    rows = [
        Example("1", "Ruud left.", stance="neutral", split="train"),
        Example("2", "Ruud denied it.", stance="denying", split="test"),
        Example("3", "Ruud came.", stance="neutral", split="test"),
    ]
    (line,) = untrained_labels(rows, [by_column(rows)], load_codebook())
    assert line == "stance 'denying' is tested and has no training row"
    held = [replace(row, split="validation") if row.id == "2" else row for row in rows]
    (line,) = untrained_labels(held, [by_column(held)], load_codebook())
    assert line == "stance 'denying' is in the rows and has no training row"


def test_rows_that_teach_nothing_begin_no_run(tmp_path: Path, tiny_encoder: Path) -> None:
    path = tmp_path / "rows.csv"
    lines = [f"{at},Ruud spoke of pier {at}.,,{part}"
             for at, part in enumerate(["train"] * 6 + ["test"] * 3)]  # fmt: skip
    path.write_text("\n".join(["id,text,stance,split", *lines]) + "\n")
    for models in ({"majority": {}}, {"transformer": {"backbone": str(tiny_encoder)}}):
        with pytest.raises(InputError, match=r"rows.csv: no training row has a label of stance"):
            run(tiny_config(path, tiny_encoder, models=models), root=tmp_path / "runs")
        assert not (tmp_path / "runs" / "tiny").exists()


def test_the_codebook_is_read_once_however_it_is_edited_meanwhile(
    rows_file: Path, tiny_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = tmp_path / "book.yaml"
    book.write_text(bundled("configs/codebook.yaml").read_text("utf-8"), "utf-8")
    before, digest = read_yaml(book), sha256_file(book)

    def edited(*arguments: Any, **options: Any) -> Any:
        book.write_text("name: [half an edit", "utf-8")
        return load_rows(*arguments, **options)

    monkeypatch.setattr("stance.runs.experiment.load_rows", edited)
    models = {"majority": {}}
    config = tiny_config(rows_file, tiny_encoder, codebook=str(book), models=models)
    done = run(config, root=tmp_path / "runs")
    assert read_yaml(done.folder / "codebook.yaml") == before
    assert json.loads((done.folder / "run.json").read_text())["sha256"]["codebook"] == digest
    assert load_model(done.folder / "models" / "majority-s1").codebook == before


def test_models_know_the_rows_of_what_they_are_made_of(
    rows_file: Path, tiny_encoder: Path, tmp_path: Path
) -> None:
    options = {"epochs": 1, "batch_size": 8, "lr": 1e-3, "frozen_layers": 0}
    entry = {"backbone": str(tiny_encoder), "options": options}
    first = run(
        tiny_config(rows_file, tiny_encoder, models={"transformer": entry}, behaviour=False),
        root=tmp_path / "a",
    )
    started = first.folder / "models" / "transformer-s1"
    others = [json.loads(line) for line in rows_file.read_text("utf-8").splitlines()]
    for row in others:
        row |= {"text": f"{row['text']} Again.", "actor_span": None}
    rows_file.write_text("".join(json.dumps(row) + "\n" for row in others), "utf-8")
    models = {
        "transformer": {**entry, "backbone": str(started)},
        "tfidf": {"kind": "ngrams"},
        "both": {"kind": "blend", "of": ["transformer", "tfidf"]},
        "read": {"kind": "chain", "of": "transformer"},
    }
    done = run(
        tiny_config(rows_file, tiny_encoder, models=models, behaviour=False), root=tmp_path / "b"
    )
    before = read_learned(started)

    def part(split: str) -> list[Example]:
        kept = [row for row in others if row["split"] == split]
        return [Example("", str(row["text"]), str(row["actor"])) for row in kept]

    own = Learned.of(part("train"), part("validation"))
    assert before is not None
    assert before.trained
    assert before.chosen
    assert len(own | before) == len(own) + len(before)
    for name, known in (
        ("tfidf", own), ("transformer", own | before), ("both", own | before),
        ("read", own | before),
    ):  # fmt: skip
        assert read_learned(done.folder / "models" / f"{name}-s1") == known, name


def test_no_commit_is_named_for_a_package_in_somebody_elses_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def git(*arguments: str) -> None:
        who = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
        subprocess.run(["git", *who, *arguments], cwd=tmp_path, check=True, capture_output=True)

    inside = tmp_path / "env" / "site-packages" / "stance" / "runs" / "folder.py"
    inside.parent.mkdir(parents=True)
    inside.write_text("")
    (tmp_path / "theirs.txt").write_text("theirs")
    git("init", "-q")
    git("add", "theirs.txt")
    git("commit", "-q", "-m", "theirs")
    monkeypatch.setattr("stance.runs.folder.__file__", str(inside))
    assert provenance._git() == {"commit": None, "dirty": None}
    git("add", "-A")
    git("commit", "-q", "-m", "an environment, committed")
    assert provenance._git() == {"commit": None, "dirty": None}
    ours = tmp_path / "src" / "stance" / "runs" / "folder.py"
    ours.parent.mkdir(parents=True)
    ours.write_text("")
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "stance-news"\n')
    git("add", "-A")
    git("commit", "-q", "-m", "our own")
    monkeypatch.setattr("stance.runs.folder.__file__", str(ours))
    found = provenance._git()
    assert len(str(found["commit"])) == 40
    assert found["dirty"] is False
