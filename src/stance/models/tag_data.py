"""Annotated articles to training sentences: what a tagger should find in each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from stance.articles.segment import segment
from stance.corpus.adapters.polnear import AnnotatedArticle
from stance.schema import Sentence, Span

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
