"""Foreign text into HTML: escaped, isolated, with nothing that acts unseen.

Every template is escaped whatever its file is called. Text from articles may also hold
characters that reorder the page around them or that HTML cannot hold; those are shown by
their names instead of being obeyed.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from jinja2 import Environment

CSP = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'"
)
_TEMPLATES = Path(__file__).parent / "templates"
# Controls, the embeddings, overrides and isolates of bidirectional text, half characters and
# non-characters. Joiners and direction marks are part of ordinary Persian and Arabic spelling.
_ACTS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufdd0-\ufdef\ufffe\uffff\ud800-\udfff]"
)
_BREAKS = re.compile("\r\n?|[\x85\u2028\u2029]")


def visible(text: object) -> Markup:
    """Escape text, isolate its direction, and show control characters by their code."""
    return Markup("<bdi>{}</bdi>").format(shown(text))


def shown(text: object) -> Markup:
    """Escape text and show control characters by their code.

    For parts of a text whose element is the isolate: ``dir="auto"`` does not look into ``bdi``.
    """
    plain = _BREAKS.sub("\n", str(text))
    parts = []
    end = 0
    for found in _ACTS.finditer(plain):
        code = f"U+{ord(found.group()):04X}"
        parts += [
            escape(plain[end : found.start()]),
            Markup('<span class="control" title="control character">{}</span>').format(code),
        ]
        end = found.end()
    parts.append(escape(plain[end:]))
    return Markup("").join(parts)


def plain(text: object) -> str:
    """Return text for an attribute or a vector graphic: control characters as their codes."""
    return _ACTS.sub(lambda found: f"[U+{ord(found.group()):04X}]", _BREAKS.sub(" ", str(text)))


def percent(share: float) -> str:
    """Write a probability without claiming certainty: ``>99 %`` and never ``100 %``."""
    if share > 0.99:
        return ">99\u202f%"
    return "<1\u202f%" if share < 0.01 else f"{100 * share:.0f}\u202f%"


@lru_cache(maxsize=1)
def environment() -> Environment:
    """Return the templates' environment."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"visible": visible, "shown": shown, "plain": plain, "percent": percent}
    made.globals["csp"] = CSP
    return made
