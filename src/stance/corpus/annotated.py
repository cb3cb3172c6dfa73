"""Articles with annotated attributions, from wherever: our release, or PolNeAR."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stance.articles.segment import segment
from stance.corpus.adapters.polnear import AnnotatedArticle, GoldAttribution, read_polnear
from stance.corpus.release import ARTICLES, ROWS, read_jsonl
from stance.errors import InputError
from stance.schema import Article, Quote, Sentence, Span


def read_annotated(path: str | Path) -> Iterator[tuple[str, AnnotatedArticle]]:
    """Yield (split, article); the split is empty where the corpus names none.

    Args:
        path: a folder in the form of our release (``rows.jsonl`` beside ``articles.jsonl``), or
            what ``corpus.adapters.polnear`` reads.

    Raises:
        InputError: nothing of either form is there.
    """
    path = Path(path)
    if (path / ROWS).exists() and (path / ARTICLES).exists():
        yield from _release(path)
        return
    if not path.exists():
        raise InputError(f"{path}: no such file or folder of annotated articles")
    for annotated in read_polnear(path):
        yield "", annotated


def _release(folder: Path) -> Iterator[tuple[str, AnnotatedArticle]]:
    rows: dict[str, list[Mapping[str, Any]]] = {}
    for row in read_jsonl(folder / ROWS):
        if not row["contrast_of"]:  # contrast rows are edits: they stand in no article
            rows.setdefault(row["doc_id"], []).append(row)
    for item in read_jsonl(folder / ARTICLES):
        found = rows.get(item["doc_id"], [])
        article = Article(item["doc_id"], item["text"])
        gold = [
            attribution
            for row in found
            if (attribution := _gold(row, item["sentences"][row["sentence"]])) is not None
        ]
        split = found[0]["split"] if found else ""
        yield split, AnnotatedArticle(article, tuple(gold))


def _gold(row: Mapping[str, Any], sentence: Span) -> GoldAttribution | None:
    """Return a row's attribution; None for the writer's own sentences."""
    if row["quote"] == Quote.NONE and not row["cue_span"]:
        return None

    def spans(name: str) -> tuple[Span, ...]:
        span = row[name]
        return () if span is None else ((span[0] + sentence[0], span[1] + sentence[0]),)

    content = spans("content_span")
    if not content and row["quote"] == Quote.DIRECT:
        content = ((sentence[0], sentence[1]),)  # a floating quotation: all of it is said
    quote = Quote(row["quote"]) if row["quote"] != Quote.NONE else Quote.INDIRECT
    return GoldAttribution(row["id"], spans("actor_span"), spans("cue_span"), content, quote)


_GAP = 12
"""A cue in pieces ("has … said") counts as one where they stand at most this far apart."""


@dataclass(frozen=True, slots=True)
class TaggedSentence:
    """One sentence; each annotation is (cue, source pieces, content pieces), spans in it."""

    text: str
    annotations: tuple[tuple[Span, tuple[Span, ...], tuple[Span, ...]], ...]


def tagged_sentences(articles: Iterable[AnnotatedArticle]) -> Iterator[TaggedSentence]:
    """Yield every sentence that is not boilerplate, with the attributions whose cue is in it."""
    for annotated in articles:
        for sentence in segment(annotated.article.text):
            if not sentence.boilerplate:
                yield _of_sentence(annotated, sentence)


def _of_sentence(annotated: AnnotatedArticle, sentence: Sentence) -> TaggedSentence:
    found = []
    for gold in annotated.attributions:
        cue = _inside(gold.cue, sentence)
        if not cue:
            continue
        first, last = cue[0]
        for start, end in cue[1:]:
            if start - last <= _GAP:
                last = end
        found.append(
            ((first, last), _inside(gold.source, sentence), _inside(gold.content, sentence))
        )
    return TaggedSentence(sentence.text, tuple(found))


def _inside(spans: Iterable[Span], sentence: Sentence) -> tuple[Span, ...]:
    """Return the parts of spans that lie in the sentence, counted from its start."""
    return tuple(
        (max(start, sentence.start) - sentence.start, min(end, sentence.end) - sentence.start)
        for start, end in sorted(spans)
        if start < sentence.end and end > sentence.start
    )
