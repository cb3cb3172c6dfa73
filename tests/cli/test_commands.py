"""The command as people run it: a process of its own, exit codes, one line per error."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from conftest import tiny_config

ROOT = Path(__file__).resolve().parents[2]
STANCE = [str(Path(sys.executable).with_name("stance"))]


def stance(
    *arguments: str, cwd: Path, stdin: str = "", **env: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*STANCE, *arguments],
        cwd=cwd,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "COLUMNS": "100", **env},
    )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, tiny_encoder: Path) -> Path:
    """A folder with rows, a configuration and a finished run of it."""
    from conftest import make_rows

    folder = tmp_path_factory.mktemp("place")
    rows = folder / "rows.jsonl"
    rows.write_text("".join(json.dumps(row) + "\n" for row in make_rows()))
    raw = tiny_config(rows, tiny_encoder).model_dump(mode="json")
    (folder / "tiny.yaml").write_text(yaml.safe_dump(raw))
    done = stance("run", "tiny.yaml", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "transformer" in done.stdout
    assert "macro-F1" in done.stdout
    assert (folder / "runs" / "tiny" / "report.html").stat().st_size > 1000
    return folder


def test_help_names_every_command(tmp_path: Path) -> None:
    done = stance("--help", cwd=tmp_path)
    assert done.returncode == 0
    for command in ("run", "train", "evaluate", "label", "report", "data", "--install-completion"):
        assert command in done.stdout


def test_resume_and_refusal(place: Path) -> None:
    refused = stance("run", "tiny.yaml", cwd=place)
    assert refused.returncode == 2
    assert refused.stderr.count("\n") == refused.stderr.strip().count("\n") + 1
    assert "--resume continues it" in refused.stderr
    changed = stance("run", "tiny.yaml", "seeds=[2]", "--resume", cwd=place)
    assert changed.returncode == 3
    assert "config.seeds" in changed.stderr
    again = stance("run", "tiny.yaml", "--resume", "--json", cwd=place)
    assert again.returncode == 0
    assert {item["model"] for item in json.loads(again.stdout)["models"]} >= {"majority"}


def test_train_makes_a_run_of_one_model(place: Path) -> None:
    done = stance("train", "tiny.yaml", "--model", "tfidf-svm", cwd=place)
    assert done.returncode == 0, done.stderr
    models = place / "runs" / "tiny-tfidf-svm" / "models"
    assert [item.name for item in models.iterdir()] == ["tfidf-svm-s1"]


def test_evaluate_scores_a_saved_model(place: Path) -> None:
    done = stance("evaluate", "tiny", "rows.jsonl", "--json", cwd=place)
    assert done.returncode == 0, done.stderr
    found = {item["task"]: item for item in json.loads(done.stdout)["models"]}
    assert found["stance"]["n_rows"] == 12  # of 64; the others trained or chose it
    model, known = done.stderr.splitlines()
    assert model.startswith("model: runs/tiny/models/")
    assert "(best of 3 on validation rows, macro-F1 0." in model
    trained, chose = (int(number) for number in re.findall(r"(\d+) (?:of 64|more)", known))
    assert trained + chose == 52
    assert trained > chose > 0
    labelled = stance("label", "-", "--model", "tiny", "--json", cwd=place, stdin="It rained.\n")
    assert labelled.stderr.splitlines() == [model]
    shipped = stance("evaluate", str(ROOT / "data" / "model"), "rows.jsonl", cwd=place)
    assert "does not know which rows it learned from" in shipped.stderr
    assert stance("evaluate", "tiny", "rows.jsonl", cwd=place).stdout.count("condemning") == 1


def test_report_is_built_again(place: Path) -> None:
    page = place / "runs" / "tiny" / "report.html"
    before = page.read_bytes()
    page.unlink()
    done = stance("report", "tiny", cwd=place)
    assert done.returncode == 0, done.stderr
    assert page.read_bytes() == before


TEXT = 'ORSK, May 2 — Ane Ruud called the raid "a disgrace".\n\nThe port is open.\n'


@pytest.mark.parametrize("form", ["jsonl", "csv", "html", "table"])
def test_label_from_standard_input(place: Path, form: str) -> None:
    done = stance("label", "-", "--format", form, cwd=place, stdin=TEXT)
    assert done.returncode == 0, done.stderr
    if form == "jsonl":
        rows = [json.loads(line) for line in done.stdout.splitlines()]
    elif form == "csv":
        rows = list(csv.DictReader(io.StringIO(done.stdout)))
    else:
        assert "a disgrace" in done.stdout.replace("\n", " ")
        return
    assert list(rows[0])[:15] == [
        "article", "sentence", "start", "end", "text", "actor", "speaker", "cue", "quote", "target",
        "stance", "stance_probability", "sentiment", "sentiment_probability", "status",
    ]  # fmt: skip
    for row in rows:
        assert TEXT[int(row["start"]) : int(row["end"])] == row["text"]
    assert [row["actor"] for row in rows if row["status"] == "ok"] == ["Ane Ruud", ""]


def test_label_needs_no_run_of_ones_own(place: Path) -> None:
    done = stance("label", "-", "--runs", "empty", "--json", cwd=place, stdin=TEXT)
    assert done.returncode == 0, done.stderr
    assert "model" in done.stderr.splitlines()[-1]
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    told = next(row for row in rows if row["status"] == "ok")
    assert (told["actor"], told["stance"]) == ("Ane Ruud", "condemning")


def test_label_parquet_and_sentences(place: Path) -> None:
    table = place / "sentences.csv"
    table.write_text("text,actor\nAne Ruud condemned it.,Ane Ruud\n,NA\n")
    done = stance(
        "label", "sentences.csv", "--sentences", "-f", "parquet", "-o", "out.parquet", cwd=place
    )
    assert done.returncode == 0, done.stderr
    import pyarrow.parquet as pq

    rows = pq.read_table(place / "out.parquet").to_pylist()
    assert [(row["actor"], row["status"]) for row in rows] == [("Ane Ruud", "ok"), ("NA", "empty")]


def test_formulas_are_neutralised_in_csv(place: Path) -> None:
    done = stance("label", "-", "-f", "csv", cwd=place, stdin="=HYPERLINK is what Ane Ruud said.\n")
    assert done.returncode == 0
    assert next(csv.DictReader(io.StringIO(done.stdout)))["text"].startswith("'=")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("run", "nowhere.yaml"), "nowhere.yaml: no such file"),
        (("run", "tiny.yaml", "nme=x"), "did you mean 'name'"),
        (("run", "tiny.yaml", "name=../out"), "name"),
        (("run", "tiny.yaml", "name=b", "models.transformer.backbone=nobody/absent"), "--download"),
        (("train", "tiny.yaml", "-m", "transfomer"), "did you mean 'transformer'"),
        (("label", "nowhere.txt"), "nowhere.txt"),
        (("label", "rows.jsonl", "--model", "nowhere"), "no such model or run"),
        (("label", "rows.jsonl", "--format", "parquet"), "--output"),
        (("evaluate", "tiny", "tiny.yaml"), "unknown kind of table"),
        (("report", "nowhere"), "no such run"),
        (("data", "validate", "bad.csv"), "1 rows are wrong"),
    ],
)
def test_refusals_are_one_line(place: Path, arguments: tuple[str, ...], named: str) -> None:
    (place / "bad.csv").write_text("text,stance\nA.,condeming\n")
    done = stance(*arguments, cwd=place)
    assert done.returncode == 2, done.stderr
    assert named in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "Traceback" not in done.stderr


def test_bare_encoder_is_refused(place: Path, tiny_encoder: Path) -> None:
    done = stance("label", "rows.jsonl", "--model", str(tiny_encoder), cwd=place)
    assert done.returncode == 2
    assert "a bare encoder" in done.stderr


def test_data_commands(place: Path) -> None:
    done = stance("data", "describe", "rows.jsonl", "--json", cwd=place)
    assert json.loads(done.stdout)["counts"]["rows"] == 64
    done = stance("data", "validate", "rows.jsonl", cwd=place)
    assert (done.returncode, "64 rows are good" in done.stdout) == (0, True)
    done = stance("data", "split", "rows.jsonl", "-o", "split.jsonl", "--salt", "x", cwd=place)
    assert done.returncode == 0, done.stderr
    parts = {json.loads(line)["split"] for line in (place / "split.jsonl").read_text().splitlines()}
    assert parts == {"train", "validation", "test"}


def test_audit_prints_artefacts_and_names_a_leak(place: Path) -> None:
    from conftest import make_rows

    done = stance("data", "audit", "rows.jsonl", "--json", cwd=place)
    found = json.loads(done.stdout)
    assert found["leaks"] == []
    assert found["stance"]["neutral"] == 16
    assert set(found["artefacts"]) >= {"nothing (majority)", "the holder's name", "the target"}
    assert all(0 <= score <= 1 for score in found["artefacts"].values())
    rows = make_rows()
    rows[0]["split"] = "test" if rows[0]["split"] == "train" else "train"
    (place / "leak.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = stance("data", "audit", "leak.jsonl", cwd=place)
    assert done.returncode == 2
    assert "shared article: 'r0" in done.stdout
    assert "the split leaks in" in done.stderr


def test_nothing_touches_the_network(place: Path, tmp_path: Path) -> None:
    """Labelling and training open no socket, whatever the environment allows."""
    (tmp_path / "sitecustomize.py").write_text(
        "import socket\n"
        "def refuse(*a, **k): raise SystemExit('a socket was opened')\n"
        "socket.socket.connect = refuse\nsocket.create_connection = refuse\n"
        "socket.getaddrinfo = refuse\n"
    )
    env = {"PYTHONPATH": str(tmp_path)}
    assert stance("label", "-", cwd=place, stdin=TEXT, **env).returncode == 0
    done = stance("run", "tiny.yaml", "name=offline", cwd=place, **env)
    assert done.returncode == 0, done.stderr
