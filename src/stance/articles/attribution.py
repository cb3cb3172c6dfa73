"""Who holds what is said in each sentence: the rules, combined over the article.

Sentence by sentence the rules find cues and holders, and ``features`` says how far each is
believed; a pass over the quotations then gives every sentence of a quotation its speaker,
from the cue beside it or from who spoke last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from stance.articles.actors import Actors, AliasTable
from stance.articles.combine import Weights, candidates
from stance.articles.content import content_span, target_range
from stance.articles.phrases import Hit, Range, conjuncts
from stance.articles.quotes import Quotation, quotations
from stance.articles.rules import hits
from stance.articles.spread import Reading, spread
from stance.articles.subjects import first_subject
from stance.articles.tagging import Tagger
from stance.articles.tokens import Clause, tokenize
from stance.schema import Attribution, Quote, Sentence, Span

THRESHOLD = 0.35
"""A finding less probable than this on the training articles is not believed."""


def read(text: str, sentences: Sequence[Sentence], quotes: Sequence[Quotation]) -> list[Reading]:
    """Every sentence that is not boilerplate, with all findings, believed or not."""
    readings: list[Reading] = []
    first = 0
    for sentence in sentences:
        while first < len(quotes) and quotes[first].end <= sentence.start:
            first += 1
        if sentence.boilerplate:
            continue
        speech: list[int] = []
        pieces = 0
        k = first
        while k < len(quotes) and quotes[k].start < sentence.end:
            # A title or a few words in marks are part of the sentence, not a voice.
            if quotes[k].fragment and quotes[k].start >= sentence.start:
                pieces += 1
            else:
                speech.append(k)
            k += 1
        clause = tokenize(text, sentence, quotes, speech)
        if any(not quotes[k].embedded or quotes[k].start < sentence.start for k in speech):
            kind = Quote.DIRECT
        else:
            kind = Quote.MIXED if speech or pieces else Quote.INDIRECT
        readings.append(Reading(clause, tuple(speech), kind, tuple(hits(clause))))
    return readings


def attribute(
    text: str,
    sentences: Sequence[Sentence],
    aliases: AliasTable | None = None,
    tagger: Tagger | None = None,
) -> list[Attribution]:
    """Attributions in the order of the sentences; at least one for each that is not boilerplate.

    A sentence in which nobody but the writer speaks has one with ``actor`` empty and rule
    ``writer``; one whose speaker the text leaves out ("was expected to") has ``actor`` empty
    and the rule that found it. Several holders give several, each with its own cue.
    ``confidence`` is the probability, fitted on annotated training articles, that the holder
    is right. A ``tagger`` adds what it finds and corrects the rules where it is surer.
    """
    quotes = quotations(text, sentences)
    readings = read(text, sentences, quotes)
    if tagger is not None:
        tags = tagger.tag([reading.clause.sentence.text for reading in readings])
        readings = [replace(r, tagged=tagged) for r, tagged in zip(readings, tags, strict=True)]
    weights = tagger.weights if tagger is not None else None
    actors = Actors.of((reading.clause for reading in readings), text, aliases or AliasTable())
    found = [_believed(text, reading, actors, weights) for reading in readings]
    spread(readings, found, quotes)
    result: list[Attribution] = []
    for reading, attributions in zip(readings, found, strict=True):
        result += attributions or [Attribution(reading.clause.sentence.index, "")]
    return result


def _believed(
    text: str, reading: Reading, actors: Actors, weights: Weights | None
) -> list[Attribution]:
    clause = reading.clause
    believed: list[tuple[Hit, Range | None, float]] = []
    for item in candidates(clause, reading.hits, reading.tagged, weights):
        if item.attributed >= THRESHOLD:
            hit = item.hit
            holders = [None] if hit.holder is None else conjuncts(clause, hit.holder)
            believed += [(hit, holder, item.right) for holder in holders]
    places = _mentions(clause, [holder for _, holder, _ in believed if holder is not None])
    named = {place: _actor(text, clause, place, subject, actors) for place, subject in places}
    chosen: dict[str, Attribution] = {}
    for hit, holder, right in believed:
        actor = named[holder] if holder is not None else ""
        kept = chosen.get(actor.casefold())
        if kept is None or kept.confidence < right:
            chosen[actor.casefold()] = _attribution(text, reading, hit, holder, actor, right)
    if len(chosen) > 1:
        chosen.pop("", None)
    return list(chosen.values())


def _attribution(
    text: str, reading: Reading, hit: Hit, holder: Range | None, actor: str, right: float
) -> Attribution:
    clause = reading.clause

    def span(place: Range | None) -> Span | None:
        return None if place is None else (clause.start[place[0]], clause.end[place[1] - 1])

    def words(place: Span | None) -> str:
        return "" if place is None else text[place[0] : place[1]]

    speaker, cue, target = span(holder), span(hit.cue), span(target_range(clause, hit))
    return Attribution(
        sentence=clause.sentence.index,
        actor=actor,
        speaker=words(speaker),
        cue=words(cue),
        quote=reading.quote,
        speaker_span=speaker,
        cue_span=cue,
        content_span=content_span(clause, hit),
        target=words(target),
        target_span=target,
        rule=hit.rule,
        confidence=round(right, 4),
    )


def _mentions(clause: Clause, holders: list[Range]) -> list[tuple[Range, bool]]:
    """Phrases that pronouns may point back to, in order; subjects and holders are marked."""
    subjects = set(holders)
    main = first_subject(clause)
    if main is not None and not any(a < main[1] and main[0] < b for a, b in subjects):
        subjects.add(main)
    places = [(place, True) for place in subjects]
    covered = [False] * (len(clause) + 1)
    for a, b in subjects:
        covered[a:b] = [True] * (b - a)
    i = 0
    while i < len(clause):
        if clause.kind[i] == "N" and not covered[i]:
            j = i
            while j < len(clause) and clause.kind[j] == "N" and not covered[j]:
                j += 1
            places.append(((i, j), False))
            i = j
        i += 1
    return sorted(places)


def _actor(text: str, clause: Clause, place: Range, subject: bool, actors: Actors) -> str:
    first, last = place
    at, index = clause.start[first], clause.sentence.index
    if last - first == 1 and clause.kind[first] in "OGR":
        word = clause.word[first].partition("'")[0]
        return actors.pronoun(word, index, at)
    phrase = text[at : clause.end[last - 1]]
    beside = _beside(text, clause, last)
    if beside and (
        clause.kind[last - 1] == "L"
        or not text[at].isupper()
        or " " not in phrase
        or phrase[:4] in ("The ", "the ")
    ):
        actor = actors.described_as(phrase, beside)
        return actors.mention(actor, subject=subject, sentence=index, at=at)
    if clause.kind[first] == "G":
        # "his spokesman": the owner belongs to the name.
        owner = actors.pronoun(clause.word[first], index, at)
        rest = text[clause.start[first + 1] : clause.end[last - 1]]
        if owner and owner != clause.word[first]:
            phrase = f"{owner}'s {rest}"
            actors.mention(owner, subject=False, sentence=index, at=at)
            return phrase
    return actors.mention(phrase, subject=subject, sentence=index, at=at)


def _beside(text: str, clause: Clause, last: int) -> str:
    """The name between commas after a description: ``the mayor of Karsa, Anna Petra, said``."""
    if last >= len(clause) or clause.kind[last] != ",":
        return ""
    end = last + 1
    while end < len(clause) and clause.kind[end] == "N":
        end += 1
    closed = end >= len(clause) or clause.kind[end] in ",;"
    if not closed or not 2 <= end - last - 1 <= 5:
        return ""
    return text[clause.start[last + 1] : clause.end[end - 1]]
