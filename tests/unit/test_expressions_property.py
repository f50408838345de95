"""Expressions made from the grammar of the language give what Python gives, or are refused."""

import math
import sys
import time
from random import Random
from types import SimpleNamespace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eas_framework.constants import EASConstants
from eas_framework.errors import ExpressionError
from eas_framework.expressions import Scope
from eas_framework.expressions.compiler import compile_expression

METADATA = {"size": 0.5, "index": 3, "name": "tls", "deep": True, "none": None, "list": [1, 2.5, "x"]}
REQUESTED = {"search": {"outcome": "PASS", "sde": 12.5}}
SEED = 11
FUNCTIONS = ["abs", "round", "int", "float", "str", "bool", "len", "min", "max"]
WATCHED = ("import", "open", "exec", "os.", "subprocess.", "socket.", "shutil.", "ctypes.")
MAX_CPU_SECONDS = 0.05

seen: list[str] = []
watching = False


def _watch(event, _arguments):
    if watching and event.startswith(WATCHED):
        seen.append(event)


sys.addaudithook(_watch)

whole = st.integers(-1000, 1000).map(str)
real = st.floats(-1e6, 1e6, allow_nan=False).map(repr)
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=8).map(repr)
number = st.one_of(whole, real, st.sampled_from(["pi", "e", "metadata['size']", "metadata['index']"]))
number |= st.sampled_from(["constants.Rearth", "constants.day", "requested_metadata['search']['sde']"])
number |= st.sampled_from(["random.random()", "random.uniform(1, 2)", "random.gauss(0, 1)"])
words = st.one_of(text, st.sampled_from(["metadata['name']", "requested_metadata['search']['outcome']"]))
truth = st.sampled_from(["True", "False", "metadata['deep']", "'size' in metadata"])
other = st.sampled_from(
    ["None", "metadata['none']", "metadata['list']", "metadata.get('x', 1)", "metadata['nope']"]
)
template = st.sampled_from(
    ["'{}_{}'", "'{0:.3f}{1}'", "'{name}_{index}'", "'{size:08.3f}{name!r:>9}'", "'{:+d}'", "'{'"]
)
percent = st.sampled_from(["'%s'", "'%.3f'", "'%05d'", "'%d%%'", "'%x'", "'%s %s'"])


def _grow(inner):
    pair = st.tuples(inner, inner)
    binary = st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "//", "%", "**"]), inner)
    compare = st.tuples(inner, st.sampled_from(["==", "!=", "<", "<=", ">", ">=", "in", "not in"]), inner)
    call = st.tuples(st.sampled_from(FUNCTIONS), inner)
    return st.one_of(
        binary.map(" ".join).map("({})".format),
        compare.map(" ".join).map("({})".format),
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(" ".join).map("({})".format),
        inner.map("(not {})".format),
        inner.map("(-{})".format),
        st.tuples(inner, inner, inner).map(lambda x: "({} if {} else {})".format(*x)),
        st.lists(inner, max_size=4).map(lambda items: f"[{', '.join(items)}]"),
        pair.map(lambda x: "({}, {})".format(*x)),
        call.map(lambda x: "{}({})".format(*x)),
        pair.map(lambda x: "pow({}, {})".format(*x)),
        pair.map(lambda x: "{}[{}]".format(*x)),
        st.tuples(template, inner, inner).map(lambda x: "{}.format({}, {}, **metadata)".format(*x)),
        st.tuples(percent, inner).map(lambda x: "({} % {})".format(*x)),
    )


def _numeric(inner):
    """Arithmetic, so that most expressions have a value."""
    sign = st.sampled_from(["+", "-", "*"])
    return st.one_of(
        st.tuples(inner, sign, inner).map(" ".join).map("({})".format),
        st.tuples(inner, inner).map(lambda x: "max({}, {})".format(*x)),
        inner.map("float({})".format),
        st.tuples(inner, inner).map(lambda x: "(({} < {}) and {})".format(*x, x[0])),
        st.tuples(template, inner, inner).map(lambda x: "len({}.format({}, {}, **metadata))".format(*x)),
    )


expressions = st.one_of(
    st.recursive(number, _numeric, max_leaves=10),
    st.recursive(number | words | truth | other, _grow, max_leaves=6),
).map("({})".format)


def _ours(source):
    """The value or the error, and the CPU seconds of translating and evaluating, cache aside."""
    global watching
    start = time.thread_time()
    watching = True
    try:
        value = compile_expression.__wrapped__(source).evaluate(Scope(METADATA, REQUESTED, seed=SEED))
    except ExpressionError as error:
        value = error
    finally:
        watching = False
    return value, time.thread_time() - start


def _python(source):
    builtins = {f.__name__: f for f in (abs, bool, float, int, len, max, min, pow, round, str)}
    names = {"metadata": METADATA, "requested_metadata": REQUESTED, "constants": EASConstants()}
    random = Random(SEED)  # noqa: S311 - simulation
    chance = SimpleNamespace(random=random.random, uniform=random.uniform, gauss=random.gauss)
    return eval(source, {"__builtins__": builtins, **names, "random": chance, "pi": math.pi, "e": math.e})  # noqa: S307 - the reference


def _same(left, right):
    if isinstance(left, list | tuple) and type(left) is type(right):
        return len(left) == len(right) and all(map(_same, left, right))
    both_nan = left != left and right != right
    return type(left) is type(right) and (left == right or both_nan)


def test_generated_expressions_equal_python_or_are_refused_quickly_and_touch_nothing(capsys):
    tally = {"accepted": 0, "refused": 0}

    @settings(max_examples=1500, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(expressions)
    def check(source):
        value, seconds = _ours(source)
        fastest = min([seconds, *(_ours(source)[1] for _ in range(2) if seconds > MAX_CPU_SECONDS)])
        assert fastest < MAX_CPU_SECONDS, source
        if isinstance(value, ExpressionError):
            tally["refused"] += 1
            return
        tally["accepted"] += 1
        assert _same(value, _python(source)), source

    seen.clear()
    check()
    share = tally["accepted"] / sum(tally.values())
    with capsys.disabled():
        sys.stdout.write(f"\nexpressions accepted: {share:.0%} of {sum(tally.values())}\n")
    assert share >= 0.5
    assert seen == []


def test_texts_of_any_kind_are_evaluated_or_refused_and_touch_nothing():
    @settings(max_examples=500, deadline=None, database=None)
    @given(
        st.text(max_size=60).map(lambda body: f"({body})")
        | st.text("('\")[]{}%*+-.,:abc_01 \\N", max_size=40)
    )
    def check(source):
        _ours(source)

    seen.clear()
    check()
    assert seen == []


def test_a_named_unicode_character_and_a_name_outside_ascii_import_nothing():
    seen.clear()
    assert _ours(r"('\N{DIGIT ONE}')")[0] == "1"
    assert _ours("(\uff50\uff49)")[0] == math.pi
    assert seen == []
