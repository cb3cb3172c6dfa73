"""Sentences: coverage of every character, and the errors that splitters are known for."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stance.articles.boilerplate import is_boilerplate
from stance.articles.segment import segment
from stance.schema import Sentence


def prose(text: str) -> list[str]:
    return [s.text for s in segment(text) if not s.boilerplate]


def furniture(text: str) -> list[str]:
    return [s.text for s in segment(text) if s.boilerplate]


def check_cover(text: str, sentences: list[Sentence]) -> None:
    covered = [0] * len(text)
    for number, s in enumerate(sentences):
        assert s.index == number
        assert text[s.start : s.end] == s.text
        for at in range(s.start, s.end):
            covered[at] += 1
    assert [s.start for s in sentences] == sorted(s.start for s in sentences)
    for char, times in zip(text, covered, strict=True):
        assert times == 1 if not char.isspace() else times <= 1


ANY_TEXT = st.text(
    st.one_of(
        st.characters(codec=None),
        st.sampled_from(
            list(" \n\r\t.!?…\"'“”‘’«»„()[]—-,:;0Aa\u2028\u0085\ufeff\u200b\x00\ud800é\u0301")
        ),
    ),
    max_size=200,
)


@settings(max_examples=300, deadline=None)
@given(ANY_TEXT)
def test_every_character_is_in_exactly_one_sentence(text: str) -> None:
    check_cover(text, segment(text))


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffOne line.\r\nTwo lines.\r\n",
        "A\u2028B. C\u0085D.",
        "nul\x00inside. Next.",
        "zero\u200bwidth. Café e\u0301. 👩‍👩‍👧 went.",
        "گفت که می‌رود. او رفت؟ بله.",
        "lone \ud800 surrogate. Next.",
    ],
)
def test_odd_characters_keep_their_place(text: str) -> None:
    check_cover(text, segment(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Sen. Odo Varr, R-S.C., spoke. He left.", ["Sen. Odo Varr, R-S.C., spoke.", "He left."]),
        ("Maj. Gen. Lew J. Austen III met Dr. Ode. She left.",
         ["Maj. Gen. Lew J. Austen III met Dr. Ode.", "She left."]),
        ("It left the U.S. on Jan. 20. The U.N. knew.", ["It left the U.S. on Jan. 20.", "The U.N. knew."]),
        ("They met in the U.S. The talks failed.", ["They met in the U.S.", "The talks failed."]),
        ("The firm Dall Inc. grew. It paid $3.5 million.", ["The firm Dall Inc. grew.", "It paid $3.5 million."]),
        ('"We go. They stay," he said. "Good."', ['"We go.', 'They stay," he said.', '"Good."']),
        ('"Why now?" Oluk asked. Nobody knew.', ['"Why now?" Oluk asked.', "Nobody knew."]),
        ('"Why now?" he asked. Nobody knew.', ['"Why now?" he asked.', "Nobody knew."]),
        ("“Stop!” she cried. «Non.» Il part.", ["“Stop!” she cried.", "«Non.»", "Il part."]),
        ("He paused … and went on. Then ... nothing.", ["He paused … and went on.", "Then ... nothing."]),
        ("他说好。她走了。", ["他说好。", "她走了。"]),
        ("At 5 p.m. he left. (He came back.) It rained.",
         ["At 5 p.m. he left.", "(He came back.)", "It rained."]),
    ],
)  # fmt: skip
def test_boundaries(text: str, expected: list[str]) -> None:
    assert prose(text) == expected


def test_a_line_broken_in_mid_sentence_is_joined_and_kept() -> None:
    text = "The envoy said that the talks\nwould resume. They did.\n\nA new day began."
    sentences = segment(text)
    assert [s.text for s in sentences] == [
        "The envoy said that the talks\nwould resume.", "They did.", "A new day began.",
    ]  # fmt: skip
    assert [s.paragraph for s in sentences] == [0, 0, 1]


def test_a_hard_wrapped_paragraph_is_one_paragraph() -> None:
    text = (
        "The harbour council of Vessa met again on Tuesday to speak about\n"
        "the price of ice, which has doubled since the winter. Captain\n"
        "Runa Holm said the fleet could not pay. The council of\n"
        "Vessa gave no answer.\n"
    )
    sentences = segment(text)
    assert {s.paragraph for s in sentences} == {0}
    assert sentences[1].text == "Captain\nRuna Holm said the fleet could not pay."


def test_list_items_and_headings_stand_alone() -> None:
    text = "What we know\nThe raid began at two.\n- one bridge fell\n- two roads closed\n1. First point\n"
    assert prose(text) == [
        "What we know", "The raid began at two.", "- one bridge fell", "- two roads closed",
        "1. First point",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "line",
    [
        "Read More:", "Read more: Five things about the raid", "Share this article", "Advertisement",
        "By Mira Holt and Sten Ode", "Published 4 March 2031", "Thursday, March 28, 2031",
        "10:45 a.m.", "21.32 GMT", "3 hours ago", "Photo: Sten Ode/OPA", "Facebook Twitter WhatsApp",
        "(Reporting by Mira Holt; Editing by Sten Ode)", "* * *", "Follow us on Twitter",
        "© 2031 The Karsa Courier", "Related articles", "https://example.org/a?b=c",
    ],
)  # fmt: skip
def test_furniture_of_the_page(line: str) -> None:
    assert is_boilerplate(line)


@pytest.mark.parametrize(
    "line",
    [
        "By Monday the bridge had fallen.", "Share prices fell.", "Read the letter, he said.",
        "Sources said the raid failed.", "May 4 was a bad day for the fleet.",
        "Comments by the envoy angered the ministry.", "Photographs showed the bridge.",
        "Print workers walked out.", "More than 40 died.", "Email records show the order.",
    ],
)  # fmt: skip
def test_prose_is_not_furniture(line: str) -> None:
    assert not is_boilerplate(line)


def test_datelines_and_clock_times_are_set_apart() -> None:
    assert furniture("KARSA, Ostvia (OPA) — The raid failed.") == ["KARSA, Ostvia (OPA) —"]
    assert furniture("KARSA, 4 March (OPA) — The raid failed.") == ["KARSA, 4 March (OPA) —"]
    assert furniture("10:45 The minister has arrived.") == ["10:45"]
    assert prose("KARSA — The raid failed.") == ["The raid failed."]


def test_a_caption_is_set_apart() -> None:
    assert prose("The bridge at Dellin in spring. Image: Sten Ode.\n\nIt fell.") == ["It fell."]


@pytest.mark.parametrize(
    "unit", ["“", '" ', " ", "ABC", "Abc ", "the man went on ", ".", "so it goes on\n", "Mr. "]
)
def test_time_grows_with_the_text_and_no_faster(unit: str) -> None:
    def seconds(size: int) -> float:
        text = unit * (size // len(unit))
        begun = time.process_time()
        segment(text)
        return time.process_time() - begun

    seconds(1000)
    small = min(seconds(100_000) for _ in range(3))
    large = min(seconds(1_000_000) for _ in range(2))
    assert large < 2.0
    assert large <= 12 * max(small, 0.05)
