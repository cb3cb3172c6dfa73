"""Articles to predictions: who says what, towards what, in every sentence, and how surely.

Streams: articles are read, attributed and labelled a handful at a time, so memory does not
grow with their number. Nothing here imports torch; a transformer runs from its export.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import IO, Any

import numpy as np

from stance.articles.actors import AliasTable
from stance.articles.affiliation import affiliations, is_report, side_of
from stance.articles.attribution import attribute
from stance.articles.segment import segment
from stance.articles.tagging import Tagger
from stance.codebook import SENTIMENT, STANCE, parse_codebook
from stance.errors import InputError
from stance.files import CsvWriter, atomic_path, spreadsheet_safe
from stance.models.store import StoredModel
from stance.models.transformer.inputs import locate
from stance.schema import Article, Attribution, Example, Prediction, Quote, Sentence, Span, Status

_TOGETHER = 8  # articles labelled in one go
_REPLACEMENT = "\ufffd"


@dataclass(frozen=True, slots=True)
class _Unit:
    """One (sentence, holder) before it has a label."""

    article: Article
    sentence: Sentence
    holder: Attribution
    status: Status
    affiliation: str = ""
    side: str = ""


def label_articles(
    articles: Iterable[Article],
    model: StoredModel,
    *,
    aliases: AliasTable | None = None,
    tagger: Tagger | None = None,
    abstain_below: float = 0.0,
) -> Iterator[list[Prediction]]:
    """Yield each article's rows, in the order of its sentences.

    Args:
        tagger: corrects the attribution rules where it is surer; rules alone where None.
        abstain_below: rows whose stance probability is lower get status ``abstained``; their
            most probable label stays readable.
    """
    waiting: list[list[_Unit]] = []
    for article in articles:
        waiting.append(units(article, aliases, tagger))
        if len(waiting) == _TOGETHER:
            yield from _label(waiting, model, abstain_below)
            waiting = []
    yield from _label(waiting, model, abstain_below)


def abstention_point(
    model: StoredModel, *, precision: float | None = None, abstain_below: float = 0.0
) -> float:
    """Return the stance probability to abstain below: as stored for a precision, or as given.

    Raises:
        InputError: both are asked for.
        ModelError: the model has no threshold for that precision.
    """
    if precision is None:
        return abstain_below
    if abstain_below > 0:
        raise InputError("give either a precision or a probability to abstain below, not both")
    return model.threshold(precision)


def units(
    article: Article, aliases: AliasTable | None = None, tagger: Tagger | None = None
) -> list[_Unit]:
    """Split an article and attribute its sentences; every sentence gives at least one unit."""
    # Half characters cannot be tokenised. They are read as one replacement character each, so
    # that offsets stay, and their sentences are reported instead of labelled.
    readable = "".join(_REPLACEMENT if _is_surrogate(char) else char for char in article.text)
    sentences = segment(readable)
    found = attribute(readable, sentences, aliases, tagger)
    houses = affiliations(readable, found, aliases)
    sides = {name: side_of(name, house, aliases) for name, house in houses.items()}
    holders: dict[int, list[Attribution]] = {}
    for holder in found:
        if is_report(holder):  # by the codebook the writer's, whatever else it is cited for
            holder = replace(
                holder, actor="", speaker="", speaker_span=None, target="", target_span=None,
                quote=Quote.NONE, rule="outlet",
            )  # fmt: skip
        holders.setdefault(holder.sentence, []).append(holder)
    result = []
    for sentence in sentences:
        raw = article.text[sentence.start : sentence.end]
        status = _status(raw, sentence)
        for holder in holders.get(sentence.index, [Attribution(sentence.index, "")]):
            name = holder.actor
            side = sides[name] if name in sides else side_of(name, "", aliases)
            result.append(_Unit(article, sentence, holder, status, houses.get(name, ""), side))
    return result


def label_sentences(
    rows: Sequence[Example], model: StoredModel, *, abstain_below: float = 0.0
) -> list[Prediction]:
    """Label sentences that stand alone, each with the holder its row names (or none)."""
    prepared = []
    for number, row in enumerate(rows):
        article = Article(row.id, row.text)
        sentence = Sentence(number, 0, len(row.text), row.text, 0)
        span = row.actor_span or locate(row.text, row.actor)
        holder = Attribution(
            number,
            row.actor,
            speaker=row.text[span[0] : span[1]] if span else "",
            speaker_span=span,
            quote=Quote(row.quote) if row.quote else Quote.NONE,
            target=row.target,
            target_span=row.target_span,
            rule="given",
        )
        prepared.append(_Unit(article, sentence, holder, _status(row.text, sentence)))
    alone = [[unit] for unit in prepared]
    return [row for rows_ in _label(alone, model, abstain_below) for row in rows_]


def _is_surrogate(char: str) -> bool:
    return "\ud800" <= char <= "\udfff"


def _status(raw: str, sentence: Sentence) -> Status:
    if any(_is_surrogate(char) for char in raw):
        return Status.INVALID_TEXT
    if not raw.strip():
        return Status.EMPTY
    return Status.BOILERPLATE if sentence.boilerplate else Status.OK


def _label(
    batch: Sequence[Sequence[_Unit]], model: StoredModel, abstain_below: float
) -> Iterator[list[Prediction]]:
    asked = [
        _example(unit, article=str(number))
        for number, rows in enumerate(batch)
        for unit in rows
        if unit.status is Status.OK
    ]
    probabilities = model.predict_proba(asked) if asked else {}
    default = parse_codebook(model.codebook, source=str(model.folder)).stance.default
    lost = list(model.truncated) or [False] * len(asked)
    answers = iter(range(len(asked)))
    for rows in batch:
        done = []
        for unit in rows:
            if unit.status is not Status.OK:
                done.append(_prediction(unit, "", None, "", None, unit.status))
                continue
            at = next(answers)
            stance, sure = _best(model, probabilities, STANCE, at)
            sentiment, tone = _best(model, probabilities, SENTIMENT, at)
            status = Status.OK
            if lost[at]:
                status = Status.TRUNCATED_ACTOR
            elif sure is not None and sure < abstain_below:
                status = Status.ABSTAINED
            if stance == default and unit.holder.rule != "given":
                # A target belongs to a stance; what a rule proposes for none is noise.
                unit = replace(unit, holder=replace(unit.holder, target="", target_span=None))
            done.append(_prediction(unit, stance, sure, sentiment, tone, status))
        yield done


def _best(
    model: StoredModel, probabilities: dict[str, np.ndarray], task: str, at: int
) -> tuple[str, float | None]:
    if task not in probabilities:
        return "", None
    row = probabilities[task][at]
    best = int(row.argmax())
    return model.classes[task][best], float(row[best])


def _example(unit: _Unit, article: str) -> Example:
    holder, start = unit.holder, unit.sentence.start
    return Example(
        id="",
        doc_id=article,
        text=unit.sentence.text,
        actor=holder.actor,
        target=holder.target,
        actor_span=_inside(holder.speaker_span, start, len(unit.sentence.text)),
        target_span=_inside(holder.target_span, start, len(unit.sentence.text)),
    )


def _inside(span: Span | None, start: int, length: int) -> Span | None:
    """Turn article offsets into sentence offsets, None where they lie outside it."""
    if span is None or span[0] < start or span[1] > start + length:
        return None
    return span[0] - start, span[1] - start


def _prediction(
    unit: _Unit,
    stance: str,
    stance_probability: float | None,
    sentiment: str,
    sentiment_probability: float | None,
    status: Status,
) -> Prediction:
    sentence, holder = unit.sentence, unit.holder
    return Prediction(
        article=unit.article.name,
        sentence=sentence.index,
        start=sentence.start,
        end=sentence.end,
        text=unit.article.text[sentence.start : sentence.end],
        actor=holder.actor,
        speaker=holder.speaker,
        cue=holder.cue,
        quote=holder.quote.value,
        target=holder.target,
        stance=stance,
        stance_probability=stance_probability,
        sentiment=sentiment,
        sentiment_probability=sentiment_probability,
        status=status.value,
        paragraph=sentence.paragraph,
        **_offsets("speaker", holder.speaker_span),
        **_offsets("cue", holder.cue_span),
        **_offsets("content", holder.content_span),
        **_offsets("target", holder.target_span),
        affiliation=unit.affiliation,
        side=unit.side,
        rule=holder.rule,
        attribution_probability=holder.confidence,
    )


def _offsets(name: str, span: Span | None) -> dict[str, Any]:
    return {} if span is None else {f"{name}_start": span[0], f"{name}_end": span[1]}


COLUMNS = tuple(item.name for item in fields(Prediction))


def write_jsonl(rows: Iterable[Prediction], out: IO[str]) -> None:
    """Write one object a line, text untouched (half characters as escapes)."""
    for row in rows:
        record = asdict(row)
        try:
            line = json.dumps(record, ensure_ascii=False)
            line.encode("utf-8")
        except UnicodeEncodeError:
            line = json.dumps(record, ensure_ascii=True)
        out.write(line + "\n")


def write_csv(rows: Iterable[Prediction], out: IO[str]) -> None:
    """Write a table whose cells no spreadsheet takes for formulas."""
    writer = CsvWriter(out)
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([spreadsheet_safe(value) for value in asdict(row).values()])


def write_parquet(rows: Sequence[Prediction], path: Path) -> None:
    """Write a table with typed columns."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    whole = [name for name in COLUMNS if name.endswith(("start", "end"))]
    kinds: Mapping[str, Any] = {
        **dict.fromkeys([*whole, "sentence", "paragraph"], pa.int64()),
        **{name: pa.float64() for name in COLUMNS if name.endswith("_probability")},
    }
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in COLUMNS])
    records = [
        {
            key: value.encode("utf-8", "replace").decode("utf-8")
            if isinstance(value, str)
            else value
            for key, value in asdict(row).items()
        }
        for row in rows
    ]
    with atomic_path(path) as temporary:
        pq.write_table(pa.Table.from_pylist(records, schema=schema), temporary)
