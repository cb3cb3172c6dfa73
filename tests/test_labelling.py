"""Articles to rows: every sentence once, offsets exact, odd text reported and not labelled."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from stance.articles.aliases import AliasTable
from stance.codebook import Codebook
from stance.files import read_yaml
from stance.labelling import label_articles, label_sentences, units
from stance.models.base import Probabilities
from stance.models.calibration import Calibration
from stance.models.store import StoredModel
from stance.schema import Article, Example

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared" / "articles"


class _Reads:
    """A classifier that records what it is asked and answers by the text's length."""

    kind = "fake"

    def __init__(self, codebook: Codebook) -> None:
        self.classes_ = codebook.classes
        self.asked: list[Example] = []

    def predict_proba(self, examples: Sequence[Example], **_: object) -> Probabilities:
        self.asked += examples
        result = {}
        for task, names in self.classes_.items():
            values = np.full((len(examples), len(names)), 0.4 / (len(names) - 1))
            values[np.arange(len(examples)), [len(item.text) % len(names) for item in examples]] = (
                0.6
            )
            result[task] = values
        return result


@pytest.fixture
def reader(codebook: Codebook) -> _Reads:
    return _Reads(codebook)


@pytest.fixture
def model(reader: _Reads, codebook: Codebook) -> StoredModel:
    book = read_yaml(ROOT / "configs" / "codebook.yaml")
    return StoredModel("fake", "fake", codebook.classes, reader, Calibration({}), book, Path())  # type: ignore[arg-type]


def _check_offsets(article: Article, rows: Sequence[object]) -> None:
    sentences = {}
    for row in rows:
        assert article.text[row.start : row.end] == row.text  # type: ignore[attr-defined]
        sentences[row.sentence] = (row.start, row.end)  # type: ignore[attr-defined]
    spans = sorted(sentences.values())
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    inside = set().union(*(range(*span) for span in spans))
    assert all(char.isspace() for at, char in enumerate(article.text) if at not in inside)


def test_founding_style_article(model: StoredModel, reader: _Reads) -> None:
    text = (ROOT / "data" / "examples" / "strait.txt").read_text(encoding="utf-8")
    article = Article("strait.txt", text)
    (rows,) = label_articles([article], model)
    _check_offsets(article, rows)
    boilerplate = [row.text for row in rows if row.status == "boilerplate"]
    assert boilerplate[0].startswith("HALVIK, April 12")
    assert boilerplate[1].startswith("Read More:")
    assert len(boilerplate) == 2
    holders = {row.actor for row in rows if row.quote in ("direct", "mixed")}
    assert {"Aino Tarvela", "Irsa Calloway"} <= holders
    assert all(row.stance == "" for row in rows if row.status == "boilerplate")
    broken = next(row for row in rows if row.text.startswith("The depots lie"))
    assert "\n" in broken.text
    assert broken.text.endswith("Orun's grain.")
    for example in reader.asked:
        if example.actor_span:
            start, end = example.actor_span
            assert 0 <= start < end <= len(example.text)


@pytest.mark.parametrize(
    "path",
    sorted(SHARED.glob("*.txt"))
    or [pytest.param(None, marks=pytest.mark.skip(reason="the real articles are not here"))],
)
def test_real_articles_are_covered(model: StoredModel, path: Path) -> None:
    article = Article(path.name, path.read_text(encoding="utf-8"))
    (rows,) = label_articles([article], model)
    _check_offsets(article, rows)


def test_half_characters_are_reported_and_the_rest_labelled(model: StoredModel) -> None:
    article = Article("a", "Ane Ruud condemned the raid. Bad \ud800 text here. The port is open.")
    (rows,) = label_articles([article], model)
    _check_offsets(article, rows)
    assert [row.status for row in rows] == ["ok", "invalid_text", "ok"]
    assert rows[1].stance == ""


def test_blank_sentences_get_no_label(model: StoredModel, reader: _Reads) -> None:
    rows = label_sentences([Example("1", "  \n"), Example("2", "He spoke.")], model)
    assert [(row.status, bool(row.stance)) for row in rows] == [("empty", False), ("ok", True)]
    assert len(reader.asked) == 1
    assert label_articles([Article("empty", " \n ")], model).__next__() == []


def test_given_holders_are_used(model: StoredModel, reader: _Reads) -> None:
    text = "Ane Ruud called the raid a disgrace; Bilal Tamm defended it."
    rows = label_sentences(
        [Example("1", text, "Ane Ruud"), Example("2", text, "Bilal Tamm", actor_span=(37, 47))],
        model,
    )
    assert [row.speaker for row in rows] == ["Ane Ruud", "Bilal Tamm"]
    assert [item.actor_span for item in reader.asked] == [(0, 8), (37, 47)]


def test_abstention_marks_but_keeps_the_label(model: StoredModel) -> None:
    article = Article("a", "Ane Ruud condemned the raid.")
    (rows,) = label_articles([article], model, abstain_below=0.7)
    assert rows[0].status == "abstained"
    assert rows[0].stance
    (rows,) = label_articles([article], model, abstain_below=0.5)
    assert rows[0].status == "ok"


def test_many_articles_stream_in_order(model: StoredModel) -> None:
    articles = (Article(f"a{n}", f"Ane Ruud condemned raid {n}.") for n in range(20))
    names = [rows[0].article for rows in label_articles(articles, model)]
    assert names == [f"a{n}" for n in range(20)]


def test_sentences_are_asked_with_the_article_that_they_stand_in(
    model: StoredModel, reader: _Reads
) -> None:
    text = "Ane Ruud condemned the raid. Bilal Tamm defended it."
    list(label_articles([Article("a", text), Article("a", text)], model))
    first, second, third, fourth = (item.doc_id for item in reader.asked)
    assert first == second != third == fourth
    reader.asked.clear()
    label_sentences([Example("1", "He spoke."), Example("1", "He spoke.")], model)
    assert len({item.doc_id for item in reader.asked}) == 2  # they stand alone


@pytest.mark.parametrize(
    ("sentence", "rules"),
    [
        ("The Karsa Herald reported that the port had closed.", {"outlet"}),
        ("Police had shot two men, according to the Orsk News Agency.", {"outlet"}),
        ("State television reported that the port had closed.", {"outlet"}),
        ("The Karsa Herald condemned the raid.", {"subject"}),
        ("The election observer said that the vote was fair.", {"subject"}),
        ("The refugee agency said that the camp was full.", {"subject"}),
    ],
)
def test_an_outlets_plain_report_is_the_writers(sentence: str, rules: set[str]) -> None:
    found = units(Article("a", sentence))
    assert {unit.holder.rule for unit in found} == rules
    assert all((unit.holder.actor == "") == (rules == {"outlet"}) for unit in found)


def test_sides_come_from_the_users_table_also_for_those_who_speak_for_a_house() -> None:
    text = "Anna Petra, a spokeswoman for Tessaly, said the port had closed. Sten Ode denied it."
    names = {"tessaly": "Tessaly", "sten ode": "Sten Ode"}
    table = AliasTable(names, side={"Tessaly": "north", "Sten Ode": "south"})
    found = {unit.holder.actor: unit for unit in units(Article("a", text), table)}
    assert (found["Anna Petra"].affiliation, found["Anna Petra"].side) == ("Tessaly", "north")
    assert found["Sten Ode"].side == "south"
