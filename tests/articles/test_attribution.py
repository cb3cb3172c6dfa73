"""Who speaks: the forms of attribution one by one, and a whole article."""

from __future__ import annotations

import gc
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stance.articles.actors import AliasTable
from stance.articles.attribution import attribute
from stance.articles.segment import segment
from stance.schema import Attribution, Quote


def run(text: str, aliases: AliasTable | None = None) -> list[Attribution]:
    return attribute(text, segment(text), aliases)


def actors(text: str) -> list[str]:
    """The actors of each sentence, joined by a plus sign."""
    sentences = [s for s in segment(text) if not s.boilerplate]
    found = run(text)
    return ["+".join(sorted(a.actor for a in found if a.sentence == s.index)) for s in sentences]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The talks failed, Anna Petra said.", ["Anna Petra"]),
        ('"The talks failed," said Anna Petra, the mayor of Karsa.', ["Anna Petra"]),
        ('"The talks failed," Petra told reporters, "and we knew it would."', ["Petra"]),
        ("Anna Petra, the mayor of Karsa, said that the talks had failed.", ["Anna Petra"]),
        ("The mayor of Karsa, Anna Petra, said that the talks had failed.", ["Anna Petra"]),
        ("Sen. Odo Varr (R-Dell.) said the talks had failed.", ["Odo Varr"]),
        ("The bridge fell at noon, according to the harbour police.", ["harbour police"]),
        ("The raid was condemned by the harbour union.", ["harbour union"]),
        ("Critics blamed the council for the fire.", ["critics"]),
        ("Several officials said the raid had failed.", ["Several officials"]),
        ("Anna Petra accused the council of lying.", ["Anna Petra"]),
        ("Anna Petra praised the crew.", ["Anna Petra"]),
        ("The ministry rejected the offer.", ["ministry"]),
        ("Anna Petra called on the army to leave.", ["Anna Petra"]),
        ("The bridge fell at noon.", [""]),
        ("Rain is heavy in the north of the island.", [""]),
        ("Anna Petra said the plan was dead, while Sten Ode said it would live.", ["Anna Petra+Sten Ode"]),
        ("Residents who saw the fire said it began at noon.", ["residents"]),
    ],
)  # fmt: skip
def test_one_sentence(text: str, expected: list[str]) -> None:
    found = actors(text)
    assert [a.casefold() for a in found] == [e.casefold() for e in expected]


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ('The strikes "were a direct response to a raid" on Dellin, she said in a statement.', "The strikes"),
        ("The raid was an outrage, the ministry said on Monday.", "The raid"),
        ("In a statement, the ministry said the raid was an outrage.", "the raid"),
        ("On Monday, the ministry said that the raid was an outrage.", "the raid"),
        ("The ministry condemned overnight air strikes on two depots.", "overnight air strikes"),
        ("The ministry condemned the night raid on Dellin.", "the night raid"),
    ],
)  # fmt: skip
def test_what_the_words_are_about(text: str, target: str) -> None:
    assert [a.target for a in run(text)] == [target]


def test_a_quotation_of_several_sentences_has_one_speaker() -> None:
    text = '"We knew. We waited. Nobody came," Anna Petra said. "It was too late."'
    assert actors(text) == ["Anna Petra"] * 4
    assert [a.quote for a in run(text)] == [Quote.DIRECT] * 4


def test_a_quotation_goes_on_across_paragraphs() -> None:
    text = 'Anna Petra spoke at noon.\n\n"We waited.\n\n"Nobody came," she said.'
    assert actors(text)[1:] == ["Anna Petra", "Anna Petra"]


def test_pronouns_surnames_and_offices_lead_to_one_actor() -> None:
    text = (
        "Foreign Minister Anna Petra said the talks had failed. She blamed the weather. "
        "Mr. Sten Ode said he was sorry. Petra added that more would follow. "
        "The minister declined to comment further."
    )
    assert actors(text) == ["Anna Petra", "Anna Petra", "Sten Ode", "Anna Petra", "Anna Petra"]


def test_an_acronym_is_its_name() -> None:
    text = (
        "The Dellin Harbour Union (DHU) called for a strike. The ships stayed in port. "
        "The DHU said it would not give in."
    )
    assert actors(text)[2] == "Dellin Harbour Union"


def test_titles_and_scare_quotes_are_nobodys_words() -> None:
    assert actors('The film "The Last Bridge" opens today.') == [""]
    assert actors('The so-called "ghost fleet" left port.') == [""]


def test_a_quoted_fragment_makes_the_sentence_mixed() -> None:
    (found,) = run('Anna Petra called the raid "an act of madness" and left.')
    assert (found.actor, found.quote) == ("Anna Petra", Quote.MIXED)


def test_an_agentless_passive_has_no_holder_but_is_found() -> None:
    (found,) = run("The envoy is expected to resign on Monday.")
    assert found.actor == ""
    assert found.rule == "agentless"


def test_aliases_name_the_actor() -> None:
    table = AliasTable({"petra": "Petra, Anna", "anna petra": "Petra, Anna"})
    assert [a.actor for a in run("Anna Petra said no. Petra left, she said.", table)] == [
        "Petra, Anna"
    ] * 2


def test_spans_index_the_raw_text() -> None:
    text = "\ufeffCaf\u00e9 news.\r\n\r\n“Nobody came,”\u00a0Anna Petra said. 👩‍👩‍👧\r\n"
    found = [a for a in run(text) if a.actor]
    assert found
    for a in found:
        if a.speaker_span:
            assert text[slice(*a.speaker_span)] == a.speaker
        if a.cue_span:
            assert text[slice(*a.cue_span)] == a.cue
        if a.target_span:
            assert text[slice(*a.target_span)] == a.target
        assert a.content_span is None or 0 <= a.content_span[0] < a.content_span[1] <= len(text)


FOUNDING = """\
Ostvia summons envoy after night raid

By Mira Holt, Karsa

KARSA, Ostvia (OPA) — Ostvia's foreign ministry on Monday condemned the night raid on the border \
town of Dellin, calling it "a crime against sleeping families."

"What was done in Dellin cannot be justified by any rule of war. We will not be silent about it," \
ministry spokesman Taren Oluk told reporters. "Those who gave the order will answer for it."

He, furthermore, added that the government of Vestmark had ignored
three written warnings since January.

"They were told. They were told again.

"They chose to act as if nobody had spoken," Oluk said.

Read More: Five things to know about the Dellin raid

The Vestmark defence minister, Ilse Brandt, rejected the charge on Tuesday. "Our forces struck a \
weapons depot, and nothing else," she said in a televised address. "We regret any loss of life."

According to the minister, the depot had been used to arm the Dellin militia.

"Ostvia is inventing victims," Brandt said, "and the council knows it."

The raid began shortly after two in the morning.

Share this article
"""


def test_a_whole_article_is_fully_right() -> None:
    sentences = segment(FOUNDING)
    kept = {s.index: s for s in sentences if not s.boilerplate}
    assert [s.text for s in sentences if s.boilerplate] == [
        "By Mira Holt, Karsa", "KARSA, Ostvia (OPA) —",
        "Read More: Five things to know about the Dellin raid", "Share this article",
    ]  # fmt: skip
    found = [a for a in run(FOUNDING) if a.sentence in kept]
    body = [(kept[a.sentence].text.split()[0].strip('"'), a.actor, a.quote.value) for a in found][
        1:
    ]
    oluk, brandt = "Taren Oluk", "Ilse Brandt"
    assert body == [
        ("Ostvia's", "Ostvia's foreign ministry", "mixed"),
        ("What", oluk, "direct"), ("We", oluk, "direct"), ("Those", oluk, "direct"),
        ("He,", oluk, "indirect"),
        ("They", oluk, "direct"), ("They", oluk, "direct"), ("They", oluk, "direct"),
        ("The", brandt, "indirect"), ("Our", brandt, "direct"), ("We", brandt, "direct"),
        ("According", brandt, "indirect"), ("Ostvia", brandt, "direct"),
        ("The", "", "none"),
    ]  # fmt: skip
    joined = next(s for s in kept.values() if s.text.startswith("He,"))
    assert "ignored\nthree" in joined.text


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.text(max_size=20),
            st.sampled_from(
                ["Anna Petra", "said", "“", "”", '"', "'", ", ", ". ", "\n\n", "he", "was condemned by",
                 "that", "according to", "who", "the", "\ud800", "''", "(", ")", ": ", "claim of"]
            ),
        ),
        max_size=40,
    ).map(" ".join)
)  # fmt: skip
def test_any_text_gets_attributions_in_bounds(text: str) -> None:
    sentences = segment(text)
    found = attribute(text, sentences)
    wanted = {s.index for s in sentences if not s.boilerplate}
    assert {a.sentence for a in found} == wanted
    by_index = {s.index: s for s in sentences}
    for a in found:
        assert 0.0 <= a.confidence <= 1.0
        for span, said in (
            (a.speaker_span, a.speaker),
            (a.cue_span, a.cue),
            (a.target_span, a.target),
        ):
            if span is not None:
                assert text[slice(*span)] == said
                sentence = by_index[a.sentence]
                assert sentence.start <= span[0] < span[1] <= sentence.end


@pytest.mark.parametrize(
    "unit",
    [
        "“",
        '" ',
        " ",
        "Abc ",
        "the man said that they go ",
        "'a ",
        "was said by ",
        "Petra's ",
        "(a ",
    ],
)
def test_time_grows_with_the_text_and_no_faster(unit: str) -> None:
    def seconds(size: int) -> float:
        text = unit * (size // len(unit))
        sentences = segment(text)
        gc.collect()
        gc.disable()  # its passes go over all that other tests left, at any moment
        try:
            begun = time.process_time()
            attribute(text, sentences)
            return time.process_time() - begun
        finally:
            gc.enable()

    seconds(1000)
    small, large = [], []
    for _ in range(8):  # a neighbour's work only ever adds, so the least of several is the cost
        small.append(seconds(100_000))
        large.append(seconds(1_000_000))
        if min(large) < 2.0 and min(large) <= 12 * max(min(small), 0.05):
            return
    pytest.fail(f"{min(large):.2f} s for ten times the text of {min(small):.2f} s")


def test_the_article_half_loads_nothing_heavy() -> None:
    code = (
        "import sys; import stance.articles.attribution, stance.articles.segment, stance.articles.read;"
        "print([m for m in ('torch', 'spacy', 'pandas', 'trafilatura', 'sklearn') if m in sys.modules])"
    )
    import subprocess

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
