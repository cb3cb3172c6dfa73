"""The words that behaviour tests put in: invented names, titles, bystanders, reporting verbs.

All of it is our own invention and no name is meant to be anybody's. A name that happens to
occur in the rows under test is left out by the caller.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

GIVEN = (
    "Orvane", "Tilsa", "Bremor", "Yandri", "Kestin", "Luvia", "Dorrik", "Amsel", "Pevra",
    "Jorrin", "Ketura", "Wendol", "Sabrin", "Halvek", "Mirune", "Tovan", "Elsine", "Radovil",
)  # fmt: skip
SURNAMES = (
    "Dovranek", "Hallimore", "Quistad", "Perrowin", "Zelmarin", "Tandover", "Askelund",
    "Brevanti", "Corvessy", "Immerol", "Ostrelig", "Nandovar", "Fallowick", "Urkhanel",
    "Vestrano", "Wickerdal", "Yarrovin", "Jendrasic",
)  # fmt: skip
PLACES = (
    "Ostvara", "Merrowen", "Talvoria", "Khesarin", "Brundal", "Velmark", "Sorrenia", "Aldovar",
    "Pellovia", "Jastria", "Norvane", "Quillemar", "Dravenna", "Ushkarin", "Lethmark", "Ymberia",
)  # fmt: skip
INITIALS = ("KVD", "ZRU", "QLM", "WTK", "JVO", "HXB", "YRG", "PZN")

RANKS: Mapping[str, str] = MappingProxyType(
    {
        "Maj. Gen.": "Major General", "Lt. Gen.": "Lieutenant General",
        "Brig. Gen.": "Brigadier General", "Lt. Col.": "Lieutenant Colonel",
        "Gen.": "General", "Brig.": "Brigadier", "Col.": "Colonel", "Maj.": "Major",
        "Capt.": "Captain", "Lt.": "Lieutenant", "Sgt.": "Sergeant", "Cpl.": "Corporal",
        "Adm.": "Admiral", "Prof.": "Professor", "Dr.": "Doctor", "Sen.": "Senator",
        "Gov.": "Governor", "Rev.": "Reverend",
    }
)  # fmt: skip
"""Titles before a name, shortened and written out; longer ones first."""
DEPARTMENTS: Mapping[str, str] = MappingProxyType(
    {
        "foreign": "foreign affairs", "defence": "defence", "defense": "defense",
        "interior": "the interior", "finance": "finance", "trade": "trade", "health": "health",
        "justice": "justice", "transport": "transport", "education": "education",
    }
)  # fmt: skip

BYSTANDERS = (
    " ({name} was among those present)",
    " ({name}, a surveyor from {place}, was also in the room)",
    " (the minutes were taken by {name})",
    " (the doors had been opened at nine by {name})",
    " (a coach from {place} brought {name} and two others)",
    " ({name} arrived later)",
    " (an interpreter, {name}, sat nearby)",
    " (the next item on the agenda was a visit by {name})",
    " ({name} of the {place} tram company had the seat beside the door)",
    ", on the day that {name} returned from {place}",
    ", in the week when {name} opened a museum in {place}",
    ", an hour before {name} landed in {place}",
    " (the bus to {place}, with {name} at the wheel, left on time)",
    ", with {name} already seated beside the door",
)
"""Neutral endings that name somebody else, to stand before a sentence's last full stop."""


@dataclass(frozen=True, slots=True)
class Verb:
    """A verb that performs one stance by itself, its forms, and an adverb that stresses it."""

    base: str
    past: str
    third: str
    stance: str
    adverb: str

    @property
    def negated(self) -> Mapping[str, str]:
        """The negation of each form."""
        return {self.past: f"did not {self.base}", self.third: f"does not {self.base}"}


VERBS = (
    Verb("condemn", "condemned", "condemns", "condemning", "strongly"),
    Verb("denounce", "denounced", "denounces", "condemning", "loudly"),
    Verb("deplore", "deplored", "deplores", "condemning", "deeply"),
    Verb("criticise", "criticised", "criticises", "condemning", "sharply"),
    Verb("criticize", "criticized", "criticizes", "condemning", "sharply"),
    Verb("accuse", "accused", "accuses", "accusing", "openly"),
    Verb("blame", "blamed", "blames", "accusing", "openly"),
    Verb("defend", "defended", "defends", "justifying", "stoutly"),
    Verb("justify", "justified", "justifies", "justifying", "stoutly"),
    Verb("praise", "praised", "praises", "supporting", "warmly"),
    Verb("welcome", "welcomed", "welcomes", "supporting", "warmly"),
    Verb("back", "backed", "backs", "supporting", "firmly"),
    Verb("support", "supported", "supports", "supporting", "firmly"),
    Verb("endorse", "endorsed", "endorses", "supporting", "warmly"),
    Verb("applaud", "applauded", "applauds", "supporting", "loudly"),
    Verb("hail", "hailed", "hails", "supporting", "loudly"),
    Verb("thank", "thanked", "thanks", "supporting", "warmly"),
    Verb("deny", "denied", "denies", "denying", "flatly"),
    Verb("reject", "rejected", "rejects", "rejecting", "flatly"),
    Verb("turn down", "turned down", "turns down", "rejecting", "flatly"),
    Verb("demand", "demanded", "demands", "demanding", "firmly"),
    Verb("urge", "urged", "urges", "demanding", "strongly"),
    Verb("call on", "called on", "calls on", "demanding", "urgently"),
    Verb("threaten", "threatened", "threatens", "threatening", "openly"),
)
