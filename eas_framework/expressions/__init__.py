"""The expression language of job files: a small, safe part of Python's expressions.

`compile_expression` checks a text against a list of what is allowed and translates it, once, into nested
functions. Nothing of Python's own evaluation is used: an expression reaches only the values it is given.
Every failure is an `ExpressionError` that names the expression and the place inside it.
"""

from eas_framework.expressions.compiler import compile_expression, is_expression
from eas_framework.expressions.expression import Expression, Scope

__all__ = ["Expression", "Scope", "compile_expression", "is_expression"]
