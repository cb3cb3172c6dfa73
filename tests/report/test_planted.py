"""Planted defects, each caught and named where a reviewer would look; and a sound corpus, not."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from stance.cli.audit import artefact_scores
from stance.cli.main import app
from stance.codebook import Codebook
from stance.config import parse_config
from stance.corpus.load import Mapped, check_rows
from stance.errors import InputError
from stance.evaluation.metrics import confusion
from stance.evaluation.swaps import find_swaps
from stance.report.models import Finding
from stance.report.sections import section_of
from stance.runs.experiment import run
from stance.runs.label_check import find_exchanged
from stance.runs.read import read_run
from stance.schema import Example

_CUES = {
    "condemning": ["a disgrace", "shameful", "an outrage", "indefensible"],
    "justifying": ["necessary", "the only way", "lawful", "a matter of safety"],
    "demanding": ["to be stopped", "to be lifted", "to end", "to be withdrawn"],
    "neutral": ["due on Monday", "under way", "on the agenda", "scheduled"],
}
_SYLLABLES = ("ka", "ro", "mi", "ve", "lun", "tas", "or", "bel", "sha", "dun", "pri", "gos")


def _word(rng: random.Random) -> str:
    return "".join(rng.choices(_SYLLABLES, k=3))


def make_corpus(articles: int = 60, seed: int = 1) -> list[dict[str, Any]]:
    """Return eight rows an article; the wording decides the stance, four times in five."""
    rng = random.Random(seed)
    rows = []
    for article in range(articles):
        part = ("train", "train", "train", "validation", "test")[article % 5]
        for number in range(8):
            stance = rng.choice(list(_CUES))
            cue = rng.choice(_CUES[stance if rng.random() < 0.8 else rng.choice(list(_CUES))])
            actor = f"{_word(rng).title()} {_word(rng).title()}"
            filler = " ".join(_word(rng) for _ in range(6))
            rows.append(
                {
                    "id": f"r{article}-{number}", "doc_id": f"d{article}", "split": part,
                    "text": f"{filler.capitalize()}, {actor} said: {_word(rng)} is {cue}.",
                    "actor": actor, "target": "", "stance": stance,
                    "batch": f"b{article % 6}",
                }
            )  # fmt: skip
    return rows


def exchange(rows: list[dict[str, Any]], column: str, value: str) -> None:
    """Exchange condemning and justifying where a column has a value."""
    other = {"condemning": "justifying", "justifying": "condemning"}
    for row in rows:
        if row[column] == value:
            row["stance"] = other.get(row["stance"], row["stance"])


def examples_of(rows: list[dict[str, Any]], codebook: Codebook) -> list[Example]:
    examples, problems = check_rows(enumerate(rows, 1), codebook, Mapped())
    assert not problems
    return examples


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def audit(path: Path, *options: str) -> tuple[Any, dict[str, Any]]:
    done = CliRunner().invoke(app, ["data", "audit", str(path), "--json", *options])
    return done, json.loads(done.stdout)


def findings(rows: list[dict[str, Any]], folder: Path) -> list[Finding]:
    """Run n-grams and checks on rows; return what the report says of the stance."""
    raw = {
        "name": "planted",
        "data": {"path": str(write(folder / "rows.jsonl", rows))},
        "models": {
            "majority": {},
            "actors-only": {"kind": "ngrams", "view": "actor"},
            "words": {"kind": "ngrams", "learner": "svm"},
        },
        "bootstrap": {"resamples": 200}, "threads": 1, "behaviour": False,
    }  # fmt: skip
    done = run(parse_config(raw, source="test"), root=folder / "runs")
    return list(section_of(read_run(done.folder), "stance").findings)


def test_a_sound_corpus_is_not_accused(tmp_path: Path, codebook: Codebook) -> None:
    rows = make_corpus()
    _, found = audit(write(tmp_path / "rows.jsonl", rows), "--by", "batch")
    assert (found["leaks"], found["exchanged"]) == ([], [])
    assert found["artefacts"]["the holder's name"] < 0.2
    said = findings(rows, tmp_path)
    assert not any("exchanged" in one.text or "artefact" in one.text for one in said)
    assert any("whose holder never occurs in training" in one.text for one in said)


def test_copied_rows_are_listed_by_id_and_split(tmp_path: Path) -> None:
    rows = make_corpus()
    trained = [row for row in rows if row["split"] == "train"]
    for number, row in enumerate(trained[:30]):
        rows.append({**row, "id": f"copy{number}", "doc_id": "copies", "split": "test"})
    rows.append({**trained[40], "id": "moved", "text": "Quite another sentence.", "split": "test"})
    path = write(tmp_path / "rows.jsonl", rows)
    done, found = audit(path)
    assert done.exit_code != 0
    crossing = {(leak["kind"], tuple(leak["rows"])) for leak in found["leaks"]}
    for number, row in enumerate(trained[:30]):
        assert ("duplicate", (row["id"], f"copy{number}")) in crossing
    assert any(kind == "shared article" and "moved" in both for kind, both in crossing)
    shown = CliRunner().invoke(app, ["data", "audit", str(path)])
    assert "duplicate: 'r0-0' (train) and 'copy0' (test) say the same" in shown.stdout
    assert "duplicate: and 10 more" in shown.stdout
    assert isinstance(shown.exception, InputError)
    assert "the split leaks in 31 places" in str(shown.exception)


def test_a_contrast_pair_across_splits_is_a_leak(tmp_path: Path) -> None:
    rows = make_corpus()
    rows[0]["contrast_of"] = next(row["id"] for row in rows if row["split"] == "test")
    _, found = audit(write(tmp_path / "rows.jsonl", rows))
    assert [(leak["kind"], leak["parts"]) for leak in found["leaks"]] == [
        ("contrast pair", ["test", "train"])
    ]


def test_rows_without_a_split_are_not_passed_over(tmp_path: Path) -> None:
    rows = make_corpus(20)
    rows[4]["split"] = ""
    done, _ = audit(write(tmp_path / "rows.jsonl", rows))
    assert "1 rows have no split (first: 'r0-4')" in str(done.exception)


def test_a_name_artefact_is_measured_and_named(tmp_path: Path, codebook: Codebook) -> None:
    rng = random.Random(3)
    holders = {f"{_word(rng).title()} {_word(rng).title()}": name for name in [*_CUES] * 3}
    rows = make_corpus()
    for row in rows:
        before, (name, stance) = row["actor"], rng.choice(list(holders.items()))
        # The surname stands elsewhere too, so a model that is not shown the holder reads it.
        text = row["text"].replace(before, name).split(" is ")[0]
        row |= {"actor": name, "stance": stance, "text": f"{text} of {name.split()[1]}'s."}
    sound = artefact_scores(examples_of(make_corpus(), codebook), codebook)
    planted = artefact_scores(examples_of(rows, codebook), codebook)
    assert planted["the holder's name"] > 2 * sound["the holder's name"]
    warned = [one.text for one in findings(rows, tmp_path) if one.warning]
    assert any("actors-only" in text and ("artefact" in text or "is a check" in text)
               for text in warned)  # fmt: skip


def test_labels_exchanged_in_the_test_split_are_named(tmp_path: Path) -> None:
    rows = make_corpus()
    exchange(rows, "split", "test")
    done, found = audit(write(tmp_path / "rows.jsonl", rows))
    (suspect,) = found["exchanged"]
    assert (suspect["column"], suspect["value"]) == ("split", "test")
    assert "'condemning' and 'justifying' look exchanged" in suspect["text"]
    assert "labels look exchanged in 1 places" in str(done.exception)
    warned = [one.text for one in findings(rows, tmp_path) if one.warning]
    assert any("'condemning' and 'justifying' look exchanged" in text for text in warned)


def test_labels_exchanged_in_one_batch_are_named(codebook: Codebook) -> None:
    rows = make_corpus()
    exchange(rows, "batch", "b4")
    found = find_exchanged(examples_of(rows, codebook), codebook, columns=["batch"])
    assert [(one.column, one.value) for one in found] == [("batch", "b4")]
    assert "'condemning' and 'justifying'" in str(found[0])


def test_labels_exchanged_in_one_long_article_are_named(codebook: Codebook) -> None:
    rows = make_corpus()
    for row in rows:
        if row["doc_id"] in {f"d{number}" for number in range(0, 60, 10)}:
            row["doc_id"] = "long"
    exchange(rows, "doc_id", "long")
    found = find_exchanged(examples_of(rows, codebook), codebook)
    assert [(one.column, one.value) for one in found] == [("article", "long")]


def test_swap_evidence_is_the_likelihood_ratio_of_the_rows() -> None:
    rng = np.random.default_rng(2)
    reference = rng.integers(5, 80, size=(3, 3)) + 100 * np.eye(3, dtype=int)
    truth = np.repeat([0, 1, 2], 40)
    shares = reference / reference.sum(axis=1, keepdims=True)
    answers = np.array([rng.choice(3, p=shares[{0: 1, 1: 0}.get(label, label)]) for label in truth])
    (swap,) = find_swaps(confusion(truth, answers, 3), reference)
    assert (swap.first, swap.second) == (0, 1)
    block = reference[:2, :2]
    overall = (block.sum(axis=0) + 1) / (block.sum() + 2)
    smooth = (block + 5 * overall) / (block.sum(axis=1, keepdims=True) + 5)
    ratio = 0.0
    for label, answer in zip(truth, answers, strict=True):
        if label < 2 and answer < 2:
            ratio += np.log(smooth[1 - label, answer] / smooth[label, answer])
    assert swap.evidence == pytest.approx(ratio)
    assert swap.threshold == pytest.approx(np.log(3 / 0.001))


def test_sound_labels_raise_no_alarm_by_chance() -> None:
    rng = np.random.default_rng(7)
    shares = rng.dirichlet(np.ones(6) * 0.5, size=6)  # a poor model: much is confused anyway
    alarms = 0
    for _ in range(400):
        here, reference = (
            np.stack([rng.multinomial(count, share) for share in shares]) for count in (25, 60)
        )
        alarms += bool(find_swaps(here, reference))
    assert alarms <= 2
