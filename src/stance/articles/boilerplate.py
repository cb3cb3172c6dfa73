"""Recognise the lines of a page that nobody says: datelines, bylines, captions, buttons.

Each recogniser is a bounded pattern over one line. A line is boilerplate when one of them
covers it whole; long lines never are, so that a paragraph is not lost to a stray word.
"""

from __future__ import annotations

import re
from functools import lru_cache

MAX_LINE = 220
"""Characters beyond which a line is taken for prose whatever it starts with."""

_MONTH = (
    r"(?:Jan(?:uary|\.)?|Feb(?:ruary|\.)?|Mar(?:ch|\.)?|Apr(?:il|\.)?|May|June?|July?|"
    r"Aug(?:ust|\.)?|Sept?(?:ember|\.)?|Oct(?:ober|\.)?|Nov(?:ember|\.)?|Dec(?:ember|\.)?)"
)
_DAY = r"(?:(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_CLOCK = (
    r"\d{1,2}[:.]\d{2}(?::\d{2})?\s?(?:[ap]\.?m\.?)?"
    r"(?:\s?(?:ET|EST|EDT|GMT|UTC|BST|CET|[ECMP][SD]?T))?"
)
_DATE = (
    rf"(?:{_DAY}\.?,?\s+)?"
    rf"(?:{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?|\d{{1,2}}(?:st|nd|rd|th)?\s+{_MONTH})"
    rf",?(?:\s+\d{{4}})?|\d{{4}}-\d{{2}}-\d{{2}}|\d{{1,2}}[/.]\d{{1,2}}[/.]\d{{2,4}}"
)
_NAME = r"[A-ZÀ-ÖØ-Þ][\w.'’-]{0,30}"

_NAMES = rf"{_NAME}(?:\s+{_NAME}){{0,5}}"
_SITES = (
    r"(?:facebook|twitter|whatsapp|telegram|reddit|linkedin|pinterest|instagram|youtube|email"
    r"|print|copy link|x)"
)
_PATTERNS = (
    # Dates, alone or after "Published"; clock times of live blogs.
    rf"(?i:(?:(?:first\s+)?(?:published|posted|updated|last\s+(?:updated|modified)|modified)"
    rf"(?:\s+(?:on|at))?:?\s*)?(?:{_DATE})(?:[,\s|·•–—-]{{1,4}}(?:at\s+)?{_CLOCK})?)",
    rf"(?i:(?:(?:updated|posted|published)(?:\s+at)?:?\s*)?{_CLOCK}"
    rf"(?:[,\s|·–—-]{{1,4}}(?:{_DATE}))?)",
    r"(?i:\d{1,2}\s?[ap]\.?m\.?(?:\s?[A-Z]{2,4})?)",
    r"(?i:\d{1,3}\s(?:seconds?|minutes?|mins?|hours?|hrs?|days?|weeks?|months?)\sago)",
    # Who wrote it, who photographed it.
    rf"(?i:by)\s+{_NAMES}(?:\s*(?:,|and|&|\|)\s*{_NAMES}){{0,4}}",
    r"(?i:written|reported|edited|compiled)\s+(?i:by)\s.{2,120}",
    r"(?i:\(?(?:reporting|additional reporting|editing|writing)\s+by\s.{2,160})",
    r"(?i:(?:photo|image|picture|photograph|video|file\s+photo|credit|caption|source)s?"
    r"(?:\s+(?:by|credit|courtesy(?:\s+of)?))?\s?[:/©|].{0,160})",
    r"(?i:(?:photo|image|photograph)s?\s+(?:by|courtesy)\s.{1,120})",
    r"(?i:(?:©|\(c\)|copyright)\s?.{0,160})",
    r"(?i:[\[(](?:photo|image|video|ap photo|reuters|getty|afp|file)\b[^\])]{0,120}[\])])",
    r".{1,120}\b(?:/\s?(?:AP|AFP|Reuters|Getty(?: Images)?|EPA)|\(AP Photo[^)]{0,60}\))",
    # What to click.
    r"(?i:(?:[-–—*•>»]+\s*)?(?:read|see|view|watch|show|load|learn|find out)\s+"
    r"(?:more|also|next|all|less|now)"
    r"(?:\s*[:|>».…→-].{0,180}|\s+(?:about|on|from|in|here|stories|news|at)\b.{0,100})?)",
    r"(?i:(?:also\s+read|related(?:\s+(?:articles?|stories|story|coverage|news|topics|links?))?"
    r"|more\s+(?:on|from|news|stories)|recommended|you\s+may\s+also\s+like"
    r"|most\s+(?:read|popular|viewed)|trending(?:\s+now)?|in\s+pictures)"
    r"(?:\s*[:|].{0,180}|\s+(?:this|on|in)\b.{0,60})?)",
    r"(?i:(?:share|tweet|pin|email|print|comments?|follow|subscribe|sign\s+(?:up|in)|log\s+in"
    r"|like|save|copy\s+link)(?:\s+(?:this(?:\s+(?:article|story|page|post|on))?|on|via|with|us"
    r"|now|here|to|for|facebook|twitter|whatsapp|telegram|x|email|link|our|newsletters?|the))*"
    r"(?:\s*[:|(\d].{0,80})?[.!]?)",
    rf"(?i:{_SITES}(?:[\s,|/·•]+(?:{_SITES}|and|more))*)",
    r"(?i:(?:follow|like|join|find)\s+(?:us|me|him|her|them|@\w+|\w+\s+\w+)\s+(?:on|at)\s+.{1,80})",
    r"(?i:(?:click|tap)\s+(?:here|to)\b.{0,120})",
    r"(?i:(?:advertisement|advertising|sponsored(?:\s+content)?|ad|loading"
    r"|continue\s+reading.{0,80}|story\s+continues\s+below.{0,60}"
    r"|article\s+continues\s+below.{0,60}|skip\s+(?:to|advert).{0,60}|newsletter|comments?"
    r"|tags?\s*:.{0,160}|topics?\s*:.{0,160}|filed\s+under\s*:.{0,160}|sources?"
    r"|external\s+links|references|image\s+(?:caption|source|credit)s?.{0,160}"
    r"|media\s+caption.{0,160}|playback\s+.{1,80}|all\s+rights\s+reserved.{0,80})\.?)",
    r"https?://\S{1,200}",
    # Ornaments: a line without a letter or digit.
    r"[\W_]{1,200}",
)
_LINES = tuple(re.compile(pattern) for pattern in _PATTERNS)

_DATELINE = re.compile(
    r"(?:[A-Z][A-Z.'’-]{2,24}(?:[ /-][A-Z][A-Z.'’-]{0,24}){0,3}"
    r"(?:,\s[A-Z][\w.'’]{1,20}(?:\s[A-Z][\w.'’]{1,20}){0,2})?"
    rf"(?:,\s(?:{_MONTH}\s\d{{1,2}}|\d{{1,2}}\s{_MONTH}))?"
    r"(?:\s?\((?:[A-Z][\w.&’' /-]{1,30})\))?"
    r"|[A-Z][\w.'’-]{1,20}(?:\s[A-Z][\w.'’-]{1,20}){0,2}(?:,\s[A-Z][\w.'’]{1,20}(?:\s[A-Z][\w.'’]{1,20})?)?"
    r"\s?\((?:AP|AFP|Reuters|REUTERS|CNN|UPI|dpa|DPA|ANI|PTI|Xinhua|TASS|IANS|EFE|ANSA)\))"
    r"\s?(?:--|[–—-])\s+"
)
_CREDIT = re.compile(
    r"(?:^|[.!?\"”]\s|\s\()(?:image|photo|picture|photograph|credit)s?(?:\s(?:by|credit|courtesy(?:\sof)?))?\s?:"
    r"[^.:\n]{1,60}(?:\.[^.\s]{1,20}){0,2}[.!]?\)?(?:\s\(\w{1,20}\)\.?)?$",
    re.I,
)
_BRIEF = re.compile(rf"(?:{_CLOCK}|\d{{1,2}}\s?[ap]\.?m\.?)\s*(?:[–—:|-]\s*)?(?=\S)", re.I)


@lru_cache(maxsize=4096)
def is_boilerplate(line: str) -> bool:
    """Whether ``line`` (one line, any surrounding blanks) is furniture of the page."""
    line = line.strip()
    if not line or len(line) > MAX_LINE:
        return False
    return any(pattern.fullmatch(line) for pattern in _LINES)


def is_caption(paragraph: str) -> bool:
    """Whether a short paragraph ends by naming who took the picture."""
    return len(paragraph) <= 500 and _CREDIT.search(paragraph[-120:]) is not None


def prefix_length(line: str) -> int:
    """Length of the dateline or live-blog time at the start of ``line``; 0 without one.

    Only a prefix that leaves prose behind it counts: ``KARSA, Ostvia (OPA) — `` or ``10:45 ``.
    """
    head = line[:160]
    match = _DATELINE.match(head) or _BRIEF.match(head)
    if match is None:
        return 0
    rest = line[match.end() : match.end() + 1]
    return match.end() if rest and not rest.islower() else 0
