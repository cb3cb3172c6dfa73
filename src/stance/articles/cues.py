"""The cue lexicon: which words may attribute, and in which form.

``cues.txt`` lists lemmas by family, written by hand; forms are derived here. How often each
truly attributes is measured, not listed: see ``features``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from stance.articles.vocabulary import sections

VERB_FAMILIES = ("speech", "stance", "attitude", "show", "seem")
_IRREGULAR = {
    "say": "said said says saying",
    "tell": "told told tells telling",
    "write": "wrote written writes writing",
    "speak": "spoke spoken speaks speaking",
    "swear": "swore sworn swears swearing",
    "think": "thought thought thinks thinking",
    "feel": "felt felt feels feeling",
    "know": "knew known knows knowing",
    "see": "saw seen sees seeing",
    "understand": "understood understood understands understanding",
    "forget": "forgot forgotten forgets forgetting",
    "foresee": "foresaw foreseen foresees foreseeing",
    "choose": "chose chosen chooses choosing",
    "mean": "meant meant means meaning",
    "seek": "sought sought seeks seeking",
    "hear": "heard heard hears hearing",
    "find": "found found finds finding",
    "show": "showed shown shows showing",
    "put": "put put puts putting",
    "read": "read read reads reading",
    "give": "gave given gives giving",
    "hold": "held held holds holding",
    "begin": "began begun begins beginning",
    "go": "went gone goes going",
    "lay": "laid laid lays laying",
    "fight": "fought fought fights fighting",
    "hit": "hit hit hits hitting",
    "forbid": "forbade forbidden forbids forbidding",
    "teach": "taught taught teaches teaching",
    "sing": "sang sung sings singing",
    "forgive": "forgave forgiven forgives forgiving",
    "stand": "stood stood stands standing",
    "uphold": "upheld upheld upholds upholding",
    "overstate": "overstated overstated overstates overstating",
    "bet": "bet bet bets betting",
    "cast": "cast cast casts casting",
    "dwell": "dwelled dwelled dwells dwelling",
    "dream": "dreamed dreamt dreams dreaming",
    "withdraw": "withdrew withdrawn withdraws withdrawing",
    "mistrust": "mistrusted mistrusted mistrusts mistrusting",
    "misread": "misread misread misreads misreading",
    "quote": "quoted quoted quotes quoting",
    "rebut": "rebutted rebutted rebuts rebutting",
    "refer": "referred referred refers referring",
    "infer": "inferred inferred infers inferring",
    "concur": "concurred concurred concurs concurring",
    "admit": "admitted admitted admits admitting",
    "submit": "submitted submitted submits submitting",
    "commit": "committed committed commits committing",
    "permit": "permitted permitted permits permitting",
    "regret": "regretted regretted regrets regretting",
    "prefer": "preferred preferred prefers preferring",
    "abhor": "abhorred abhorred abhors abhorring",
    "acquit": "acquitted acquitted acquits acquitting",
    "retell": "retold retold retells retelling",
    "tweet": "tweeted tweeted tweets tweeting",
    "rap": "rapped rapped raps rapping",
    "plan": "planned planned plans planning",
    "nod": "nodded nodded nods nodding",
    "snap": "snapped snapped snaps snapping",
    "grin": "grinned grinned grins grinning",
    "slam": "slammed slammed slams slamming",
    "pan": "panned panned pans panning",
    "rip": "ripped ripped rips ripping",
    "ban": "banned banned bans banning",
    "bar": "barred barred bars barring",
    "brag": "bragged bragged brags bragging",
    "peg": "pegged pegged pegs pegging",
    "dub": "dubbed dubbed dubs dubbing",
    "snub": "snubbed snubbed snubs snubbing",
    "plug": "plugged plugged plugs plugging",
    "shrug": "shrugged shrugged shrugs shrugging",
    "sob": "sobbed sobbed sobs sobbing",
    "sum": "summed summed sums summing",
    "beg": "begged begged begs begging",
    "opt": "opted opted opts opting",
    "riff": "riffed riffed riffs riffing",
    "diss": "dissed dissed disses dissing",
    "dis": "dissed dissed disses dissing",
    "flip": "flipped flipped flips flipping",
    "trash": "trashed trashed trashes trashing",
}

TAGS = ("past", "participle", "third", "ing")


@dataclass(frozen=True, slots=True)
class Form:
    """One reading of a word as a cue: its lemma and what form it is."""

    lemma: str
    tags: frozenset[str]
    """Of ``base``, ``third``, ``past``, ``participle``, ``ing``."""
    families: frozenset[str]


def _forms(lemma: str) -> dict[str, set[str]]:
    forms: dict[str, set[str]] = {lemma: {"base"}}
    if lemma in _IRREGULAR:
        for tag, form in zip(TAGS, _IRREGULAR[lemma].split(), strict=True):
            forms.setdefault(form, set()).add(tag)
        return forms
    if lemma.endswith("y") and lemma[-2:-1] not in "aeiou":
        past, third, ing = lemma[:-1] + "ied", lemma[:-1] + "ies", lemma + "ing"
    elif lemma.endswith("e"):
        ing = lemma[:-1] + "ing" if not lemma.endswith(("ee", "oe", "ye")) else lemma + "ing"
        past, third = lemma + "d", lemma + "s"
    else:
        sibilant = lemma.endswith(("s", "x", "z", "ch", "sh"))
        past, third, ing = lemma + "ed", lemma + ("es" if sibilant else "s"), lemma + "ing"
    if lemma in ("veto", "go", "echo"):
        third = lemma + "es"
    for tag, form in (("past", past), ("participle", past), ("third", third), ("ing", ing)):
        forms.setdefault(form, set()).add(tag)
    return forms


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Everything known about cue words, looked up by lower-case form."""

    verbs: Mapping[str, Form]
    nouns: Mapping[str, str]
    adjectives: frozenset[str]
    phrases: Mapping[str, tuple[tuple[str, ...], ...]]
    """First word to whole phrases, longest first."""


@cache
def lexicon() -> Lexicon:
    """The bundled lexicon, read once."""
    listed = sections("cues.txt")
    verbs: dict[str, tuple[str, set[str], set[str]]] = {}
    for family in (*VERB_FAMILIES, "agentless"):
        for lemma in _words(listed[family]):
            for form, tags in _forms(lemma).items():
                # A form of two lemmas ("found", "saw") keeps the first listed.
                entry = verbs.setdefault(form, (lemma, set(), set()))
                if entry[0] == lemma:
                    entry[1].update(tags)
                    entry[2].add(family)
    nouns: dict[str, str] = {}
    for noun in _words(listed["noun"]):
        nouns[noun] = noun
        plural = noun[:-1] + "ies" if noun[-1] == "y" and noun[-2] not in "aeiou" else noun + "s"
        nouns.setdefault(plural, noun)
    phrases: dict[str, list[tuple[str, ...]]] = {}
    for phrase in map(tuple, map(str.split, listed["phrase"])):
        phrases.setdefault(phrase[0], []).append(phrase)
    return Lexicon(
        {
            form: Form(lemma, frozenset(tags), frozenset(families))
            for form, (lemma, tags, families) in verbs.items()
        },
        nouns,
        frozenset(_words(listed["adjective"])),
        {first: tuple(sorted(many, key=len, reverse=True)) for first, many in phrases.items()},
    )


def _words(lines: Sequence[str]) -> list[str]:
    return " ".join(lines).split()
