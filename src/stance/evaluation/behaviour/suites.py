"""Behaviour tests: from labelled rows to cases that say what a model's answer must do.

After Ribeiro, Wu, Guestrin and Singh (2020), "Beyond accuracy: behavioral testing of NLP
models with CheckList", ACL: invariance where the wording changes but not the stance,
direction where the stance changes or is stressed, and minimum functionality on rows tagged
with one difficulty. Cases depend on the rows and the seed alone, not on the rows' order.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from stance.evaluation.behaviour import edits as perturb
from stance.evaluation.behaviour import edits as perturb_verbs
from stance.schema import Example

FALL = 0.1
"""How far a probability may fall before a direction test counts it; CheckList's tolerance."""


class Expect(StrEnum):
    """What must hold between the answers to a row and to its variant."""

    SAME = "same"  # both get the same predicted label, right or wrong
    GOLD = "gold"  # the variant gets its own gold label
    BOTH = "both"  # row and variant get their gold labels
    CHANGED = "changed"  # the variant does not get the row's gold label
    KEPT = "kept"  # the probability of the row's gold label does not fall


@dataclass(frozen=True, slots=True)
class Case:
    """One question: a row, its variant (the row itself in plain tests), what is expected."""

    original: Example
    variant: Example
    expect: Expect
    edit: str = ""

    @property
    def key(self) -> tuple[str, str]:
        return self.original.id, self.variant.id


@dataclass(frozen=True, slots=True)
class Suite:
    """Cases of one capability. ``build`` takes the rows and a seed."""

    name: str
    capability: str
    expectation: str
    build: Callable[[Sequence[Example], int], Iterator[Case]]


def _rng(seed: int, example: Example) -> random.Random:
    """Random choices of one row, the same whatever rows stand around it."""
    return random.Random(f"{seed}:{example.id}")


def _labelled(examples: Sequence[Example]) -> list[Example]:
    return [example for example in examples if example.stance is not None]


def actor_swaps(examples: Sequence[Example], seed: int) -> Iterator[Case]:
    """Rename the holder."""
    known = perturb.words_of(example.text for example in examples)
    for row in examples:
        for edit, variant in perturb.rename_actor(row, known, _rng(seed, row)):
            yield Case(row, variant, Expect.SAME, edit)


def titles(examples: Sequence[Example], seed: int) -> Iterator[Case]:
    """Write titles and offices another way."""
    for row in examples:
        for edit, variant in perturb.paraphrase_titles(row):
            yield Case(row, variant, Expect.SAME, edit)


def typography(examples: Sequence[Example], seed: int) -> Iterator[Case]:
    """Change quotation marks, dashes and white space."""
    for row in examples:
        for edit, variant in perturb.retype(row, _rng(seed, row)):
            yield Case(row, variant, Expect.SAME, edit)


def bystanders(examples: Sequence[Example], seed: int) -> Iterator[Case]:
    """Name somebody else who takes no stance."""
    known = perturb.words_of(example.text for example in examples)
    for row in examples:
        for edit, variant in perturb.add_bystander(row, known, _rng(seed, row)):
            yield Case(row, variant, Expect.SAME, edit)


def role_swaps(examples: Sequence[Example], seed: int) -> Iterator[Case]:
    """Ask the same sentence for its other holder, where the two take different stances."""
    sentences: dict[tuple[str, str], list[Example]] = defaultdict(list)
    for row in _labelled(examples):
        sentences[row.doc_id, row.text].append(row)
    for rows in sentences.values():
        for row in rows:
            for other in rows:
                if other.actor != row.actor and other.stance != row.stance:
                    yield Case(row, other, Expect.GOLD, "the other holder")


def contrast_pairs(examples: Sequence[Example], seed: int) -> Iterator[Case]:
    """Set a row beside the minimal rewriting of it that takes another stance."""
    rows = {row.id: row for row in _labelled(examples)}
    for row in rows.values():
        other = rows.get(str(row.extra.get("contrast_of") or ""))
        if other is not None and other.stance != row.stance:
            yield Case(other, row, Expect.BOTH, "minimal rewriting")


def tagged(tag: str) -> Callable[[Sequence[Example], int], Iterator[Case]]:
    """Ask rows of one phenomenon as they stand."""

    def build(examples: Sequence[Example], seed: int) -> Iterator[Case]:
        for row in _labelled(examples):
            if tag in str(row.extra.get("phenomenon") or "").split():
                yield Case(row, row, Expect.GOLD)

    return build


def built_negations(examples: Sequence[Example], seed: int) -> Iterator[Case]:
    """Negate the verb that performs the stance; by the codebook what is left is neutral."""
    for row in examples:
        for clause, negated in perturb_verbs.negate(row):
            yield Case(clause, negated, Expect.CHANGED, "verb negated")


def stressed(examples: Sequence[Example], seed: int) -> Iterator[Case]:
    """Stress the verb that performs the stance."""
    for row in examples:
        for edit, variant in perturb_verbs.stress(row):
            yield Case(row, variant, Expect.KEPT, edit)


SUITES = (
    Suite("actor swap", "holder", "same label when the holder has another name", actor_swaps),
    Suite("titles", "holder", "same label when a title is written another way", titles),
    Suite("typography", "robustness", "same label under other quotes, dashes and spaces",
          typography),
    Suite("bystander", "robustness", "same label when a clause names somebody else", bystanders),
    Suite("role swap", "holder", "the other holder's label when asked for the other holder",
          role_swaps),
    Suite("contrast pairs", "minimal pairs", "both rows of a minimal pair right", contrast_pairs),
    Suite("negated rows", "negation", "the gold label where a stance is negated",
          tagged("negated")),
    Suite("built negation", "negation", "no longer the stance once its verb is negated",
          built_negations),
    Suite("embedded rows", "embedding", "the gold label where speech stands in speech",
          tagged("embedded")),
    Suite("stressed verb", "vocabulary",
          f"the label's probability falls by no more than {FALL} when its verb is stressed",
          stressed),
)  # fmt: skip
