"""Rows of one document read in order: the arithmetic, a run, and a stored model."""

from __future__ import annotations

import json
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from conftest import tiny_config
from stance.codebook import Codebook
from stance.config import RunConfig, choose_models
from stance.corpus.load import load_examples
from stance.errors import ModelError
from stance.models.combined import Transitions, chained, documents_of, fit_transitions
from stance.models.store import load_model
from stance.report.errors import error_words
from stance.runs.experiment import Quiet, run
from stance.runs.folder import part_path, read_part
from stance.runs.read import read_held, read_run
from stance.schema import Example

pytestmark = pytest.mark.usefixtures("one_thread")
CLASSES = {"stance": ("calm", "cross", "curt")}


def _rows(*documents: tuple[str, str]) -> list[Example]:
    return [
        Example(f"{name}{at}", "So.", doc_id=name, stance=stance or None)
        for name, labels in documents
        for at, stance in enumerate(labels.split(","))
    ]


def test_posterior_is_that_of_every_path_weighed() -> None:
    draw = np.random.default_rng(3)
    lift, prior = draw.uniform(0.3, 3, (3, 3)), draw.dirichlet(np.ones(3))
    answers = draw.dirichlet(np.ones(3), size=4)
    follow = lift * prior / (lift * prior).sum(axis=1, keepdims=True)
    expected = np.zeros((4, 3))
    for path in product(range(3), repeat=4):
        weight = prior[path[0]] * np.prod([follow[a, b] for a, b in pairwise(path)])
        weight *= np.prod([answers[at, label] / prior[label] for at, label in enumerate(path)])
        for at, label in enumerate(path):
            expected[at, label] += weight
    expected /= expected.sum(axis=1, keepdims=True)
    assert_allclose(Transitions(lift, prior).apply(answers, [range(4)]), expected, atol=1e-12)


def test_without_a_pattern_or_a_neighbour_nothing_changes() -> None:
    draw = np.random.default_rng(5)
    answers = draw.dirichlet(np.ones(3), size=5)
    even = Transitions(np.ones((3, 3)), np.array([0.5, 0.3, 0.2]))
    assert_allclose(even.apply(answers, [range(5)]), answers, atol=1e-12)
    sticky = {"stance": Transitions(np.eye(3) * 2 + 0.5, np.ones(3) / 3)}
    alone = [*_rows(("a", "calm"), ("b", "cross")), Example("c", "So."), Example("d", "So.")]
    assert documents_of(alone) == []
    assert_allclose(chained({"stance": answers[:4]}, sticky, alone)["stance"], answers[:4])


def test_documents_do_not_touch_and_certainty_is_no_trap() -> None:
    rows = _rows(("a", "calm,calm"), ("b", "cross,cross,curt"))
    assert documents_of(rows) == [range(2), range(2, 5)]
    answers = np.array([[1.0, 0, 0], [0, 1, 0], [0.4, 0.3, 0.3], [0.1, 0.8, 0.1], [0, 1, 0]])
    sticky = {"stance": Transitions(np.eye(3) * 2 + 0.1, np.ones(3) / 3)}
    both = chained({"stance": answers, "tone": answers}, sticky, rows)
    assert (both["tone"] == answers).all()
    found = both["stance"]
    assert_allclose(found.sum(axis=1), 1)
    assert found[2].argmax() == 1  # drawn by the row after it
    apart = [chained({"stance": answers[at]}, sticky, [rows[i] for i in at])["stance"]
             for at in ([0, 1], [2, 3, 4])]  # fmt: skip
    assert_allclose(found, np.concatenate(apart))


def test_transitions_are_counted_within_documents() -> None:
    rows = _rows(("a", "calm,calm,cross"), ("b", "cross,cross,,calm"))
    answered = {"stance": np.array([[0.5, 0.4, 0.1], [0.7, 0.2, 0.1]])}
    found = fit_transitions(rows, answered, CLASSES)["stance"]
    # Pairs: calm calm, calm cross, cross cross; second labels drawn towards even shares.
    shares = np.array([2, 3, 1]) / 6
    expected = np.array([
        [(1 / shares[0] + 3) / 5, (1 / shares[1] + 3) / 5, 3 / 5],
        [3 / 4, (1 / shares[1] + 3) / 4, 3 / 4],
        [1, 1, 1],
    ])  # fmt: skip
    assert_allclose(found.lift, expected)
    assert_allclose(found.prior, [0.6, 0.3, 0.1])
    assert fit_transitions(_rows(("a", "calm"), ("b", "curt")), answered, CLASSES) == {}
    assert fit_transitions(rows, {}, CLASSES) == {}


@pytest.fixture
def ordered_file(rows: list[dict[str, object]], tmp_path: Path) -> Path:
    """The rows, those of a document together."""
    path = tmp_path / "ordered.jsonl"
    rows.sort(key=lambda row: str(row["doc_id"]))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def _config(rows: Path, encoder: Path, **more: Any) -> RunConfig:
    raw = tiny_config(rows, encoder).model_dump(mode="json") | more
    raw["models"] = {"ordered": {"kind": "chain", "of": "tfidf-svm"}} | raw["models"]
    return RunConfig.model_validate(raw)


def test_a_chain_in_a_run_and_stored(
    ordered_file: Path, tiny_encoder: Path, tmp_path: Path, codebook: Codebook
) -> None:
    config = choose_models(_config(ordered_file, tiny_encoder), ["ordered"])
    assert list(config.models) == ["tfidf-svm", "ordered"]
    folder = run(config, root=tmp_path).folder
    part = read_part(part_path(folder, "ordered", 1, 0))
    member = read_part(part_path(folder, "tfidf-svm", 1, 0))
    assert (part["rows"] == member["rows"]).all()
    assert not np.allclose(part["proba_stance"], member["proba_stance"], atol=1e-3)
    examples = load_examples(ordered_file, codebook)
    tested = [examples[at] for at in part["rows"]]
    stored = load_model(folder / "models" / "ordered-s1")
    assert_allclose(stored.predict_proba(tested)["stance"], part["proba_stance"], atol=1e-9)
    assert_allclose(
        stored.classifier.predict_proba(tested[:1])["stance"],
        load_model(folder / "models" / "tfidf-svm-s1").predict_proba(tested[:1])["stance"],
    )
    with pytest.raises(ModelError, match="train its member"):
        stored.classifier.fit([])
    # A word left out would be asked beside its own sentence's other versions.
    done = read_run(folder)
    words = error_words(done, "stance", "ordered", read_held(done, "stance", "ordered"))
    assert words.missing == "what ordered answers hangs on the rows beside it too"


def test_folds_without_an_order_say_so(rows_file: Path, tiny_encoder: Path, tmp_path: Path) -> None:
    said: list[str] = []

    class Listening(Quiet):
        def say(self, text: str) -> None:
            said.append(text)

    config = _config(rows_file, tiny_encoder, split={"method": "folds", "folds": 3})
    folder = run(choose_models(config, ["ordered"]), root=tmp_path, reporter=Listening()).folder
    assert sum("the answers are those of tfidf-svm" in line for line in said) == 3
    for fold in range(3):
        parts = [read_part(part_path(folder, name, 1, fold)) for name in ("ordered", "tfidf-svm")]
        assert_allclose(parts[0]["proba_stance"], parts[1]["proba_stance"])
    assert not (folder / "models").exists()


def test_a_chain_of_nothing_is_named(rows_file: Path, tiny_encoder: Path) -> None:
    raw = _config(rows_file, tiny_encoder).model_dump(mode="json")
    raw["models"]["ordered"]["of"] = "ordered"
    with pytest.raises(ValueError, match=r"models\.ordered\.of: 'ordered' is not another model"):
        RunConfig.model_validate(raw)
