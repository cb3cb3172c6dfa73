"""Labelled articles as one page to read: no script, no network, everything escaped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from stance.codebook import parse_codebook
from stance.reporting.article_view import UNSURE_BELOW, Holder, View, codes, matrix, views
from stance.reporting.colors import variables
from stance.reporting.markup import environment
from stance.reporting.timeline import timeline
from stance.schema import Prediction, Status


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
