"""Fit and measure the article half: what a finding is worth, how well all of it does, how fast.

    python benchmarks/articles.py fit TRAIN      rewrite weights.tsv and measured.tsv
    python benchmarks/articles.py score DEV      the figures of the README
    python benchmarks/articles.py speed DEV      seconds for ten megabytes, one core

TRAIN and DEV are what ``stance.corpus.adapters.polnear`` reads: a PolNeAR compartment's folder
or a JSONL file. Fit on the training articles only; with ``--folds`` the same command scores
each fold of TRAIN with weights fitted on the others and writes nothing.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from unittest.mock import patch

import numpy as np
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression

import stance.articles
from stance.articles import attribution, features
from stance.articles.attribution import attribute, read
from stance.articles.quotes import quotations
from stance.articles.segment import segment
from stance.corpus.adapters.polnear import AnnotatedArticle, read_polnear
from stance.evaluation.attribution.heads import head_span
from stance.evaluation.attribution.scoring import AttributionScores, Ratio, score_article

REGULARISATION = 0.1
SMALLEST = 0.08
"""Weights nearer to zero than this are left out of the file."""
RAREST = 3
"""Features seen less often than this are left out as well."""

Weights = dict[str, tuple[float, float]]
Found = tuple[list[str], bool, bool]


def findings(annotated: AnnotatedArticle) -> Iterator[Found]:
    """``(features, is an attribution, holder right)`` of everything that any rule finds."""
    text = annotated.article.text
    sentences = segment(text)
    cued, sourced = bytearray(len(text) + 1), bytearray(len(text) + 1)
    for gold in annotated.attributions:
        for start, end in gold.cue:
            cued[start:end] = b"\1" * (end - start)
        head = head_span(text, gold.source)
        if head is not None:
            sourced[head[0] : head[1]] = b"\1" * (head[1] - head[0])
    for reading in read(text, sentences, quotations(text, sentences)):
        c = reading.clause
        for number, hit in enumerate(reading.hits):
            cue = any(cued[c.start[hit.cue[0]] : c.end[hit.cue[1] - 1]])
            right = cue and (
                hit.holder is None
                or any(sourced[c.start[hit.holder[0]] : c.end[hit.holder[1] - 1]])
            )
            yield features.features(c, reading.hits, number), cue, right


def fit(found: Sequence[Found]) -> Weights:
    """Weights of two logistic regressions over the same features."""
    vectorizer = DictVectorizer()
    x = vectorizer.fit_transform({name: 1.0 for name in names if name} for names, _, _ in found)
    x.indices, x.indptr = x.indices.astype(np.int32), x.indptr.astype(np.int32)  # liblinear's
    columns: list[np.ndarray] = []
    biases: list[float] = []
    for answers in ([cue for _, cue, _ in found], [right for _, _, right in found]):
        model = LogisticRegression(C=REGULARISATION, solver="liblinear", max_iter=500)
        model.fit(x, answers)
        columns.append(model.coef_[0])
        biases.append(float(model.intercept_[0]))
    weights: Weights = {"": (biases[0], biases[1])}
    seen = np.asarray(x.sum(axis=0)).ravel()
    names = vectorizer.get_feature_names_out()
    for name, count, a, b in zip(names, seen, *columns, strict=True):
        if count >= RAREST and max(abs(a), abs(b)) >= SMALLEST:
            weights[str(name)] = (round(float(a), 2), round(float(b), 2))
    return weights


def score(articles: Sequence[AnnotatedArticle]) -> AttributionScores:
    total = AttributionScores()
    for annotated in articles:
        text = annotated.article.text
        sentences = segment(text)
        total += score_article(text, sentences, attribute(text, sentences), annotated.attributions)
    return total


def with_weights(weights: Weights, articles: Sequence[AnnotatedArticle]) -> AttributionScores:
    with patch.object(features, "weights", lambda: weights):
        return score(articles)


def folds(articles: Sequence[AnnotatedArticle], count: int) -> AttributionScores:
    """Scores of every article with weights that have not seen it."""
    parts = [list(articles[start::count]) for start in range(count)]
    found = [[item for annotated in part for item in findings(annotated)] for part in parts]
    total = AttributionScores()
    for held in range(count):
        others = [item for k in range(count) if k != held for item in found[k]]
        total += with_weights(fit(others), parts[held])
    return total


def report(scores: AttributionScores) -> str:
    lines = [f"{'':18}     F1  precision  recall   gold"]
    for name in (
        "attributed", "holder", "named", "direct", "direct_holder",
        "cue_exact", "cue_overlap", "speaker_exact", "speaker_overlap",
    ):  # fmt: skip
        r: Ratio = getattr(scores, name)
        lines.append(f"{name:18} {r.f1:.4f}     {r.precision:.4f}  {r.recall:.4f} {r.gold:6}")
    for quote, r in sorted(scores.by_quote.items()):
        lines.append(f"holder recall, {quote.value:9} {r.recall:.4f} of {r.gold}")
    for rule, r in sorted(scores.by_rule.items(), key=lambda item: -item[1].predicted):
        lines.append(f"holder precision, {rule:16} {r.precision:.4f} of {r.predicted}")
    return "\n".join(lines)


def speed(articles: Sequence[AnnotatedArticle], size: int = 10_000_000) -> float:
    """Processor seconds for ``size`` bytes of the articles, repeated until there are enough."""
    done = 0
    begun = time.process_time()
    while done < size:
        for annotated in articles:
            text = annotated.article.text
            attribute(text, segment(text))
            done += len(text.encode())
            if done >= size:
                break
    return time.process_time() - begun


def write(articles: Sequence[AnnotatedArticle], folder: Path) -> None:
    weights = fit([item for annotated in articles for item in findings(annotated)])
    lines = ["# feature\tattributed\tholder right; written by benchmarks/articles.py fit"]
    lines += [f"{name}\t{a:.2f}\t{b:.2f}" for name, (a, b) in sorted(weights.items())]
    (folder / "weights.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    # Precision by rule comes from folds, so that no article is judged by its own weights.
    rules = folds(articles, 5).by_rule
    lines = ["# rule\tfired\tholder right; five folds of the training articles"]
    lines += [f"{rule}\t{r.predicted}\t{r.matched_predicted}" for rule, r in sorted(rules.items())]
    (folder / "measured.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    attribution.measured.cache_clear()
    sys.stdout.write(f"{len(weights)} weights fitted on {len(articles)} articles\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("what", choices=("fit", "score", "speed"))
    parser.add_argument("path", type=Path)
    parser.add_argument("--first", type=int, default=None, help="only the first N articles")
    parser.add_argument("--folds", type=int, default=0, help="score by cross-validation")
    chosen = parser.parse_args()
    articles = list(read_polnear(chosen.path))[: chosen.first]
    if chosen.what == "fit":
        write(articles, Path(next(iter(stance.articles.__path__))))
    elif chosen.what == "score":
        scores = folds(articles, chosen.folds) if chosen.folds else score(articles)
        sys.stdout.write(report(scores) + "\n")
    else:
        sys.stdout.write(f"{speed(articles):.1f} s of processor time for 10 MB\n")


if __name__ == "__main__":
    main()
