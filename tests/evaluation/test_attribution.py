"""Scores of attributions, on articles small enough to count by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from stance.corpus.adapters.polnear import GoldAttribution, quote_type, read_polnear
from stance.errors import InputError
from stance.evaluation.attribution.heads import head_span
from stance.evaluation.attribution.scoring import AttributionScores, Ratio, score_article
from stance.schema import Attribution, Quote, Sentence

TEXT = "Two officials at the port said the ship sank. Rain fell. Petra denied it."
SENTENCES = [
    Sentence(0, 0, 45, TEXT[0:45], 0),
    Sentence(1, 46, 56, TEXT[46:56], 0),
    Sentence(2, 57, 73, TEXT[57:73], 0),
]


def gold(
    source: tuple[int, int], cue: tuple[int, int], content: tuple[int, int]
) -> GoldAttribution:
    return GoldAttribution("E1", (source,), (cue,), (content,), Quote.INDIRECT)


GOLD = [gold((0, 25), (26, 30), (31, 44)), gold((57, 62), (63, 69), (70, 72))]


def said(sentence: int, span: tuple[int, int], actor: str = "") -> Attribution:
    speaker = TEXT[slice(*span)]
    return Attribution(
        sentence, actor or speaker, speaker, "said", Quote.INDIRECT, span, (26, 30), rule="subject"
    )


def test_the_spans_above_are_what_they_say() -> None:
    assert [TEXT[slice(*g.source[0])] for g in GOLD] == ["Two officials at the port", "Petra"]
    assert [s.text for s in SENTENCES] == [TEXT[s.start : s.end] for s in SENTENCES]


@pytest.mark.parametrize(
    ("source", "head"),
    [
        ("Two officials at the port", "officials"),
        ("Anna Petra, the mayor of Karsa", "Petra"),
        ("who", "who"),
        ("the ministry's spokesman", "spokesman"),
        ("Sen. Odo Varr (R-Dell.)", "Varr"),
        ("a lawsuit filed in Karsa", "lawsuit"),
        ("his", "his"),
    ],
)
def test_head_words(source: str, head: str) -> None:
    span = head_span(source, [(0, len(source))])
    assert span is not None
    assert source[slice(*span)] == head


def test_counts_by_hand() -> None:
    predicted = [said(0, (4, 13)), said(1, (46, 50)), Attribution(2, "")]
    scores = score_article(TEXT, SENTENCES, predicted, GOLD)
    # Sentences 0 and 2 are attributed, 0 and 1 are said to be: one of two either way.
    assert scores.attributed == Ratio(1, 2, 1, 2)
    assert scores.attributed.f1 == pytest.approx(0.5)
    # Only sentences with an annotated holder count: one found, one missed, none wrong.
    assert scores.holder == Ratio(1, 1, 1, 2)
    assert scores.by_rule == {"subject": Ratio(1, 1)}
    assert scores.by_quote == {Quote.INDIRECT: Ratio(0, 0, 1, 2)}


def test_a_wrong_holder_costs_precision_and_recall() -> None:
    scores = score_article(TEXT, SENTENCES, [said(0, (21, 25)), said(2, (57, 62))], GOLD)
    assert scores.holder == Ratio(1, 2, 1, 2)
    assert [m.sentence for m in scores.misses] == [0]


def test_a_resolved_actor_counts_without_a_span() -> None:
    floating = Attribution(2, "Anna Petra", quote=Quote.DIRECT, rule="floating")
    assert score_article(TEXT, SENTENCES, [floating], GOLD).holder.matched_gold == 1


def test_boilerplate_is_left_out() -> None:
    sentences = [Sentence(0, 0, 45, TEXT[0:45], 0, True), *SENTENCES[1:]]
    assert score_article(TEXT, sentences, [said(0, (4, 13))], GOLD).attributed == Ratio(0, 0, 0, 1)


def test_scores_add_up() -> None:
    one = score_article(TEXT, SENTENCES, [said(0, (4, 13))], GOLD)
    both = one + one
    assert both.attributed == Ratio(2, 2, 2, 4)
    assert AttributionScores() + one == one


def test_spans_exact_and_overlapping() -> None:
    scores = score_article(TEXT, SENTENCES, [said(0, (4, 13)), said(2, (57, 62))], GOLD)
    assert (scores.speaker_exact.matched_gold, scores.speaker_overlap.matched_gold) == (1, 2)


def test_brat_standoff_as_published(tmp_path: Path) -> None:
    (tmp_path / "text").mkdir()
    (tmp_path / "attributions").mkdir()
    text = 'Petra said:\r\n"It sank." Rain fell.'
    (tmp_path / "text" / "ship.txt").write_bytes(text.encode())
    (tmp_path / "attributions" / "ship_a1.ann").write_bytes(
        b'T1\tSource 0 5\tPetra\nT2\tCue 6 11\tsaid:\nT3\tContent 13 16;17 23\t"It sank."\n'
        b"T4\tAttribution 6 11\tsaid:\nE1\tAttribution:T4 Content:T3 Cue:T2 Source:T1\n"
    )
    (read,) = read_polnear(tmp_path)
    assert read.article.text == text
    (attribution,) = read.attributions
    assert attribution.source == ((0, 5),)
    assert attribution.content == ((13, 16), (17, 23))
    assert attribution.quote is Quote.DIRECT
    assert list(read_polnear(tmp_path, annotator="zz")) == []


def test_jsonl_of_the_same(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text(
        '{"doc_id": "d", "text": "Petra said no.", "attributions": [{"id": "E1", '
        '"source": [[0, 5]], "cue": [[6, 10]], "content": [[11, 13]], "quote": "indirect"}]}\n'
    )
    (read,) = read_polnear(file)
    assert read.attributions[0].cue == ((6, 10),)


def test_a_broken_corpus_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="one compartment"):
        list(read_polnear(tmp_path))
    file = tmp_path / "a.jsonl"
    file.write_text('{"text": "a"}\n')
    with pytest.raises(InputError, match="line 1"):
        list(read_polnear(file))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('"It sank."', Quote.DIRECT),
        ('that it "sank"', Quote.MIXED),
        ("that it sank", Quote.INDIRECT),
    ],
)
def test_quote_types(text: str, kind: Quote) -> None:
    assert quote_type(text, ((0, len(text)),)) is kind
