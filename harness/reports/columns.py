"""Many short texts side by side, as many as a line takes; read down first, as ls does."""

from __future__ import annotations

from collections.abc import Callable, Sequence

_GAP = 3


def in_columns(
    texts: Sequence[str], width: int, paint: Callable[[int, str], str] = lambda _, text: text
) -> list[str]:
    """The lines; `paint` may colour the text with an index, once its place has been found."""
    cell = max(map(len, texts), default=0) + _GAP
    columns = max((width + _GAP) // cell, 1)
    rows = -(-len(texts) // columns)
    return [
        "".join(
            paint(at, texts[at]) + " " * (cell - len(texts[at]))
            for at in range(row, len(texts), rows)
        ).rstrip()
        for row in range(rows)
    ]
