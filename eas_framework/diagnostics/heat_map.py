"""Shares in the cells of a grid as a picture: one panel for each detector, SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lxml import etree

_CELL_WIDTH, _CELL_HEIGHT = 64, 30
_LEFT, _TOP, _GAP, _BOTTOM = 90, 40, 70, 50
_SVG = "http://www.w3.org/2000/svg"
_DARK_BELOW = 0.55
# from dark blue over green to yellow, light where nearly all is found
_COLOURS = ((68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37))


def heat_map(
    rows: Sequence[Mapping[str, Any]], *, x: str, y: str, value: str, counts: tuple[str, str]
) -> bytes:
    """A picture of a table with one row for each cell.

    Args:
        rows: With the column ``detector`` and those named by the other arguments.
        x: Column along the horizontal axis.
        y: Column along the vertical axis, growing upwards.
        value: Column of shares between 0 and 1, the colour.
        counts: Two columns written into the cell as ``a/b``.

    Returns:
        The bytes of an SVG file.
    """
    columns, lines = _values(rows, x), _values(rows, y)
    detectors = list(dict.fromkeys(row["detector"] for row in rows))
    panel = _TOP + len(lines) * _CELL_HEIGHT + _GAP
    width, height = _LEFT + len(columns) * _CELL_WIDTH + 20, panel * len(detectors) + _BOTTOM - _GAP
    root = etree.Element(f"{{{_SVG}}}svg", nsmap={"svg": _SVG})
    root.attrib.update({"width": str(width), "height": str(height), "viewBox": f"0 0 {width} {height}"})
    root.set("font-family", "sans-serif")
    _rectangle(root, 0, 0, width, height, colour="white")
    for number, detector in enumerate(detectors):
        top = number * panel + _TOP
        own = [row for row in rows if row["detector"] == detector]
        _text(root, _LEFT, top - 16, str(detector), text_anchor="start", font_size="13")
        _axes(root, columns, lines, top=top, names=(x, y))
        for row in own:
            left = _LEFT + columns.index(row[x]) * _CELL_WIDTH
            upper = top + (len(lines) - 1 - lines.index(row[y])) * _CELL_HEIGHT
            text = f"{row[counts[0]]}/{row[counts[1]]}"
            _cell(root, left, upper, float(row[value]), text)
    return etree.tostring(root, xml_declaration=True, encoding="utf-8", pretty_print=True)


def _values(rows: Sequence[Mapping[str, Any]], name: str) -> list[Any]:
    return sorted({row[name] for row in rows}, key=lambda value: (isinstance(value, str), value))


def _axes(
    root: etree._Element, columns: Sequence[Any], lines: Sequence[Any], *, top: int, names: tuple[str, str]
) -> None:
    bottom = top + len(lines) * _CELL_HEIGHT
    for index, label in enumerate(columns):
        _text(root, _LEFT + (index + 0.5) * _CELL_WIDTH, bottom + 15, _label(label))
    for index, label in enumerate(lines):
        _text(root, _LEFT - 6, bottom - (index + 0.5) * _CELL_HEIGHT + 4, _label(label), text_anchor="end")
    _text(root, _LEFT + len(columns) * _CELL_WIDTH / 2, bottom + 31, names[0], font_size="12")
    _text(root, 6, top - 4, names[1], text_anchor="start", font_size="12")


def _cell(root: etree._Element, left: float, top: float, share: float, text: str) -> None:
    _rectangle(root, left, top, _CELL_WIDTH - 1, _CELL_HEIGHT - 1, colour=colour_of(share))
    middle = (left + _CELL_WIDTH / 2, top + _CELL_HEIGHT / 2 + 4)
    _text(root, *middle, text, fill="white" if share < _DARK_BELOW else "black")


def colour_of(share: float) -> str:
    """The colour of a share between 0 and 1, as ``#rrggbb``."""
    place = min(max(share, 0.0), 1.0) * (len(_COLOURS) - 1)
    index = min(int(place), len(_COLOURS) - 2)
    pairs = zip(_COLOURS[index], _COLOURS[index + 1], strict=True)
    parts = [round(low + (high - low) * (place - index)) for low, high in pairs]
    return "#" + "".join(f"{part:02x}" for part in parts)


def _label(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _rectangle(root: etree._Element, x: float, y: float, width: float, height: float, *, colour: str) -> None:
    sizes = {"x": x, "y": y, "width": width, "height": height}
    etree.SubElement(root, f"{{{_SVG}}}rect", {k: f"{v:g}" for k, v in sizes.items()}, fill=colour)


def _text(root: etree._Element, x: float, y: float, text: str, **looks: str) -> None:
    place = {"x": f"{x:g}", "y": f"{y:g}", "text-anchor": "middle", "font-size": "11", "fill": "black"}
    given = {name.replace("_", "-"): value for name, value in looks.items()}
    etree.SubElement(root, f"{{{_SVG}}}text", place | given).text = text
