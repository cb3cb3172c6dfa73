"""The codebook as tables: what each label means, as the run's annotators and readers had it."""

from __future__ import annotations

from stance.codebook import Codebook
from stance.reporting.tables import Column, Table


def codebook_tables(codebook: Codebook) -> list[Table]:
    """One table a task; columns that the codebook leaves empty are left out."""
    tables = []
    for task, found in codebook.tasks.items():
        columns = {
            "relation": [label.relation for label in found.labels],
            "definition": [label.definition for label in found.labels],
            "example": [label.example for label in found.labels],
            "near miss": [label.near_miss for label in found.labels],
        }
        used = {title: cells for title, cells in columns.items() if any(cells)}
        tables.append(
            Table(
                f"{task}-codebook",
                f"{codebook.name}, version {codebook.version}: what each {task} label means",
                [Column(task, "label"), *(Column(title) for title in used)],
                [[name, *(cells[at] for cells in used.values())]
                 for at, name in enumerate(found.names)],
            )
        )  # fmt: skip
    return tables
