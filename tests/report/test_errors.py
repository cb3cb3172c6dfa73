"""Leaving words out, against a model whose every word's weight is known."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from report.test_report import STANCES, make_rows, make_run
from stance.evaluation.occlusion import Occlusion, Part, mean_of, occlude, parts_of, without
from stance.files import read_json, read_yaml, write_json
from stance.models.baselines import NgramClassifier
from stance.models.calibration import Calibration
from stance.models.store import save_model
from stance.report import errors as room
from stance.report.errors import WORDS_FILE, error_words, shade
from stance.runs.read import Held, RunData, read_held, read_run
from stance.schema import Example

_WEIGHTS = {"shameful": 2.0, "harbour": 0.0, "perhaps": -1.5, "never": 0.7}


def weigh(rows: Sequence[Example]) -> np.ndarray:
    """A logistic bag of words over two labels."""
    logits = np.array([sum(_WEIGHTS.get(w, 0.0) for w in row.text.lower().split()) for row in rows])
    sure = 1 / (1 + np.exp(-logits))
    return np.column_stack([sure, 1 - sure])


def test_each_word_is_worth_what_the_model_gives_it() -> None:
    row = Example("r", "The shameful harbour never perhaps")
    (found,) = occlude(weigh, [(row, 0)])
    whole = 2.0 + 0.7 - 1.5
    assert found.probability == pytest.approx(1 / (1 + np.exp(-whole)))
    for part in found.parts:
        weight = _WEIGHTS.get(row.text[part.start : part.end], 0.0)
        assert part.without == pytest.approx(1 / (1 + np.exp(weight - whole)))


def test_rows_do_not_mix_and_no_rows_ask_nothing() -> None:
    rows = [(Example("a", "shameful harbour"), 0), (Example("b", "never, perhaps never"), 1)]
    together = occlude(weigh, rows)
    assert together == [occlude(weigh, [one])[0] for one in rows]
    assert occlude(lambda _: pytest.fail("asked"), []) == []


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200), st.integers(1, 12))
def test_parts_are_in_order_and_bounded(text: str, most: int) -> None:
    parts = parts_of(text, most)
    assert len(parts) <= most
    ends = [at for part in parts for at in part]
    assert ends == sorted(ends)
    assert all(start < end <= len(text) for start, end in parts)


def test_long_texts_leave_out_several_words_at_once() -> None:
    text = " ".join(f"w{at}" for at in range(100))
    parts = parts_of(text, 40)
    assert len(parts) == 34
    assert text[slice(*parts[0])] == "w0 w1 w2"
    assert text[slice(*parts[-1])] == "w99"


@pytest.mark.parametrize(
    ("word", "text", "actor"),
    [
        ("Orsk", "The ministry hailed it.", "The ministry"),
        ("The", " Orsk ministry hailed it.", " Orsk ministry"),
        ("hailed", "The Orsk ministry it.", "The Orsk ministry"),
    ],
)
def test_spans_still_hold_the_holder(word: str, text: str, actor: str) -> None:
    row = Example("r", "The Orsk ministry hailed it.", "The Orsk ministry", actor_span=(0, 17))
    start = row.text.index(word)
    cut = without(row, (start, start + len(word)))
    assert cut.text == text
    assert cut.actor == row.actor
    assert cut.actor_span is not None
    assert cut.text[slice(*cut.actor_span)] == actor


def test_a_holder_of_one_word_that_is_left_out_has_no_span() -> None:
    row = Example("r", "Yesterday Tamm hailed it.", "Tamm", "it", actor_span=(10, 14),
                  target_span=(22, 24))  # fmt: skip
    cut = without(row, (10, 14))
    assert cut.actor_span is None
    assert cut.target_span is not None
    assert cut.text[slice(*cut.target_span)] == "it"


def test_seeds_are_averaged_part_by_part() -> None:
    one = Occlusion("r", 0, 0.9, [Part(0, 3, 0.5), Part(4, 7, 0.9)])
    other = Occlusion("r", 0, 0.7, [Part(0, 3, 0.1), Part(4, 7, 0.8)])
    (mean,) = mean_of([[one], [other]])
    assert mean.probability == pytest.approx(0.8)
    assert [part.without for part in mean.parts] == pytest.approx([0.3, 0.85])


def test_shades_join_to_the_sentence_and_say_what_moves_it() -> None:
    text = "They never said «no», perhaps."
    found = Occlusion("r", 0, 0.95, [
        Part(0, 4, 0.955), Part(5, 10, 0.20), Part(11, 15, 0.94), Part(17, 19, 0.945), Part(22, 29, 0.99),
    ])  # fmt: skip
    shaded = shade(text, found)
    assert "".join(one.text for one in shaded.pieces) == text
    marked = {one.text: (one.share, one.against) for one in shaded.pieces if one.share}
    assert marked == {"never": (100, False), "said": (1, False), "perhaps": (5, True)}
    assert shaded.said == (
        "without “never” 20\u202f%, without “perhaps” 99\u202f%, without “said” 94\u202f%"
    )


def test_a_sentence_that_nothing_moves_is_plain() -> None:
    shaded = shade("Quite so.", Occlusion("r", 0, 0.9, [Part(0, 5, 0.899), Part(6, 8, 0.901)]))
    assert not any(one.share for one in shaded.pieces)
    assert shaded.said == "no single word moves it by a point"


@pytest.fixture
def run(tmp_path: Path) -> RunData:
    """A run whose stored model is one that really gave its answers."""
    folder = tmp_path / "words"
    rows = make_rows()
    for row in rows:
        word = {"against": "disgrace", "for": "welcome", "neither": "Monday"}[row["stance"]]
        # One row in five says the opposite of its label: sure errors.
        row["text"] = f"{row['text'][:40]} {word if hash_free(row['id']) else 'disgrace'}"
    make_run(folder, rows, seeds=1)
    made = read_run(folder)
    train = [one for one in made.corpus.examples if one.split == "train"]
    tested = [one for one in made.corpus.examples if one.split == "test"]
    model = NgramClassifier({"stance": STANCES}, characters=False).fit(train)
    for path in (folder / "models" / "sure-s0").iterdir():
        path.unlink()
    (folder / "models" / "sure-s0").rmdir()
    save_model(model, folder / "models" / "sure-s0", name="sure", calibration=Calibration(),
               codebook=read_yaml(folder / "codebook.yaml"))  # fmt: skip
    proba = model.predict_proba(tested)["stance"]
    columns: dict[str, Any] = {
        "id": [one.id for one in tested], "doc_id": [one.doc_id for one in tested],
        "model": ["sure"] * len(tested), "seed": [0] * len(tested), "fold": [0] * len(tested),
        "stance": [one.stance for one in tested],
    }  # fmt: skip
    columns |= {f"p_stance_{name}": proba[:, at] for at, name in enumerate(STANCES)}
    pq.write_table(pa.table(columns), folder / "predictions.parquet")
    return made


def hash_free(name: str) -> bool:
    return int(name.partition("-")[2]) % 5 > 0


def held_of(run: RunData) -> Held:
    return read_held(run, "stance", "sure")


def test_stored_models_are_asked_once_and_kept(run: RunData, monkeypatch: Any) -> None:
    found = error_words(run, "stance", "sure", held_of(run))
    assert found.missing == ""
    assert len(found.rows) == 12
    kept = read_json(run.folder / WORDS_FILE)["stance"]
    assert kept["method"].startswith("leave-one-word-out")
    strongest = [max(one.pieces, key=lambda piece: piece.share).text for one in found.rows.values()]
    assert "disgrace" in strongest
    before = (run.folder / WORDS_FILE).read_bytes()
    monkeypatch.setattr(room, "load_model", lambda *_: pytest.fail("asked again"))
    assert error_words(run, "stance", "sure", held_of(run)) == found
    for path in (run.folder / "models" / "sure-s0").iterdir():
        path.unlink()
    assert error_words(run, "stance", "sure", held_of(run)) == found
    assert (run.folder / WORDS_FILE).read_bytes() == before


def test_the_table_holds_every_word_of_every_error(run: RunData) -> None:
    found = error_words(run, "stance", "sure", held_of(run))
    texts = {one.id: one.text for one in run.corpus.examples}
    assert found.table is not None
    cells = found.table.rows
    for row in found.rows:
        words = [cell[2] for cell in cells if cell[0] == row]
        assert words == [texts[row][slice(*part)] for part in parts_of(texts[row])]


def test_a_model_that_did_not_give_the_answers_is_not_asked_for_reasons(run: RunData) -> None:
    held = held_of(run)
    bent = held.answers.probabilities.copy()
    bent[..., 0] += 0.3
    bent /= bent.sum(axis=2, keepdims=True)
    found = error_words(
        run, "stance", "sure", replace(held, answers=replace(held.answers, probabilities=bent))
    )
    assert "does not give the run's answers" in found.missing
    assert not found.rows
    assert not (run.folder / WORDS_FILE).exists()


def test_without_models_or_rows_the_reason_is_said(run: RunData) -> None:
    path = run.folder / "models" / "sure-s0" / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["sha256"]["model.json"] = "0" * 64
    write_json(path, manifest)
    assert "has changed" in error_words(run, "stance", "sure", held_of(run)).missing
    path.unlink()
    said = error_words(run, "stance", "sure", held_of(run)).missing
    assert said == "no stored model in models/sure-s0"
    gone = replace(run, corpus=replace(run.corpus, examples=(), missing="rows moved"))
    assert error_words(gone, "stance", "sure", held_of(run)).missing == "rows moved"
