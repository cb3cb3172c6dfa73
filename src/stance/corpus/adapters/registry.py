"""The public corpora this project reads, by name; each is told in the module that reads it."""

from __future__ import annotations

from stance.codebook import suggest
from stance.corpus.adapters import (
    directed,
    gwsd,
    newsmtsc,
    plover,
    real,
    semeval2016,
    tweeteval,
    unscon,
    vast,
)
from stance.corpus.adapters.published import Corpus
from stance.errors import InputError

_ALL: tuple[Corpus, ...] = (
    unscon.CORPUS,
    unscon.SENTENCES,
    plover.CORPUS,
    newsmtsc.CORPUS,
    gwsd.CORPUS,
    semeval2016.CORPUS,
    tweeteval.CORPUS,
    directed.CORPUS,
    vast.CORPUS,
    real.CORPUS,
)

CORPORA = {corpus.name: corpus for corpus in _ALL}
"""Every corpus by its name on the command line."""


def find_corpus(name: str) -> Corpus:
    """Return the corpus of that name.

    Raises:
        InputError: there is none; names the nearest.
    """
    try:
        return CORPORA[name]
    except KeyError:
        raise InputError(f"no corpus {name!r}; {suggest(name, list(CORPORA))}") from None
