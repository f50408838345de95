"""The inner loops of the folding search as explicit vector instructions.

Each function here has a plain loop of the same name in `plain_kernels`, which says what it computes and is
the reference in the tests. The loops run over whole vectors of 16 numbers: they may read and write up
to 15 elements beyond `n`. LLVM splits the vectors where the processor's are shorter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

from llvmlite import ir  # type: ignore[import-untyped] # it ships no types
from numba import types
from numba.core import cgutils as untyped_cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import make_array as untyped_make_array

cgutils: Any = untyped_cgutils
make_array: Any = untyped_make_array
LANES = 16
_FAST = ("fast",)
_FLOAT, _INT64 = ir.FloatType(), ir.IntType(64)
_ELEMENTS = {types.float32: _FLOAT, types.uint16: ir.IntType(16)}
_TINY = 1e-20
Emit = Callable[[Any, Any, Any, Any], Any]  # context, builder, signature, values


def _vector(element: Any) -> Any:
    return ir.VectorType(element, LANES)


def _pointer(context: Any, builder: Any, array_type: Any, array: Any) -> Any:
    """Where the elements of an array begin."""
    return make_array(array_type)(context, builder, array).data


def _place(builder: Any, pointer: Any, index: Any, element: Any) -> Any:
    address = builder.gep(pointer, [index], source_etype=element)
    return builder.bitcast(address, _vector(element).as_pointer())


def _load(builder: Any, pointer: Any, index: Any, element: Any = _FLOAT) -> Any:
    vector = builder.load(_place(builder, pointer, index, element), typ=_vector(element))
    vector.align = 2
    return vector


def _store(builder: Any, value: Any, pointer: Any, index: Any, element: Any = _FLOAT) -> None:
    builder.store(value, _place(builder, pointer, index, element)).align = 2


def _spread(builder: Any, scalar: Any) -> Any:
    """A vector with the same number in all lanes."""
    undefined = ir.Constant(_vector(_FLOAT), ir.Undefined)
    one = builder.insert_element(undefined, scalar, ir.Constant(ir.IntType(32), 0))
    lanes = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    return builder.shuffle_vector(one, undefined, lanes)


def _constant(value: float) -> Any:
    return ir.Constant(_vector(_FLOAT), [value] * LANES)


def _larger(builder: Any, a: Any, b: Any) -> Any:
    return builder.select(builder.fcmp_ordered(">", a, b, flags=_FAST), a, b)


def _sum(builder: Any, a: Any, b: Any, element: Any) -> Any:
    return builder.add(a, b) if isinstance(element, ir.IntType) else builder.fadd(a, b, flags=_FAST)


def _total(builder: Any, vectors: Sequence[Any], element: Any) -> Any:
    """The sum of some vectors."""
    return reduce(lambda a, b: _sum(builder, a, b, element), vectors)


def _for_vectors(builder: Any, n: Any, body: Callable[[Any], None]) -> None:
    """Emit `body` for the first bin of every vector that begins below `n`."""
    lanes = ir.Constant(_INT64, LANES)
    count = builder.sdiv(builder.add(n, ir.Constant(_INT64, LANES - 1)), lanes)
    with cgutils.for_range(builder, count) as loop:
        body(builder.mul(loop.index, lanes))


def _emit_sum(sources: Sequence[tuple[int, int]]) -> Emit:
    """Code of ``out[at:] = x[i:] + ...``; `sources` are the arguments that hold each array and its start."""

    def emit(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        element = _ELEMENTS[signature.args[0].dtype]
        target = _pointer(context, builder, signature.args[0], values[0])
        rows = [(_pointer(context, builder, signature.args[x], values[x]), values[i]) for x, i in sources]

        def body(start: Any) -> None:
            loaded = [_load(builder, pointer, builder.add(start, row), element) for pointer, row in rows]
            total = _total(builder, loaded, element)
            _store(builder, total, target, builder.add(start, values[1]), element)

        _for_vectors(builder, values[-1], body)
        return context.get_dummy_value()

    return emit


@intrinsic
def add(context: Any, out: Any, at: Any, x: Any, i: Any, y: Any, k: Any, n: Any) -> Any:  # noqa: PLR0913 - a kernel
    """``out[at:] = x[i:] + y[k:]`` for `n` bins."""
    signature = types.void(out, types.intp, x, types.intp, y, types.intp, types.intp)
    return signature, _emit_sum([(2, 3), (4, 5)])


@intrinsic
def add_three(context: Any, out: Any, at: Any, x: Any, i: Any, k: Any, m: Any, n: Any) -> Any:  # noqa: PLR0913 - a kernel
    """``out[at:] = x[i:] + x[k:] + x[m:]`` for `n` bins."""
    return types.void(out, types.intp, x, *[types.intp] * 4), _emit_sum([(2, 3), (2, 4), (2, 5)])


@intrinsic
def add_four(context: Any, out: Any, at: Any, x: Any, i: Any, k: Any, m: Any, q: Any, n: Any) -> Any:  # noqa: PLR0913 - a kernel
    """``out[at:] = x[i:] + x[k:] + x[m:] + x[q:]`` for `n` bins."""
    return types.void(out, types.intp, x, *[types.intp] * 5), _emit_sum([(2, 3), (2, 4), (2, 5), (2, 6)])


def _emit_whitening(context: Any, builder: Any, signature: Any, values: Any) -> Any:
    """Code of `whiten` and `whiten_four`: all arguments between the arrays and the number are rows."""
    target, sums, counts = (_pointer(context, builder, signature.args[i], values[i]) for i in range(3))
    element = _ELEMENTS[signature.args[2].dtype]
    root = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(_vector(_FLOAT), [_vector(_FLOAT)]), f"llvm.sqrt.v{LANES}f32"
    )

    def body(start: Any) -> None:
        places = [builder.add(start, row) for row in values[3:-1]]
        flux = _total(builder, [_load(builder, sums, place) for place in places], _FLOAT)
        weight = _total(builder, [_load(builder, counts, place, element) for place in places], element)
        if isinstance(element, ir.IntType):
            weight = builder.uitofp(weight, _vector(_FLOAT))
        weight = builder.fadd(weight, _constant(_TINY), flags=_FAST)
        scale = builder.fdiv(_constant(1.0), builder.call(root, [weight], fastmath=_FAST), flags=_FAST)
        _store(builder, builder.fmul(flux, scale, flags=_FAST), target, start)

    _for_vectors(builder, values[-1], body)
    return context.get_dummy_value()


@intrinsic
def whiten(context: Any, profile: Any, missing: Any, weights: Any, head: Any, tail: Any, n: Any) -> Any:  # noqa: PLR0913 - a kernel
    """``profile`` = two rows of missing flux over the square root of the sum of their weights."""
    return types.void(profile, missing, weights, *[types.intp] * 3), _emit_whitening


@intrinsic
def whiten_four(  # noqa: PLR0913 - a kernel
    context: Any, profile: Any, missing: Any, weights: Any, i: Any, k: Any, m: Any, q: Any, n: Any
) -> Any:
    """``profile`` = four rows of missing flux over the square root of the sum of their weights."""
    return types.void(profile, missing, weights, *[types.intp] * 5), _emit_whitening


def _emit_boxes(widths: range) -> Emit:
    """Code of the highest statistic of boxes of some widths."""

    def emit(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        pointers = [_pointer(context, builder, signature.args[i], values[i]) for i in (0, 2, 3)]
        profile, norms, edges = pointers

        def number(pointer: Any, i: int) -> Any:
            address = builder.gep(pointer, [ir.Constant(_INT64, i)], source_etype=_FLOAT)
            return _spread(builder, builder.load(address, typ=_FLOAT))

        norm = {w: number(norms, w - 1) for w in widths}
        edge = {w: number(edges, w - 1) for w in widths}
        top = cgutils.alloca_once_value(builder, _constant(0.0))

        def body(start: Any) -> None:
            total = first = last = _load(builder, profile, start)
            best = None
            for width in range(1, widths[-1] + 1):
                if width > 1:
                    last = _load(builder, profile, builder.add(start, ir.Constant(_INT64, width - 1)))
                    total = builder.fadd(total, last, flags=_FAST)
                if width in norm:
                    outer = builder.fmul(edge[width], builder.fadd(first, last, flags=_FAST), flags=_FAST)
                    value = builder.fsub(total, outer, flags=_FAST) if width > 2 else total
                    value = builder.fmul(value, norm[width], flags=_FAST)
                    best = value if best is None else _larger(builder, value, best)
            # last, so that one vector does not wait for the one before
            builder.store(_larger(builder, best, builder.load(top)), top)

        _for_vectors(builder, values[1], body)
        reduce = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(_FLOAT, [_vector(_FLOAT)]), f"llvm.vector.reduce.fmax.v{LANES}f32"
        )
        return builder.call(reduce, [builder.load(top)], fastmath=("nnan", "nsz"))

    return emit


def _boxes(shortest: int, longest: int) -> Any:
    """``f(profile, n, norm, edge)``: the highest statistic of the boxes of `shortest` to `longest` bins."""
    emit = _emit_boxes(range(shortest, longest + 1))

    @intrinsic
    def boxes(context: Any, profile: Any, n: Any, norm: Any, edge: Any) -> Any:
        return types.float32(profile, types.intp, norm, edge), emit

    return boxes


boxes_1_3, boxes_1_5, boxes_1_7 = _boxes(1, 3), _boxes(1, 5), _boxes(1, 7)
boxes_4_5, boxes_4_7, boxes_6_7 = _boxes(4, 5), _boxes(4, 7), _boxes(6, 7)
