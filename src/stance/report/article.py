"""Label rows arranged for reading: articles, their sentences, and who takes which stance."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from stance.codebook import LabelSet, parse_codebook
from stance.report.colors import variables
from stance.report.markup import environment, shown
from stance.schema import Prediction, Quote, Status

WRITER = "the writer"
UNSURE_BELOW = 0.5
_LABELLED = (Status.OK, Status.TRUNCATED_ACTOR)
_PARAGRAPH_GAP = 2
_NOTES = {
    Status.BOILERPLATE: "set aside: not part of the article's text",
    Status.EMPTY: "empty: nothing to label",
    Status.INVALID_TEXT: "not labelled: the text holds broken characters",
}
_QUOTES = {
    Quote.DIRECT: "direct quotation",
    Quote.INDIRECT: "indirect speech",
    Quote.MIXED: "partly quoted",
}


@dataclass(frozen=True, slots=True)
class Holder:
    """One row: a holder's stance in one sentence. ``at`` is the label's id, -1 without one."""

    row: Prediction
    at: int

    @property
    def name(self) -> str:
        return self.row.actor or WRITER

    @property
    def labelled(self) -> bool:
        return self.at >= 0 and self.row.status in _LABELLED

    @property
    def abstained(self) -> bool:
        return self.row.status == Status.ABSTAINED

    @property
    def unsure(self) -> bool:
        """Whether the model itself holds its label to be more likely wrong than right."""
        sure = self.row.stance_probability
        return self.at >= 0 and (self.abstained or (sure is not None and sure < UNSURE_BELOW))

    @property
    def note(self) -> str:
        if self.row.status == Status.TRUNCATED_ACTOR:
            return "the sentence is too long for the model to have seen this holder in it"
        return _NOTES.get(Status(self.row.status), "")

    @property
    def how(self) -> str:
        return _QUOTES.get(Quote(self.row.quote), "") if self.row.quote else ""


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence with all its holders."""

    number: str
    anchor: str
    text: Markup
    holders: tuple[Holder, ...]
    opens_paragraph: bool
    boilerplate: bool

    @property
    def coloured(self) -> tuple[Holder, ...]:
        return tuple(holder for holder in self.holders if holder.at >= 0)


@dataclass(frozen=True, slots=True)
class Matrix:
    """Rows of labels by holder: counts in label order, then what was abstained from."""

    holders: tuple[str, ...]
    labels: tuple[int, ...]
    counts: Mapping[tuple[str, int], int]
    abstained: Mapping[str, int]

    @property
    def largest(self) -> int:
        return max(self.counts.values(), default=0)

    def total(self, holder: str) -> int:
        return sum(self.counts.get((holder, label), 0) for label in self.labels)


@dataclass(frozen=True, slots=True)
class View:
    """One article."""

    name: str
    anchor: str
    lines: tuple[Line, ...]

    @property
    def holders(self) -> list[Holder]:
        return [holder for line in self.lines for holder in line.holders]


def views(rows: Sequence[Prediction], stances: LabelSet) -> list[View]:
    """Arrange rows by article, in the order of the articles and of their sentences.

    Sentences that were labelled alone (each an article of its own) are put in one list.
    """
    articles: dict[str, list[Prediction]] = {}
    for row in rows:
        articles.setdefault(row.article, []).append(row)
    alone = len(articles) > 1 and all(
        len({row.sentence for row in found}) == 1 and found[0].start == 0
        for found in articles.values()
    )
    if alone:
        return [_view(f"{len(articles)} sentences", "a1", rows, stances, alone=True)]
    return [
        _view(name, f"a{number}", found, stances, alone=False)
        for number, (name, found) in enumerate(articles.items(), 1)
    ]


def _view(
    name: str, anchor: str, rows: Sequence[Prediction], stances: LabelSet, *, alone: bool
) -> View:
    sentences: dict[tuple[object, ...], list[Prediction]] = {}
    for row in sorted(rows, key=lambda row: (row.sentence, row.start)):
        key = (row.sentence, row.start, row.end, row.article)
        sentences.setdefault(key, []).append(row)
    lines: list[Line] = []
    end = 0
    for number, found in enumerate(sentences.values(), 1):
        first = found[0]
        lines.append(
            Line(
                number=first.article if alone else str(number),
                anchor=f"{anchor}-{number}",
                text=marked(first.text, found),
                holders=tuple(Holder(row, _label(row, stances)) for row in found),
                opens_paragraph=not alone and first.start - end >= _PARAGRAPH_GAP,
                boilerplate=first.status == Status.BOILERPLATE,
            )
        )
        end = first.end
    return View(name, anchor, tuple(lines))


def _label(row: Prediction, stances: LabelSet) -> int:
    return stances.id(row.stance) if row.stance else -1


def marked(text: str, rows: Iterable[Prediction]) -> Markup:
    """Return a sentence with its speakers and targets marked where they stand only once.

    Rows carry a speaker as written but not where; a word that stands twice stays unmarked
    rather than be marked in the wrong place.
    """
    spans: list[tuple[int, int, str]] = []
    for row in rows:
        for words, kind in ((row.speaker, "speaker"), (row.target, "target")):
            start = _only_place(text, words)
            if start < 0:
                continue
            end = start + len(words)
            if all(end <= left or start >= right for left, right, _ in spans):
                spans.append((start, end, kind))
    parts = []
    at = 0
    for start, end, kind in sorted(spans):
        mark = Markup('<span class="{}">{}</span>').format(kind, shown(text[start:end]))
        parts += [shown(text[at:start]), mark]
        at = end
    return Markup("").join([*parts, shown(text[at:])])


def _only_place(text: str, words: str) -> int:
    if not words:
        return -1
    found = re.finditer(rf"(?<!\w){re.escape(words)}(?!\w)", text)
    places = [match.start() for match in found]
    return places[0] if len(places) == 1 else -1


def matrix(holders: Sequence[Holder], stances: LabelSet) -> Matrix:
    """Count labels by holder; holders with most rows first, the writer last."""
    counts: Counter[tuple[str, int]] = Counter()
    abstained: Counter[str] = Counter()
    rows: Counter[str] = Counter()
    for holder in holders:
        if holder.labelled:
            counts[holder.name, holder.at] += 1
        elif holder.abstained:
            abstained[holder.name] += 1
        else:
            continue
        rows[holder.name] += 1
    names = sorted(rows, key=lambda name: (name == WRITER, -rows[name], name))
    return Matrix(tuple(names), tuple(range(len(stances))), counts, abstained)


def codes(names: Sequence[str]) -> list[str]:
    """Return each label's shortest prefix, of two letters or more, that no other label has."""
    found = []
    for name in names:
        others = [other for other in names if other != name]
        size = next(
            (
                size
                for size in range(2, len(name) + 1)
                if not any(other.startswith(name[:size]) for other in others)
            ),
            len(name),
        )
        found.append(name[:size])
    return found


CELL = 26
ROW = 24
_TICK_EVERY = 5
_HEAD = 16


@dataclass(frozen=True, slots=True)
class Mark:
    """One mark: where, which label, and what a reader who points at it is told."""

    x: int
    y: int
    holder: Holder
    code: str
    anchor: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A sentence number above the lanes."""

    x: int
    text: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """Lanes in the order in which the holders first speak; sizes in CSS pixels."""

    lanes: tuple[str, ...]
    marks: tuple[Mark, ...]
    ticks: tuple[Tick, ...]
    width: int
    height: int
    description: str


def timeline(view: View, codes: Sequence[str]) -> Timeline:
    """Lay out one article; only rows with a label are marked.

    The writer's neutral sentences are what the speakers interrupt, so the writer has the last
    lane, and only where some row of the writer has a label.
    """
    spoken: dict[str, int] = {}
    placed: list[tuple[int, Holder, str, str]] = []
    for position, line in enumerate(view.lines):
        for holder in line.coloured:
            spoken[holder.name] = spoken.get(holder.name, 0) + 1
            placed.append((position, holder, line.anchor, line.number))
    lanes = sorted(spoken, key=lambda name: name == WRITER)
    marks = tuple(
        Mark(
            x=position * CELL + 2,
            y=_HEAD + lanes.index(holder.name) * ROW + 3,
            holder=holder,
            code=codes[holder.at],
            anchor=anchor,
            sentence=number,
        )
        for position, holder, anchor, number in placed
    )
    ticks = tuple(
        Tick(position * CELL + CELL // 2, line.number)
        for position, line in enumerate(view.lines)
        if position == 0 or (position + 1) % _TICK_EVERY == 0
    )
    speakers = [name for name in lanes if name != WRITER]
    most = max(speakers, key=lambda name: spoken[name], default="")
    description = f"{len(lanes)} lanes over {len(view.lines)} sentences."
    if most:
        description += f" {most} has most sentences, {spoken[most]}."
    return Timeline(
        tuple(lanes),
        marks,
        ticks,
        max(1, len(view.lines)) * CELL + 4,
        _HEAD + len(lanes) * ROW + 2,
        description,
    )


def article_page(rows: Sequence[Prediction], codebook: Mapping[str, Any]) -> str:
    """Return one self-contained HTML page of one or several labelled articles.

    Sentences stand in their order, coloured by the codebook's colours, each with its holders
    beside it. What a reader could take for more than it is is said in words: labels the model
    doubts itself, sentences set aside, rows without a label.

    Args:
        rows: label rows of any number of articles.
        codebook: the parsed YAML of the codebook that the labels come from.

    Raises:
        ConfigError: the codebook is not one.
        InputError: a row's stance is not in it.
    """
    book = parse_codebook(codebook, source="codebook")
    stances = book.stance
    articles = views(rows, stances)
    short = codes(stances.names)
    labels = {"stance": stances.labels}
    return (
        environment()
        .get_template("article.html.jinja")
        .render(
            title=articles[0].name if len(articles) == 1 else f"{len(articles)} articles",
            articles=[
                (view, matrix(view.holders, stances), timeline(view, short)) for view in articles
            ],
            together=matrix(_holders(articles), stances) if len(articles) > 1 else None,
            labels=stances.labels,
            default=stances.id(stances.default),
            codes=short,
            codebook=book,
            counts=_counts(rows, articles),
            unsure_below=UNSURE_BELOW,
            light=variables(labels, "light"),
            dark=variables(labels, "dark"),
        )
    )


def _counts(rows: Sequence[Prediction], articles: Sequence[View]) -> dict[str, int]:
    """Count what the page holds; the words are the page's own, zero counts are left out."""
    status = Counter(row.status for row in rows)
    unsure = sum(holder.unsure and not holder.abstained for holder in _holders(articles))
    counts = {
        "sentences": sum(len(view.lines) for view in articles),
        "holders": len({row.actor for row in rows if row.actor}),
        "labelled rows": status[Status.OK] + status[Status.TRUNCATED_ACTOR],
        "of these unsure": unsure,
        "abstained": status[Status.ABSTAINED],
        "set aside": status[Status.BOILERPLATE],
        "without readable text": status[Status.EMPTY] + status[Status.INVALID_TEXT],
    }
    return {name: count for name, count in counts.items() if count}


def _holders(articles: Sequence[View]) -> list[Holder]:
    return [holder for view in articles for holder in view.holders]
