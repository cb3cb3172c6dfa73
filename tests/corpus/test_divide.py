"""New holders, topics, dates and corpora: nothing crosses, and every row is tested once."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import make_rows, tiny_config
from stance.codebook import Codebook
from stance.corpus.audit import find_leaks
from stance.corpus.divide import Plan, actor_key, by_time, divide, left_out, new_actors
from stance.corpus.load import Source, load_sources
from stance.corpus.splits import groups_of
from stance.errors import ConfigError, InputError
from stance.runs.experiment import run
from stance.runs.read import read_held, read_run
from stance.schema import Example

_WORDS = [f"w{number}" for number in range(500)]


@st.composite
def corpora(draw: st.DrawFn) -> list[Example]:
    """Some forty to eighty articles of one to three rows, with holders, topics and dates."""
    seed = draw(st.integers(0, 10**6))
    rng = random.Random(seed)
    holders = draw(st.integers(8, 60))
    rows = []
    for article in range(draw(st.integers(40, 80))):
        topic = rng.choice(["toll", "raid", "levy", "census", "port", "canal", "mine"])
        written = date(2031, 1, 1) + timedelta(rng.randrange(200))
        for _ in range(rng.randint(1, 3)):
            updated = written + timedelta(rng.choice([0, 0, 0, 1, 40]))
            actor = rng.choice(["", f"Holder {rng.randrange(holders)}"])
            rows.append(
                Example(
                    id=f"r{len(rows)}",
                    text=" ".join(rng.sample(_WORDS, 8)),
                    actor=actor.upper() if rng.random() < 0.2 else actor,
                    stance=rng.choice(["neutral", "denying"]),
                    doc_id=f"d{article}",
                    extra={"topic": topic, "date": str(updated)},
                )
            )
    return rows


@settings(max_examples=25, deadline=None)
@given(corpora(), st.sampled_from(["actors", "values", "folds"]), st.sampled_from([1, 2]))
def test_nothing_crosses_and_every_row_is_tested_once_a_repeat(
    examples: list[Example], method: str, repeats: int
) -> None:
    found = divide(examples, Plan(method=method, folds=4, repeats=repeats))  # type: ignore[arg-type]
    assert [split.fold for split in found] == list(range(len(found)))
    for repeat in range(repeats):
        tested = [at for split in found if split.repeat == repeat for at in split.test]
        assert sorted(tested) == list(range(len(examples)))
    for split in found:
        rest = {*split.train.tolist(), *split.validation.tolist()}
        assert not rest & set(split.test.tolist())
        assert not find_leaks(examples, split)
        trained, tested = ([examples[at] for at in part] for part in (rest, split.test.tolist()))
        if method == "actors":
            names = {item.actor.lower() for item in tested} - {""}
            assert not names & {item.actor.lower() for item in trained}
            assert set(new_actors(examples, split)) <= {1, -1}
        if method == "values":
            topics = {item.extra["topic"] for item in tested}
            assert not topics & {item.extra["topic"] for item in trained}


@settings(max_examples=25, deadline=None)
@given(corpora())
def test_time_runs_from_training_to_test(examples: list[Example]) -> None:
    split = by_time(examples, groups_of(examples))
    dates = [
        [examples[at].extra["date"] for at in part]
        for part in (split.train, split.validation, split.test)
    ]
    assert max(dates[0]) < min(dates[1])
    assert max(dates[1]) < min(dates[2])
    assert not find_leaks(examples, split)


def _dated(count: int = 40) -> list[Example]:
    rng = random.Random(4)
    return [
        Example(
            id=f"r{at}", text=" ".join(rng.sample(_WORDS, 8)), doc_id=f"d{at // 2}",
            stance="neutral", extra={"date": f"2031-01-{1 + at // 2:02d}"},
        )
        for at in range(count)
    ]  # fmt: skip


def test_time_takes_the_wanted_shares_and_leaves_straddling_articles_out() -> None:
    examples = _dated()
    split = by_time(examples, groups_of(examples))
    assert (len(split.train), len(split.validation), len(split.test)) == (28, 4, 8)
    late = replace(examples[0], extra={"date": "2031-02-01T09:00:00+02:00"})
    changed = [late, *examples[1:]]
    split = by_time(changed, groups_of(changed))
    assert not {0, 1} & {*split.train.tolist(), *split.validation.tolist(), *split.test.tolist()}
    assert left_out(changed, [split]) == 2


def test_time_names_rows_without_a_date() -> None:
    examples = _dated()
    examples[3] = replace(examples[3], extra={"date": "last May"})
    examples[5] = replace(examples[5], extra={})
    with pytest.raises(InputError, match=r"no date such as .* in 2 rows \('r3', 'r5'\)"):
        by_time(examples, groups_of(examples))
    with pytest.raises(InputError, match=r"'when' is not in the data \(extra columns: date\)"):
        by_time(examples, groups_of(examples), "when")
    with pytest.raises(InputError, match="1 distinct moments"):
        by_time([replace(item, extra={"date": "2031-01-01"}) for item in examples],
                groups_of(examples))  # fmt: skip


def test_few_values_are_a_fold_each_and_one_is_refused() -> None:
    examples = [
        replace(item, extra={"topic": f"t{at % 3}"}, doc_id=f"d{at}")
        for at, item in enumerate(_dated(60))
    ]
    found = divide(examples, Plan(method="values"))
    assert [{examples[at].extra["topic"] for at in split.test} for split in found] == [
        {"t0"}, {"t1"}, {"t2"},
    ]  # fmt: skip
    one = [replace(item, extra={"topic": "t"}) for item in examples]
    with pytest.raises(InputError, match="one value only"):
        divide(one, Plan(method="values"))
    torn = [replace(item, doc_id=f"d{at % 2}") for at, item in enumerate(examples)]
    with pytest.raises(InputError, match=r"fold 1 tests .* leaves 0 articles"):
        divide(torn, Plan(method="values"))


def test_repeats_differ_and_the_first_is_the_unrepeated_one() -> None:
    examples = [replace(item, doc_id=f"d{at}") for at, item in enumerate(_dated(80))]
    once = divide(examples, Plan(method="folds"))
    twice = divide(examples, Plan(method="folds", repeats=2))
    for one, other in zip(once, twice[:5], strict=True):
        assert np.array_equal(one.test, other.test)
    assert any(
        not np.array_equal(a.test, b.test) for a, b in zip(twice[:5], twice[5:], strict=True)
    )


def test_contrast_pairs_stay_together() -> None:
    examples = [replace(item, doc_id=f"d{at}") for at, item in enumerate(_dated(80))]
    examples[7] = replace(examples[7], extra={"contrast_of": "r2"})
    groups = groups_of(examples)
    assert groups[7] == groups[2]
    for split in divide(examples, Plan(method="folds")):
        assert not find_leaks(examples, split)


def _write(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_another_corpus_is_tested_and_nothing_else(tmp_path: Path, codebook: Codebook) -> None:
    own = make_rows()
    other = [
        {"id": row["id"], "doc_id": row["doc_id"], "stance": word, "text": f"Far away {row['id']}."}
        for row, word in zip(own[:12], ["bad", "fine"] * 6, strict=True)
    ]
    other.append({"id": "copy", "doc_id": "far", "text": own[1]["text"], "stance": "bad"})
    crosswalk = {"stance": {"bad": "condemning", "fine": "neutral"}}
    examples = load_sources(
        Source(str(_write(tmp_path / "own.jsonl", own))),
        Source(str(_write(tmp_path / "other.jsonl", other)), labels=crosswalk),
        codebook,
    )
    assert len({item.id for item in examples}) == len(examples)
    (split,) = divide(examples, Plan(method="cross"))
    assert [examples[at].id for at in split.test] == [f"other:{row['id']}" for row in other]
    assert {examples[at].stance for at in split.test} == {"condemning", "neutral"}
    kept = {examples[at].id for at in [*split.train, *split.validation]}
    barred = {row["id"] for row in own if row["doc_id"] == own[1]["doc_id"]}
    assert kept == {row["id"] for row in own if row["split"] != "test"} - barred
    assert {examples[at].id for at in split.validation} <= {
        row["id"] for row in own if row["split"] == "validation"
    }
    assert not find_leaks(examples, split)
    bare = [replace(item, split="") if item.split != "test" else item for item in examples]
    (hashed,) = divide(bare, Plan(method="cross"))
    assert len(hashed.validation)
    assert not find_leaks(bare, hashed)


def test_another_corpus_leaves_the_share_for_validation_that_is_asked() -> None:
    rows = [
        replace(row, doc_id=f"d{at}", split="test" if at >= 100 else "")
        for at, row in enumerate(_dated(120))
    ]
    for share in (0.15, 0.4):
        (split,) = divide(rows, Plan(method="cross", validation=share))
        assert len(split.validation) == pytest.approx(100 * share, abs=2)


def test_settings_that_do_not_fit_are_refused(rows_file: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="go together"):
        tiny_config(rows_file, tmp_path, split={"method": "cross"})
    with pytest.raises(ConfigError, match="can be repeated"):
        tiny_config(rows_file, tmp_path, split={"method": "hash", "repeats": 2})


def test_a_repeated_run_counts_rows_once(rows_file: Path, tmp_path: Path) -> None:
    config = tiny_config(
        rows_file, tmp_path, models={"majority": {}, "words": {"kind": "ngrams"}},
        split={"method": "folds", "folds": 3, "repeats": 2}, behaviour=False,
    )  # fmt: skip
    done = run(config, root=tmp_path / "runs")
    for result in done.results.models:
        assert (result.n_rows, result.repeats, result.n_trainings) == (64, 2, 2)
        assert np.sum(result.confusion) == 128
        assert result.trainings == "one seed and 2 repeats"
    words = next(item for item in done.results.of("stance") if item.model == "words")
    held = read_held(read_run(done.folder), "stance", "words")
    assert held.answers.probabilities.shape[:2] == (2, 64)
    right = (held.answers.decisions == held.answers.truth).mean()
    assert right == pytest.approx(words.scores["accuracy"])


def test_new_actors_score_is_that_of_the_rows_it_names(rows_file: Path, tmp_path: Path) -> None:
    rows = make_rows()
    for at, row in enumerate(rows):
        if row["split"] == "test" and at % 2:
            row["actor"] = f"Newcomer {at}"
    config = tiny_config(
        _write(rows_file, rows), tmp_path, models={"words": {"kind": "ngrams"}}, behaviour=False
    )
    done = run(config, root=tmp_path / "runs")
    trained = {actor_key(str(row["actor"])) for row in rows if row["split"] == "train"}
    new = {row["id"] for row in rows if actor_key(str(row["actor"])) not in trained}
    held = read_held(read_run(done.folder), "stance", "words")
    within = np.array([name in new for name in held.ids])
    from sklearn.metrics import f1_score

    truth, guess = held.answers.truth[within], held.answers.decisions[0][within]
    labels = sorted(set(truth.tolist()))
    result = done.results.of("stance")[0].new_actors
    assert result is not None
    assert result.n_rows == within.sum()
    wanted = f1_score(truth, guess, labels=labels, average="macro", zero_division=0)
    assert result.macro_f1.estimate == pytest.approx(wanted)
