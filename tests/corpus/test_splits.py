"""Splits: groups whole, near-duplicates together, the same whatever the order of rows."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from stance.corpus import duplicates
from stance.corpus.audit import find_leaks, require_clean
from stance.corpus.divide import Plan, divide
from stance.corpus.duplicates import clusters, near_duplicates, shingles
from stance.corpus.splits import Split, by_column, by_folds, by_hash, groups_of
from stance.errors import InputError
from stance.schema import Example


def _many(count: int = 300) -> list[Example]:
    draw = random.Random(3)
    words = [f"w{n}" for n in range(400)]
    return [
        Example(
            id=str(at),
            text=" ".join(draw.sample(words, 12)),
            doc_id=f"d{at % 60}",
            stance=draw.choice(["neutral", "neutral", "denying", "accusing"]),
        )
        for at in range(count)
    ]


def test_near_duplicates_equal_brute_force() -> None:
    draw = random.Random(5)
    words = ["a", "b", "c", "d", "e", "f"]
    texts = [" ".join(draw.choices(words, k=draw.randint(0, 9))) for _ in range(80)]
    expected = set()
    for (i, first), (j, second) in combinations(enumerate(texts), 2):
        one, two = shingles(first), shingles(second)
        if one | two and len(one & two) / len(one | two) >= 0.5:
            expected.add((i, j))
    assert {(i, j) for i, j, _ in near_duplicates(texts, 0.5)} == expected
    assert expected


def test_clusters_do_not_depend_on_order() -> None:
    groups = ["c", "b", "a", "d"]
    texts = ["one two three four", "one two three four", "x y z w", "one two three four"]
    assert clusters(groups, texts) == ["b", "b", "a", "b"]
    assert clusters(groups[::-1], texts[::-1]) == ["b", "a", "b", "b"]


def test_by_hash_is_grouped_and_stable() -> None:
    examples = _many()
    split = by_hash(examples, groups_of(examples))
    parts = {}
    for name in ("train", "validation", "test"):
        for at in getattr(split, name):
            assert parts.setdefault(examples[at].group, name) == name
    assert len(split.train) + len(split.validation) + len(split.test) == len(examples)
    shuffled = list(examples)
    random.Random(1).shuffle(shuffled)
    again = by_hash(shuffled, groups_of(shuffled))
    assert {examples[at].id for at in split.test} == {shuffled[at].id for at in again.test}
    other = by_hash(examples, groups_of(examples), salt="other")
    assert set(other.test) != set(split.test)


def test_by_hash_keeps_label_shares() -> None:
    examples = _many(900)
    split = by_hash(examples, groups_of(examples))
    overall = np.mean([item.stance == "neutral" for item in examples])
    inside = np.mean([examples[at].stance == "neutral" for at in split.test])
    assert abs(overall - inside) < 0.05
    assert 0.15 < len(split.test) / len(examples) < 0.25


def test_folds_test_every_row_once() -> None:
    examples = _many()
    folds = list(by_folds(examples, groups_of(examples), 5))
    assert sorted(at for fold in folds for at in fold.test) == list(range(len(examples)))
    for fold in folds:
        assert not find_leaks(examples, fold)
        assert len(fold.validation)


def test_planted_duplicate_is_kept_together_and_else_reported() -> None:
    examples = _many()
    copy = replace(examples[0], id="copy", doc_id="elsewhere")
    examples.append(copy)
    groups = groups_of(examples)
    assert groups[0] == groups[-1]
    leaking = Split(0, np.arange(1, len(examples)), np.array([], int), np.array([0]))
    kinds = {leak.kind for leak in find_leaks(examples, leaking)}
    assert kinds == {"shared article", "duplicate"}
    with pytest.raises(InputError, match=r"the split leaks in \d+ places: .*'copy'|'0'"):
        require_clean(examples, leaking)


def test_too_few_groups_is_said() -> None:
    examples = [replace(item, doc_id="one") for item in _many(20)]
    with pytest.raises(InputError, match="1 groups cannot be divided into 5"):
        list(by_folds(examples, groups_of(examples), 5))


def test_column_split_needs_all_parts(examples: list[Example]) -> None:
    split = by_column(examples)
    assert len(split.train) > len(split.test) > 0
    with pytest.raises(InputError, match="1 rows have no split"):
        by_column([replace(examples[0], split=""), *examples[1:]])
    with pytest.raises(InputError, match="no row has split 'test'"):
        by_column([item for item in examples if item.split != "test"])


def test_group_column_may_be_extra(examples: list[Example]) -> None:
    named = [replace(item, extra={"meeting": f"m{at % 12}"}) for at, item in enumerate(examples)]
    assert len(set(groups_of(named, "meeting"))) <= 12
    with pytest.raises(InputError, match="'meting' is not in the data"):
        groups_of(named, "meting")


def test_few_groups_divide_into_folds_all_the_same() -> None:
    rows = [
        Example(f"r{at}", f"Ruud spoke of item {at} and {at * 7}.", stance=stance, doc_id=f"d{at % 12}")
        for at in range(48)
        for stance in [("neutral", "denying")[at % 2]]
    ]  # fmt: skip
    for folds in (2, 3, 5, 6, 11):
        found = divide(rows, Plan(method="folds", folds=folds))
        assert len(found) == folds
        for one in found:
            assert len(one.train)
            assert len(one.validation)
        assert sorted(at for one in found for at in one.test.tolist()) == list(range(48))
    with pytest.raises(InputError, match="12 groups cannot be divided into 13"):
        divide(rows, Plan(method="folds", folds=13))


def test_folds_keep_the_share_for_validation_that_is_asked() -> None:
    rows = [
        Example(
            f"r{at}", f"Ruud spoke of item {at} and {at * 7}.", stance="neutral", doc_id=f"d{at}"
        )
        for at in range(300)
    ]
    for share in (0.1, 0.25, 0.3):
        for one in divide(rows, Plan(method="folds", folds=3, validation=share)):
            assert len(one.validation) == pytest.approx(200 * share, abs=12)


def _apart(count: int, groups: int) -> list[Example]:
    return [
        Example(
            f"r{at}", f"Ruud spoke of item {at} and {at * 7}.", doc_id=f"d{at % groups}",
            stance=("neutral", "denying")[at % 2],
        )
        for at in range(count)
    ]  # fmt: skip


def test_few_groups_are_hashed_as_nearly_as_they_allow() -> None:
    rows = _apart(60, 12)
    (split,) = divide(rows, Plan(method="hash", validation=0.15, test=0.25))
    assert (len(split.train), len(split.validation), len(split.test)) == (35, 10, 15)
    for groups in (3, 4, 5):
        few = _apart(60, groups)
        (split,) = divide(few, Plan(method="hash", validation=0.4, test=0.4))
        assert all(len(part) for part in (split.train, split.validation, split.test))
    with pytest.raises(InputError, match="2 groups cannot be divided into 3"):
        divide(_apart(60, 2), Plan(method="hash"))
    with pytest.raises(InputError, match=r"-0\.1 and test 0\.2 .* are no shares"):
        by_hash(rows, groups_of(rows), validation=-0.1)


def test_nothing_for_validation_may_be_asked() -> None:
    rows = _apart(200, 200)
    split = by_hash(rows, groups_of(rows), validation=0)
    assert (len(split.validation), len(split.test)) == (0, 40)


def test_advice_on_too_few_groups_is_right_side_up() -> None:
    with pytest.raises(InputError, match=r"too few .* name another column") as caught:
        divide(_apart(8, 2), Plan(method="folds", folds=2))
    assert "folds" not in str(caught.value)
    lopsided = [replace(row, doc_id=f"d{max(at, 57)}") for at, row in enumerate(_apart(60, 60))]
    with pytest.raises(InputError, match=r"leaves 1 groups .* take more folds"):
        divide(lopsided, Plan(method="folds", folds=2))
    assert len(divide(lopsided, Plan(method="folds", folds=3))) == 3


def test_labels_rarer_than_parts_are_no_error() -> None:
    rows = [replace(row, stance=name) for row, name in zip(
        _apart(6, 6), ["neutral", "denying", "accusing", "supporting", "demanding", "rejecting"],
        strict=True,
    )]  # fmt: skip
    found = divide(rows, Plan(method="folds", folds=3))
    assert sorted(at for one in found for at in one.test.tolist()) == list(range(6))


def test_near_duplicates_are_sought_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    original = duplicates._binary
    monkeypatch.setattr(duplicates, "_binary", lambda t: asked.append(len(t)) or original(t))
    rows = [replace(row, text=f"{row.text} Once only.") for row in _apart(40, 10)]
    for split in divide(rows, Plan(method="folds", folds=5, repeats=2)):
        require_clean(rows, split)
    assert asked == [40]


def test_a_gap_in_the_group_column_is_no_group() -> None:
    rows = [replace(row, extra={"page": gap}) for row in _apart(4, 4) for gap in [float("nan")]]
    assert len(set(groups_of(rows, "page"))) == 4
