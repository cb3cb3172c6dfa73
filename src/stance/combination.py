"""How rules and tagger are weighed against each other, fitted on articles neither learned from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from stance.articles.attribution import read
from stance.articles.combine import Weights, findings
from stance.articles.phrases import Hit
from stance.articles.quotes import quotations
from stance.articles.segment import segment
from stance.articles.tagging import Tagger
from stance.articles.tokens import Clause
from stance.corpus.adapters.polnear import AnnotatedArticle, GoldAttribution
from stance.errors import InputError
from stance.evaluation.heads import head_span
from stance.schema import Span

_REGULARISATION = 1.0
_Answer = tuple[dict[str, float], bool, bool]


def fit_combination(articles: Iterable[AnnotatedArticle], tagger: Tagger) -> Weights:
    """Return the weights of two logistic regressions over the features of ``combine.findings``.

    Raises:
        InputError: the articles hold no right and wrong findings to learn from.
    """
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.linear_model import LogisticRegression

    found = [answer for annotated in articles for answer in _answers(annotated, tagger)]
    columns = [[answer[at] for answer in found] for at in (1, 2)]
    if any(len(set(column)) < 2 for column in columns):
        raise InputError("too few annotated validation articles to weigh the tagger against rules")
    vectorizer = DictVectorizer()
    x = vectorizer.fit_transform(
        {name: value for name, value in names.items() if name} for names, _, _ in found
    )
    x.indices, x.indptr = x.indices.astype(np.int32), x.indptr.astype(np.int32)  # liblinear's
    fitted = []
    for column in columns:
        # liblinear shrinks the intercept as well, which a few thousand findings do not mind.
        model = LogisticRegression(C=_REGULARISATION, solver="liblinear", max_iter=500)
        model.fit(x, column)
        fitted.append((float(model.intercept_[0]), model.coef_[0]))
    weights = {"": (fitted[0][0], fitted[1][0])}
    for at, name in enumerate(vectorizer.get_feature_names_out()):
        weights[str(name)] = (
            round(float(fitted[0][1][at]), 4),
            round(float(fitted[1][1][at]), 4),
        )
    return weights


def _answers(annotated: AnnotatedArticle, tagger: Tagger) -> Iterator[_Answer]:
    text = annotated.article.text
    sentences = segment(text)
    readings = read(text, sentences, quotations(text, sentences))
    tags = tagger.tag([reading.clause.sentence.text for reading in readings])
    gold = [(item, head_span(text, item.source)) for item in annotated.attributions]
    for reading, tagged in zip(readings, tags, strict=True):
        for hit, names in findings(reading.clause, reading.hits, tagged):
            cue, right = _judge(reading.clause, hit, gold)
            yield names, cue, right


def _judge(
    clause: Clause, hit: Hit, gold: list[tuple[GoldAttribution, Span | None]]
) -> tuple[bool, bool]:
    """Say whether a finding's cue is annotated, and whether that annotation has its holder."""
    start, end = clause.start[hit.cue[0]], clause.end[hit.cue[1] - 1]
    cue = right = False
    for item, head in gold:
        if not any(a < end and start < b for a, b in item.cue):
            continue
        cue = True
        if hit.holder is None:
            right = right or head is None
        elif head is not None:
            first, last = clause.start[hit.holder[0]], clause.end[hit.holder[1] - 1]
            right = right or (head[0] < last and first < head[1])
    return cue, right
