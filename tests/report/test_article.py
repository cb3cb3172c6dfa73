"""The article page: what stands beside which sentence, and what foreign text may not do."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from report.test_report import EVIL, Page
from stance.codebook import Label, parse_codebook
from stance.errors import InputError
from stance.files import bundled, read_yaml
from stance.report.article import article_page, codes, marked, matrix, timeline, views
from stance.report.colors import PAPER, contrast, inks, luminance, rgb
from stance.report.markup import percent, plain, visible
from stance.schema import Prediction, Status

BOOK: dict[str, Any] = read_yaml(bundled("configs/codebook.yaml"))
STANCES = parse_codebook(BOOK, source="test").stance
ROW = Prediction(
    article="Harbour", sentence=0, start=0, end=0, text="", actor="", speaker="", cue="",
    quote="none", target="", stance="neutral", stance_probability=0.9, sentiment="neutral",
    sentiment_probability=0.8, status="ok",
)  # fmt: skip


def make_article(name: str = "Harbour") -> list[Prediction]:
    """Return invented rows: a second holder, a doubtful one, and every status."""
    said = [
        ("ORSK, May 2 —", "", "", None, Status.BOILERPLATE, 1),
        ("The pier closed on Monday.", "", "neutral", 0.93, Status.OK, 2),
        (
            "Ruud called it a farce, which Tamm denied.",
            "Ane Ruud",
            "condemning",
            0.81,
            Status.OK,
            2,
        ),
        ("Ruud called it a farce, which Tamm denied.", "Tamm", "denying", 0.44, Status.OK, 0),
        ("“Open it,” she said.", "Ane Ruud", "demanding", 0.999, Status.OK, 1),
        ("It may be war.", "Tamm", "threatening", 0.21, Status.ABSTAINED, 1),
        ("\ud800 broken", "", "", None, Status.INVALID_TEXT, 1),
        (" ", "", "", None, Status.EMPTY, 1),
        (f"Evil {EVIL} here.", EVIL, "accusing", 0.7, Status.TRUNCATED_ACTOR, 1),
    ]
    rows: list[Prediction] = []
    at, number = 0, -1
    for text, actor, stance, sure, status, gap in said:
        if not rows or rows[-1].text != text:
            at, number = at + gap, number + 1
            start, at = at, at + len(text)
        speaker = "Ruud" if actor == "Ane Ruud" and "Ruud" in text else actor
        rows.append(
            replace(
                ROW, article=name, sentence=number, start=start, end=at, text=text, actor=actor,
                speaker=speaker, stance=stance, stance_probability=sure, status=status.value,
                target="it" if actor else "",
            )
        )  # fmt: skip
    return rows


ROWS = make_article()


def test_every_row_stands_once_and_every_sentence_once() -> None:
    page = Page(article_page(ROWS, BOOK))
    holders = [attrs for tag, attrs in page.tags if tag == "li" and "data-stance" in attrs]
    assert [(one["data-stance"], one["data-status"]) for one in holders] == [
        (row.stance, row.status) for row in ROWS
    ]
    lines = [attrs for tag, attrs in page.tags if attrs.get("class", "").split()[:1] == ["line"]]
    assert len([one for one in lines if "id" in one]) == len({row.sentence for row in ROWS})


def test_matrix_counts_labels_and_keeps_abstentions_apart() -> None:
    view = views(ROWS, STANCES)[0]
    found = matrix(view.holders, STANCES)
    wanted = Counter(
        (row.actor or "the writer", STANCES.id(row.stance))
        for row in ROWS
        if row.stance and row.status != Status.ABSTAINED
    )
    assert found.counts == wanted
    assert found.abstained == {"Tamm": 1}
    assert found.holders[0] == "Ane Ruud"
    assert found.holders[-1] == "the writer"


def test_doubt_is_written_out() -> None:
    text = Page(article_page(ROWS, BOOK)).text
    assert text.count("unsure") >= 1
    assert "abstained" in text
    assert "44\u202f%" in text
    assert ">99\u202f%" in text
    assert "100\u202f%" not in text
    assert "broken characters" in text
    assert "set aside" in text
    assert "too long for the model" in text


def test_foreign_text_adds_nothing_to_the_page() -> None:
    source = article_page(ROWS, BOOK)
    clean = article_page(
        [replace(r, text=r.text.replace(EVIL, "x"), actor=r.actor.replace(EVIL, "x"),
                 speaker=r.speaker.replace(EVIL, "x")) for r in ROWS], BOOK
    )  # fmt: skip
    tags, calm = Counter(t for t, _ in Page(source).tags), Counter(t for t, _ in Page(clean).tags)
    assert tags["script"] == tags["img"] == 0
    assert tags - calm == Counter({"span": tags["span"] - calm["span"]})  # the marked override
    assert "\u202e" not in source
    source.encode("utf-8")
    assert all(address.startswith("#") for address in Page(source).addresses())


def test_several_articles_have_their_own_parts() -> None:
    page = Page(article_page([*ROWS, *make_article("Second")], BOOK))
    assert page.count("article") == 2
    assert "2 articles" in page.text
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert {a[1:] for a in page.addresses() if a.startswith("#")} <= set(ids)


def test_sentences_that_stand_alone_share_one_list() -> None:
    alone = [replace(ROW, article=f"id{at}", sentence=at, text=f"Line {at}.") for at in range(5)]
    found = views(alone, STANCES)
    assert len(found) == 1
    assert [line.number for line in found[0].lines] == [f"id{at}" for at in range(5)]


def test_paragraphs_open_where_the_offsets_leave_a_gap() -> None:
    lines = views(ROWS, STANCES)[0].lines
    assert [line.opens_paragraph for line in lines][:4] == [False, True, True, False]


def test_no_rows_and_unknown_labels() -> None:
    assert "0 articles" in article_page([], BOOK)
    with pytest.raises(InputError, match="not a stance label"):
        article_page([replace(ROW, stance="condeming")], BOOK)


def test_timeline_has_a_lane_a_holder_and_a_mark_a_labelled_row() -> None:
    found = timeline(views(ROWS, STANCES)[0], codes(STANCES.names))
    labelled = [row for row in ROWS if row.stance]
    assert len(found.marks) == len(labelled)
    assert set(found.lanes) == {row.actor or "the writer" for row in labelled}
    assert found.lanes[-1] == "the writer"
    assert all(mark.x >= 0 and mark.x + 22 <= found.width for mark in found.marks)
    assert all(mark.y + 18 <= found.height for mark in found.marks)
    assert len({(mark.x, mark.y) for mark in found.marks}) == len(found.marks)


def test_speakers_are_marked_only_where_there_is_no_doubt() -> None:
    row = replace(ROW, speaker="Tamm", target="it")
    assert '<span class="speaker">Tamm</span>' in marked("Then Tamm said it.", [row])
    assert "speaker" not in marked("Tamm met Tamm's sister.", [row])
    assert "target" not in marked("The writ stands.", [row])
    nested = replace(ROW, speaker="the mayor of Orsk", target="Orsk")
    assert marked("So the mayor of Orsk left.", [nested]).count("<span") == 1


@given(st.text())
def test_visible_text_holds_no_acting_character_and_loses_none_else(text: str) -> None:
    shown = str(visible(text))
    shown.encode("utf-8")
    assert Page(shown).count("bdi") == 1
    assert not set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\x00") & set(shown)
    assert {tag for tag, _ in Page(shown).tags} <= {"bdi", "span"}
    if text.isprintable() and not any(ord(char) > 0x2000 for char in text):
        assert Page(shown).text == text
    plain(text).encode("utf-8")


@given(st.lists(st.text("abc", min_size=1, max_size=6), min_size=1, max_size=8, unique=True))
def test_codes_are_prefixes_and_differ(names: list[str]) -> None:
    found = codes(names)
    assert all(name.startswith(code) for name, code in zip(names, found, strict=True))
    assert len(set(found)) == len(found)


@given(st.integers(0, 0xFFFFFF))
def test_labels_are_readable_on_both_papers(value: int) -> None:
    for scheme, ink in inks(Label("x", "", color=f"#{value:06x}")).items():
        assert contrast(ink.text, PAPER[scheme]) >= 4.5
        assert contrast(ink.text, ink.tint) >= 4.5
        text = {"light": "#1b1f24", "dark": "#e6e8eb"}[scheme]
        assert contrast(text, ink.tint) >= 4.5


def test_luminance_of_known_colours() -> None:
    assert luminance(rgb("#ffffff")) == pytest.approx(1)
    assert luminance(rgb("#ff0000")) == pytest.approx(0.2126)
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize(
    ("share", "wanted"), [(1.0, ">99"), (0.991, ">99"), (0.99, "99"), (0.5, "50"), (0.0, "<1")]
)
def test_percent_never_claims_certainty(share: float, wanted: str) -> None:
    assert percent(share) == f"{wanted}\u202f%"
