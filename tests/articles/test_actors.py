"""Names, aliases, affiliation: one actor for many mentions, and what is known of each."""

from __future__ import annotations

from pathlib import Path

import pytest

from stance.articles.actors import AliasTable, read_aliases
from stance.articles.affiliation import affiliations
from stance.articles.attribution import attribute
from stance.articles.names import core
from stance.articles.segment import segment
from stance.errors import ConfigError


@pytest.mark.parametrize(
    ("phrase", "name"),
    [
        ("Foreign Minister Anna Petra", "Anna Petra"),
        ("ministry spokesman Taren Oluk", "Taren Oluk"),
        ("Mr. Ode", "Ode"),
        ("Sen. Odo Varr", "Odo Varr"),
        ("the Bank of Karsa", "Bank of Karsa"),
        ("several officials", ""),
        ("Petra's", "Petra"),
    ],
)
def test_the_name_in_a_phrase(phrase: str, name: str) -> None:
    assert core(phrase)[0] == name


def told(text: str, aliases: AliasTable | None = None) -> dict[str, str]:
    return affiliations(text, attribute(text, segment(text), aliases), aliases)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Anna Petra, the mayor of Karsa, said it failed.", {"Anna Petra": "Karsa"}),
        ("Sen. Odo Varr (R-Dell.) said it failed.", {"Odo Varr": "R-Dell."}),
        ("Ministry spokesman Taren Oluk said it failed.", {"Taren Oluk": "Ministry"}),
        ("Ostvia's foreign ministry said it failed.", {"Ostvia's foreign ministry": "Ostvia"}),
        ("Anna Petra said it failed.", {}),
    ],
)
def test_affiliation_where_the_text_gives_it(text: str, expected: dict[str, str]) -> None:
    assert told(text) == expected


ALIASES = """\
- name: Petra, Anna
  aliases: [Anna Petra, Petra, the iron mayor]
  affiliation: Ostvia
  side: east
- name: Ode, Sten
"""


def test_the_users_table_decides(tmp_path: Path) -> None:
    file = tmp_path / "actors.yaml"
    file.write_text(ALIASES)
    table = read_aliases(file)
    assert table.canonical("PETRA") == "Petra, Anna"
    assert table.side == {"Petra, Anna": "east"}
    assert told("Anna Petra, the mayor of Karsa, said it failed.", table) == {
        "Petra, Anna": "Ostvia"
    }


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("name: a", "must be a list"),
        ("- aliases: [a]", "needs a name"),
        ("- {name: a, alias: [b]}", "'alias'"),
        ("- {name: a, aliases: b}", "list of texts"),
        ("- {name: a, aliases: ['']}", "none empty"),
        ("- {name: a, aliases: [' ']}", "none empty"),
        ("- {name: a, aliases: [c]}\n- {name: b, aliases: [C]}", "belongs to"),
        ("- [", "line 1"),
        ("- !!python/object/apply:os.getcwd []", "constructor"),
    ],
)
def test_a_bad_table_is_refused_in_one_line(tmp_path: Path, source: str, message: str) -> None:
    file = tmp_path / "actors.yaml"
    file.write_text(source)
    with pytest.raises(ConfigError, match=message) as caught:
        read_aliases(file)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("- name: &a Orsk\n  aliases: [*a]\n", "aliases"),
        ("- {name: Orsk, name: Velm}\n", "stands twice"),
        ("[" * 3000, "recursion"),
    ],
)
def test_alias_tables_are_strict_yaml(tmp_path: Path, text: str, named: str) -> None:
    path = tmp_path / "aliases.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=named):
        read_aliases(path)
    path.write_text("- {name: Norway, aliases: [NO], side: no}\n")
    table = read_aliases(path)
    assert table.canonical("NO") == "Norway"
    assert table.side == {"Norway": "no"}
