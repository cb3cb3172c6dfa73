"""The bundled corpus agrees with itself, loads in every way, and passes its quality gates."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from stance.codebook import Codebook
from stance.corpus.agreement import krippendorff_alpha, read_ratings
from stance.corpus.audit import find_leaks
from stance.corpus.load import load_examples
from stance.corpus.release import check_release, read_jsonl
from stance.corpus.splits import by_column
from stance.corpus.variety import describe_variety
from stance.schema import Example

DATA = Path(__file__).resolve().parents[2] / "data"


@pytest.fixture(scope="module")
def corpus(codebook: Codebook) -> list[Example]:
    return load_examples(DATA / "rows.jsonl", codebook)


@pytest.fixture(scope="module")
def raw() -> list[dict[str, Any]]:
    return read_jsonl(DATA / "rows.jsonl")


def test_release_agrees_with_itself() -> None:
    assert check_release(DATA) == []


def test_release_notices_what_changed(tmp_path: Path) -> None:
    shutil.copytree(DATA, tmp_path / "data")
    path = tmp_path / "data" / "rows.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines()
    row = json.loads(lines[0])
    lines[0] = json.dumps({**row, "text": "Other words.", "sentence": row["sentence"]})
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    problems = check_release(tmp_path / "data")
    assert "rows.jsonl is not the file of the manifest" in problems
    assert any(problem.startswith(f"{row['id']}: the text is not") for problem in problems)


def test_size_and_balance(corpus: list[Example]) -> None:
    stances = Counter(item.stance for item in corpus)
    assert len(corpus) >= 5000
    assert len({item.doc_id for item in corpus}) >= 400
    assert min(stances.values()) >= 250
    assert stances["neutral"] / len(corpus) <= 0.45
    pairs = [item for item in corpus if item.extra["contrast_of"]]
    assert len(pairs) >= 400


def test_contrast_pairs_flip_but_for_what_adjudication_found(corpus: list[Example]) -> None:
    by_id = {item.id: item for item in corpus}
    pairs = [item for item in corpus if item.extra["contrast_of"]]
    flipped = [item for item in pairs if by_id[item.extra["contrast_of"]].stance != item.stance]
    assert len(flipped) >= 400
    assert all(by_id[item.extra["contrast_of"]].split == item.split for item in pairs)


def test_splits_do_not_leak(corpus: list[Example]) -> None:
    assert find_leaks(corpus, by_column(corpus)) == []


def test_texts_vary(corpus: list[Example]) -> None:
    variety = describe_variety([(item.group, item.text) for item in corpus])
    assert variety.problems() == []
    assert variety.opening_share <= 0.002
    assert variety.distinct_trigrams > 0.85


def test_annotators_agree_before_adjudication(
    raw: list[dict[str, Any]], codebook: Codebook
) -> None:
    names = codebook.classes["stance"]
    given = read_ratings(raw, "stance", names).labels
    assert min(min(of_pass) for of_pass in given) >= 0
    alpha = krippendorff_alpha(given, len(names))
    assert alpha >= 0.80
    assert alpha < 1.0  # the disagreements are kept


def test_opposed_holders_share_a_sentence(corpus: list[Example]) -> None:
    stances: dict[tuple[str, str], set[str | None]] = {}
    for item in corpus:
        stances.setdefault((item.doc_id, item.text), set()).add(item.stance)
    assert sum(len(found) > 1 for found in stances.values()) >= 100


def test_loads_through_datasets(corpus: list[Example], tmp_path: Path) -> None:
    import datasets

    loaded = datasets.load_dataset(str(DATA), cache_dir=str(tmp_path))
    assert {name: len(part) for name, part in loaded.items()} == Counter(
        item.split for item in corpus
    )
    articles = datasets.load_dataset(str(DATA), "articles", cache_dir=str(tmp_path))["train"]
    assert len(articles) == len({item.doc_id for item in corpus})
