"""Actors: one canonical name per article for everybody who is mentioned.

Names are collected once per article; a surname, a title with a surname or an acronym then
leads to the fullest form seen. Pronouns go to whoever was last named and fits, subjects and
speakers first.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from stance.articles.aliases import AliasTable, read_aliases
from stance.articles.names import (
    core,
    gender_of,
    generic_name,
    headed_by_noun,
    name_runs,
    surname_key,
)
from stance.articles.tokens import Clause
from stance.articles.vocabulary import COLLECTIVE, TITLES, words

__all__ = ["Actors", "AliasTable", "read_aliases"]

_PERSON = frozenset(["he", "she", "him", "her", "his", "hers", "himself", "herself"])
_WRITER = frozenset(["i", "we", "me", "us", "my", "our", "myself", "ourselves"])
_ROLES = words("offices")
_REACH = 40
"""Mentions that a pronoun looks back over."""


@dataclass(slots=True)
class _Mention:
    actor: str
    subject: bool
    sentence: int
    at: int


@dataclass(slots=True)
class Actors:
    """The actors of one article, growing as it is read from top to bottom."""

    aliases: AliasTable
    common: frozenset[str] = frozenset()
    """Words that the article also writes in lower case: capitals by position only."""
    proper: frozenset[str] = frozenset()
    """Words that it capitalises inside a sentence."""
    full: dict[str, list[str]] = field(default_factory=dict)
    """Last word of a name (lower-case) to the full names that end in it, by first mention."""
    acronyms: dict[str, str] = field(default_factory=dict)
    roles: dict[str, list[str]] = field(default_factory=dict)
    """Office ("minister") to the people who are introduced with it."""
    described: dict[str, str] = field(default_factory=dict)
    """Description ("mayor of karsa") to the name that stood beside it."""
    gender: dict[str, str] = field(default_factory=dict)
    """Canonical actor to ``he``, ``she``, ``it`` (organisation) or ``they`` (several)."""
    mentions: list[_Mention] = field(default_factory=list)

    @classmethod
    def of(cls, clauses: Iterable[Clause], text: str, aliases: AliasTable) -> Actors:
        """Collect the names of an article from its tokens."""
        clauses = list(clauses)
        common = frozenset(
            word for c in clauses for word, kind in zip(c.word, c.kind, strict=True) if kind == "L"
        )
        proper = frozenset(c.word[k] for c in clauses for k in range(1, len(c)) if c.kind[k] == "N")
        actors = cls(aliases, common, proper)
        for c in clauses:
            for first, last in name_runs(c):
                name, titles = core(text[c.start[first] : c.end[last - 1]])
                if not name:
                    continue
                before = c.word[first - 1] if first and c.kind[first - 1] == "L" else ""
                actors._learn(name, titles or (before if before in TITLES else ""))
                actors._learn_role(name, c, last)
                actors._learn_acronym(name, c, last, text)
        return actors

    def _learn(self, name: str, titles: str) -> None:
        words = name.split()
        if len(words) > 1:
            known = self.full.setdefault(surname_key(name), [])
            if name not in known:
                known.append(name)
        who = gender_of(words, titles)
        if who and self.gender.get(name, who) == who:
            self.gender[name] = who
        role = titles.lower().split()[-1:]
        if role and role[0] in _ROLES and len(words) > 1:
            self.roles.setdefault(role[0], []).append(name)

    def _learn_role(self, name: str, c: Clause, last: int) -> None:
        """``Anna Petra, the foreign minister``: an office in apposition."""
        if last + 1 >= len(c) or c.kind[last] != "," or " " not in name:
            return
        for k in range(last + 1, min(last + 7, len(c))):
            if c.kind[k] in ",;:QPR":
                break
            if c.word[k] in _ROLES:
                self.roles.setdefault(c.word[k], []).append(name)
                break

    def _learn_acronym(self, name: str, c: Clause, last: int, text: str) -> None:
        words = [word for word in name.split() if word[0].isupper()]
        if len(words) < 2:
            return
        if last + 2 < len(c) and c.kind[last] == "(" and c.kind[last + 2] == ")":
            short = text[c.start[last + 1] : c.end[last + 1]]
            if short.isupper() and len(short) < 9:
                self.acronyms[short] = name
                return
        initials = "".join(word[0] for word in words)
        if len(initials) > 2:
            self.acronyms.setdefault(initials, name)

    def mention(self, phrase: str, *, subject: bool, sentence: int, at: int) -> str:
        """Resolve a noun phrase and remember it for the pronouns that follow."""
        actor = self.resolve(phrase)
        self.mentions.append(_Mention(actor, subject, sentence, at))
        return actor

    def described_as(self, phrase: str, name: str) -> str:
        """``The mayor of Karsa, Anna Petra``: the name, and the description leads to it now."""
        actor = self.resolve(name)
        self.described[" ".join(phrase.lower().split()).removeprefix("the ")] = actor
        for word in phrase.lower().split():
            if word in ("of", "for", "in", "at"):
                break
            if word in _ROLES:
                self.roles.setdefault(word, []).append(actor)
        return actor

    def resolve(self, phrase: str) -> str:
        """The canonical actor of a noun phrase that is not a pronoun."""
        name, titles = core(phrase)
        known = self.aliases.canonical(phrase.strip()) or self.aliases.canonical(name)
        if known is not None:
            return known
        if (
            not name
            or headed_by_noun(phrase)
            or all(word.lower() in TITLES for word in name.split())
            or self._common_noun(phrase, name)
        ):
            return self._by_role(phrase) or generic_name(phrase, self.proper)
        if name in self.acronyms:
            name = self.acronyms[name]
        words = name.split()
        if len(words) == 1:
            candidates = self.full.get(words[0].lower(), [])
            who = gender_of(words, titles)
            fitting = [full for full in candidates if not who or self.gender.get(full, who) == who]
            # Of two people with one surname the last one named is meant.
            recent = next(
                (m.actor for m in reversed(self.mentions[-_REACH:]) if m.actor in fitting), None
            )
            if fitting:
                name = recent or fitting[0]
        else:
            # "Anna Petra" and "Anna B. Petra": the first full form with the same ends.
            for full in self.full.get(surname_key(name), []):
                if full.split()[0] == words[0]:
                    name = full
                    break
        who = gender_of(words, titles)
        if who:
            self.gender.setdefault(name, who)
        return self.aliases.canonical(name) or name

    def _by_role(self, phrase: str) -> str | None:
        """``the minister``: the last one named who has that office."""
        words = phrase.lower().split()
        known = self.described.get(" ".join(words).removeprefix("the "))
        if known is not None:
            return known
        if (
            not words
            or words[-1] not in self.roles
            or (words[0] not in ("the", "this") and not phrase.istitle())
        ):
            return None
        holders = self.roles[words[-1]]
        recent = (m.actor for m in reversed(self.mentions[-_REACH:]) if m.actor in holders)
        return next(recent, holders[0] if len(holders) == 1 else None)

    def _common_noun(self, phrase: str, name: str) -> bool:
        words = name.split()
        if len(words) > 1 or words[0].isupper():
            return False
        lower = words[0].lower()
        opens = phrase.strip().startswith(words[0])
        return lower in COLLECTIVE or (opens and lower not in self.full and lower in self.common)

    def pronoun(self, word: str, sentence: int, at: int) -> str:
        """Whom ``word`` stands for at offset ``at``: an actor, or the word itself.

        The writer's own "I" and "we" are the writer: empty.
        """
        word = word.lower()
        if word in _WRITER:
            return ""
        if word in _PERSON:
            wanted = "she" if word in ("she", "her", "hers", "herself") else "he"
            fits = {wanted, ""}
        elif word in ("they", "them", "their", "themselves"):
            wanted, fits = "they", {"they", "it"}
        elif word in ("it", "its", "itself"):
            wanted, fits = "it", {"it"}
        else:
            return word
        best: str | None = None
        for m in reversed(self.mentions[-_REACH:]):
            if m.at >= at or not m.actor:
                continue
            if sentence - m.sentence > 6 and best is not None:
                break
            kind = self.kind(m.actor)
            if kind not in fits:
                continue
            if m.subject and sentence - m.sentence <= 3:
                best = m.actor
                break
            if best is None:
                best = m.actor
        if best is None:
            return word
        if wanted in ("he", "she"):
            # What a pronoun says of somebody holds from here on.
            self.gender.setdefault(best, wanted)
        return best

    def kind(self, actor: str) -> str:
        """``he``, ``she``, ``it``, ``they``, or empty for a person of unknown gender."""
        if actor in self.gender:
            return self.gender[actor]
        words = actor.split()
        last = words[-1].lower() if words else ""
        if words and words[0][:1].isupper() and not actor.isupper():
            return ""
        if last in ("spokesman", "man", "chairman", "husband", "father", "son"):
            return "he"
        if last in ("spokeswoman", "woman", "chairwoman", "wife", "mother", "daughter"):
            return "she"
        if last in (
            "spokesperson",
            "official",
            "leader",
            "minister",
            "source",
            "candidate",
            "president",
        ):
            return ""
        if (last in COLLECTIVE and last.endswith("s")) or last in ("police", "people"):
            return "they"
        if last.endswith("s") and not actor[:1].isupper():
            return "they"
        return "it"
