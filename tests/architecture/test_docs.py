"""What the documents list is what there is."""

from __future__ import annotations

import re
from pathlib import Path

from workbench.factors import registry

ROOT = Path(__file__).resolve().parents[2]


def test_the_table_of_factors_names_every_shipped_factor_with_its_family_and_direction() -> None:
    told = {}
    for line in (ROOT / "docs" / "factors.md").read_text(encoding="utf-8").splitlines():
        row = re.match(r"\| (\w+) \| (.*) \|$", line)
        for sign, name, mark in re.findall(r"(− )?`(\w+)`(ᶠ?)", row[2]) if row else ():
            told[name] = (row[1], -1 if sign else 1, not mark)
    shipped = [registry.get(name) for name in registry.names()]
    ours = [one for one in shipped if one.function.__module__.startswith("workbench.factors")]
    assert told == {one.name: (one.family, one.direction, one.financials) for one in ours}
