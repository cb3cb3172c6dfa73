"""Small edits of a row's text that keep its offsets true: names, titles, typography.

Every function takes a row and gives changed copies, each with a word for what was done to it;
none where the edit does not apply or could not be made grammatically. The copies carry no
extra columns, since those describe (and point into) the sentence as it was.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from stance.evaluation.behaviour import words as wording
from stance.evaluation.behaviour.words import VERBS
from stance.schema import Example, Span

Change = tuple[str, Example]
"""What was done, and the row after it."""
_WORD = re.compile(r"[^\W\d_][\w’'-]*")
_FULL_STOP = re.compile(r"[^\W_]{2}\.\s*$")


@dataclass(frozen=True, slots=True)
class Edit:
    """Put ``new`` in place of ``text[start:end]``."""

    start: int
    end: int
    new: str


# -- the mechanics ------------------------------------------------------------------------


def apply(example: Example, edits: Sequence[Edit], how: str) -> Example:
    """Return the row with its text edited and its spans moved along.

    A span grows or shrinks with what is edited inside it; what is put in at its edge stays
    outside. Edits must not overlap.
    """
    parts, done = [], 0
    ordered = sorted(edits, key=lambda edit: edit.start)
    for edit in ordered:
        parts += [example.text[done : edit.start], edit.new]
        done = edit.end
    return replace(
        example,
        id=f"{example.id}~{how.replace(' ', '-')}",
        text="".join([*parts, example.text[done:]]),
        actor_span=_moved(example.actor_span, ordered),
        target_span=_moved(example.target_span, ordered),
        extra={},
    )


def _moved(span: Span | None, edits: Sequence[Edit]) -> Span | None:
    if span is None:
        return None
    start, end = span
    left = right = 0
    for edit in edits:
        growth = len(edit.new) - (edit.end - edit.start)
        if edit.end <= span[0]:
            left += growth
        elif edit.start < span[0]:  # reaches in from before: the span takes all of it
            left += edit.start - span[0]
        if edit.start < span[1]:
            right += growth if edit.end <= span[1] else edit.start + len(edit.new) - span[1]
    return start + left, end + right


def substitute(
    example: Example, pattern: re.Pattern[str], new: Callable[[re.Match[str]], str], how: str
) -> Example:
    """Rewrite every match in the text, and in the holder's and the target's name."""
    edits = [Edit(*found.span(), new(found)) for found in pattern.finditer(example.text)]
    changed = apply(example, edits, how)
    return replace(
        changed,
        actor=pattern.sub(new, example.actor).strip(),
        target=pattern.sub(new, example.target).strip(),
    )


def words_of(texts: Iterable[str]) -> frozenset[str]:
    """Return every word as it is written, to tell names from words and to avoid known names."""
    return frozenset(word for text in texts for word in _WORD.findall(text))


# -- who speaks ---------------------------------------------------------------------------


def rename_actor(example: Example, known: frozenset[str], rng: random.Random) -> Iterator[Change]:
    """Give the holder another name, wherever the sentence or the row writes it.

    A capitalised word of the holder is a name unless the rows also write it small. Two or more
    names and nothing else are taken for a person; otherwise only a name that comes first or
    after a small word changes, as the place does in "Lmar Fisheries Board" and in "bishop of
    Lmar". Rows whose sentence derives other words from the name ("Rezhani" beside
    "Rezhan") are left alone: changing half of them would say something else.

    Args:
        known: all words of the rows under test (see ``words_of``).
    """
    tokens = [_bare(token) for token in example.actor.split()]
    places = [
        at for at, word in enumerate(tokens)
        if word[:1].isupper() and len(word) > 1 and word.lower() not in known
    ]  # fmt: skip
    person = 1 < len(places) == len(tokens)
    if not person:
        places = [at for at in places if at == 0 or tokens[at - 1][:1].islower()]
    names = list(dict.fromkeys(tokens[at] for at in places))
    if not names:
        return
    written = {*_WORD.findall(example.text)}
    plain = {_bare(word) for word in written} - set(names)
    for name in names:
        stem = name[: max(4, len(name) - 2)].casefold()
        if any(word.casefold().startswith(stem) for word in plain):
            return
    chosen: dict[str, str] = {}
    for at, name in enumerate(names):
        pool: Sequence[str]
        if name.isupper():
            pool = wording.INITIALS
        elif person:
            pool = wording.SURNAMES if at else wording.GIVEN
        else:
            pool = wording.PLACES
        free = [word for word in pool if word not in known and word not in chosen.values()]
        if not free:
            return
        chosen[name] = rng.choice(free)
    pattern = re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, names))})(?![\w-])")
    yield (
        "another name",
        substitute(example, pattern, lambda found: chosen[found.group()], "another name"),
    )


def _bare(word: str) -> str:
    """Return a word without its possessive and punctuation; a plural possessive keeps it."""
    return re.sub(r"(?<!s)['’]s?$|['’]s$", "", word.strip('.,;:()"“”&'))


_BEFORE_NAME = r"(?= [^\W\d_])"
_SHORT_RANK = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, wording.RANKS))}){_BEFORE_NAME}")
_LONG = {long: short for short, long in wording.RANKS.items()}
_LONG_RANK = re.compile(rf"(?<!\w)(?:{'|'.join(_LONG)})(?= [^\W\d_a-z])")
_HONORIFIC = re.compile(
    rf"(?<!\w)(?:(?:Mr|Mrs|Ms|Miss|Dr)\.?|{'|'.join(map(re.escape, wording.RANKS))}) "
    r"(?=[^\W\d_a-z])"
)
_DEPARTMENT = re.compile(
    rf"(?<!\ban )(?<!\w)({'|'.join(wording.DEPARTMENTS)}) (ministers?)(?![\w'’-])(?! [^\W\d_a-z])"
)
_PLAIN_TITLES = (
    (re.compile(r"\bspokes(?:wo)?man\b"), "spokesperson"),
    (re.compile(r"\bspokesperson\b"), "spokeswoman"),
    (re.compile(r"\bspokes(?:wo)?men\b"), "spokespeople"),
    (re.compile(r"\bchair(?:wo)?man\b"), "chairperson"),
    (re.compile(r"\bpolice(?:wo)?man\b"), "police officer"),
    (re.compile(r"\blawmaker(?=s?\b)"), "legislator"),
    (re.compile(r"\bambassador(?=s?\b)"), "envoy"),
    (re.compile(r"\benvoy(?=s?\b)"), "ambassador"),
    (re.compile(r"\bprime minister(?=s?\b)"), "premier"),
    (re.compile(r"\bPrime Minister(?= [^\W\d_a-z])"), "Premier"),
)


def paraphrase_titles(example: Example) -> Iterator[Change]:
    """Write titles another way, or leave an honorific out; each way is a copy of its own."""
    ways: list[tuple[str, re.Pattern[str], Callable[[re.Match[str]], str]]] = [
        ("title written out", _SHORT_RANK, lambda found: wording.RANKS[found.group()]),
        ("title shortened", _LONG_RANK, lambda found: _LONG[found.group()]),
        ("title left out", _HONORIFIC, lambda _: ""),
        (
            "office in other words", _DEPARTMENT,
            lambda found: f"{found.group(2)} of {wording.DEPARTMENTS[found.group(1)]}",
        ),
    ]  # fmt: skip
    ways += [(f"to {new}", pattern, _always(new)) for pattern, new in _PLAIN_TITLES]
    for how, pattern, new in ways:
        if pattern.search(example.text):
            yield how, substitute(example, pattern, new, how)


def _always(new: str) -> Callable[[re.Match[str]], str]:
    return lambda _: new


# -- how it is written --------------------------------------------------------------------


def retype(example: Example, rng: random.Random) -> Iterator[Change]:
    """Change what a typesetter or a scraper changes: quotation marks, dashes, white space."""
    text = example.text
    if re.search("[“”‘’]", text):
        yield "straight quotes", substitute(
            example, re.compile("[“”‘’]"),
            lambda found: '"' if found.group() in "“”" else "'", "straight quotes",
        )  # fmt: skip
    if re.search("[\"']", text):
        yield (
            "curly quotes",
            substitute(
                example, re.compile(r"(?P<open>(?<![^\s(\[—–]))?[\"']"), _curl, "curly quotes"
            ),
        )
    if re.search(" – |—", text):
        yield "other dashes", substitute(
            example, re.compile(" – | ?— ?"),
            lambda found: "—" if "–" in found.group() else " – ", "other dashes",
        )  # fmt: skip
    for how, new, most in (
        ("no-break spaces", "\u00a0", 3), ("double spaces", "  ", 2), ("broken line", "\n", 1),
    ):  # fmt: skip
        spaces = [at for at in range(len(text)) if text[at] == " " and not _within(example, at)]
        if spaces:
            chosen = rng.sample(spaces, min(most, len(spaces)))
            yield how, apply(example, [Edit(at, at + 1, new) for at in chosen], how)


def _curl(found: re.Match[str]) -> str:
    opens = found.group("open") is not None
    if found.group().endswith('"'):
        return "“" if opens else "”"
    return "‘" if opens else "’"


def _within(example: Example, at: int) -> bool:
    return any(
        span[0] <= at < span[1] for span in (example.actor_span, example.target_span) if span
    )


# -- who else is named --------------------------------------------------------------------


def add_bystander(example: Example, known: frozenset[str], rng: random.Random) -> Iterator[Change]:
    """Name somebody who takes no stance, in a clause before the last full stop.

    Only where somebody speaks, whom a bystander could be taken for, and not inside a
    quotation, where the clause would be the speaker's own.
    """
    text = example.text
    quoted = text.count("“") != text.count("”") or text.count('"') % 2 != 0
    inside = example.quote == "direct" and not re.search('[“"]', text)
    if not example.actor or not _FULL_STOP.search(text) or quoted or inside:
        return
    given, surname, place = (
        rng.choice([name for name in pool if name not in known] or list(pool))
        for pool in (wording.GIVEN, wording.SURNAMES, wording.PLACES)
    )
    clause = rng.choice(wording.BYSTANDERS).format(name=f"{given} {surname}", place=place)
    end = len(text.rstrip()) - 1
    yield "bystander", apply(example, [Edit(end, end, clause)], "bystander")


_FORMS = {form: verb for verb in VERBS for form in (verb.past, verb.third)}
_CUE = re.compile(rf"((?: has| have| had| also| since)*) ({'|'.join(_FORMS)})\b")
_CLAUSE_END = re.compile(
    r"[,;:—–]| (?:and|but|while|whereas|though|although|because|after) |\.\s*$"
)
_HANGING = re.compile(r"\b(?:of|to|that|as|for|with|by|in|on|at|than|from|the|an?|his|her|its)$")
_CLAUSE_START = re.compile(r"(?:^|[,;:] |\b(?:and|but|while|whereas) )$")


def stress(example: Example) -> Iterator[Change]:
    """Put an adverb before the verb that performs the row's stance: "flatly denied"."""
    found = _cue(example)
    if found is None:
        return
    at = found.start(2)
    adverb = _FORMS[found.group(2)].adverb
    yield f"{adverb} added", apply(example, [Edit(at, at, f"{adverb} ")], f"{adverb} added")


def negate(example: Example) -> Iterator[tuple[Example, Example]]:
    """Build the bare clause of holder, verb and object, and its negation.

    Only where the holder stands before a finite verb that performs the row's stance by itself
    and begins a clause, so that "did not condemn" is grammatical; what follows the clause is
    cut off, since it may take the same stance again.
    """
    found = _cue(example)
    span = example.actor_span
    if found is None or span is None or found.group(1):
        return
    if not _CLAUSE_START.search(example.text[: span[0]]):
        return
    rest = re.sub(r"\s", " ", example.text[found.end() :])
    end = _CLAUSE_END.search(rest)
    rest = (rest[: end.start()] if end else rest).rstrip(" .")
    quoted = rest.count("“") != rest.count("”") or rest.count('"') % 2 != 0
    if len(rest.split()) < 2 or _HANGING.search(rest) or quoted:
        return
    speaker = example.text[slice(*span)]
    speaker = speaker[0].upper() + speaker[1:]
    verb = found.group(2)
    made = []
    for how, words in (("clause", verb), ("negated", _FORMS[verb].negated[verb])):
        made.append(
            replace(
                example, id=f"{example.id}~{how}", text=f"{speaker} {words}{rest}.",
                actor_span=(0, len(speaker)), target_span=None, extra={},
            )
        )  # fmt: skip
    yield made[0], made[1]


def _cue(example: Example) -> re.Match[str] | None:
    """Find the verb after the holder that performs the row's stance by itself."""
    if example.actor_span is None:
        return None
    found = _CUE.match(example.text, example.actor_span[1])
    if found is None or _FORMS[found.group(2)].stance != example.stance:
        return None
    return found
