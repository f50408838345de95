"""The words of the expression language: names, operators, and what is refused by name."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping
from typing import Any

from eas_framework.constants import EASConstants
from eas_framework.expressions import values
from eas_framework.expressions.formatting import percent

CONSTANTS: Mapping[str, float] = vars(EASConstants())
NUMBERS = {"pi": math.pi, "e": math.e}
TABLES = ("metadata", "requested_metadata")
RANDOM_ARGUMENTS = {"random": 0, "uniform": 2, "gauss": 2}
NAMES = (*TABLES, "constants", "random", *NUMBERS, *values.FUNCTIONS)
BINARY: Mapping[type[ast.operator], values.Operation] = {
    ast.Add: values.add,
    ast.Sub: values.subtract,
    ast.Mult: values.multiply,
    ast.Div: values.divide,
    ast.FloorDiv: values.floor_divide,
    ast.Mod: percent,
    ast.Pow: values.power,
}
UNARY: Mapping[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.USub: values.negate,
    ast.UAdd: values.affirm,
    ast.Not: lambda value: not value,
}
REFUSED = {
    ast.ListComp: "a comprehension",
    ast.SetComp: "a comprehension",
    ast.DictComp: "a comprehension",
    ast.GeneratorExp: "a comprehension",
    ast.Lambda: "a lambda",
    ast.JoinedStr: "an f-string",
    ast.Slice: "a slice",
    ast.NamedExpr: "an assignment (:=)",
    ast.Dict: "a table written with braces",
    ast.Set: "a set",
    ast.Starred: "a starred value",
}
SIGNS = {
    ast.LShift: "<<",
    ast.RShift: ">>",
    ast.BitOr: "|",
    ast.BitAnd: "&",
    ast.BitXor: "^",
    ast.MatMult: "@",
    ast.Invert: "~",
}
