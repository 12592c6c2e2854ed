"""Vectors of float32, as wide as the machine's registers.

Kernels do their arithmetic on values of type `lanes`, ``VL`` numbers at a time, so that their
speed does not depend on how well a compiler vectorizes a loop. ``+ - * /`` work between two of them
and with a number; `load` and `store` move them, `limit` clips them. All of these keep NaN.
"""

import operator

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.registry import cpu_target
from numba.core.typing.templates import ConcreteTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, models, register_model

# What the compiled code is for, as Numba's cache has it: the vectors' width is part of the code.
_triple, _, _features = cpu_target.target_context.codegen().magic_tuple()
_features = set(_features.split(","))
_machine = _triple.split("-")[0]
IS_ARM = _machine in ("aarch64", "arm64")
IS_X86 = _machine in ("x86_64", "i686", "i386")

if "+avx512f" in _features:
    VL, N_REGISTERS = 16, 32
elif "+avx" in _features:
    VL, N_REGISTERS = 8, 16
else:  # SSE, NEON and others of 128 bits
    VL, N_REGISTERS = 4, 32 if IS_ARM else 16

f32 = ir.FloatType()
vector = ir.VectorType(f32, VL)


class Lanes(types.Type):
    """The type of `VL` numbers."""

    def __init__(self):
        super().__init__(name=f"Lanes({VL})")


lanes = Lanes()


@register_model(Lanes)
class _Model(models.PrimitiveModel):
    def __init__(self, manager, fe_type):
        super().__init__(manager, fe_type, vector)


def broadcast(builder, number):
    """Emit a vector of one number, a float32 value of LLVM."""
    undefined = ir.Constant(vector, ir.Undefined)
    first = builder.insert_element(undefined, number, ir.IntType(32)(0))
    everywhere = ir.Constant(ir.VectorType(ir.IntType(32), VL), [0] * VL)
    return builder.shuffle_vector(first, undefined, everywhere)


def multiply_add(builder, a, b, c):
    """Emit ``a * b + c``, in one instruction where the machine has it."""
    function = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(vector, [vector] * 3), f"llvm.fmuladd.v{VL}f32"
    )
    return builder.call(function, [a, b, c])


def _pointer(context, builder, array_type, array, i, j):
    """Emit the address of ``array[i, j]``, its rows being contiguous."""
    array = context.make_array(array_type)(context, builder, array)
    (row_bytes, _) = cgutils.unpack_tuple(builder, array.strides)
    start = builder.ptrtoint(array.data, ir.IntType(64))
    row = builder.add(start, builder.mul(i, row_bytes))
    return builder.add(row, builder.mul(j, i.type(4)))


@intrinsic
def address(typingctx, array, i, j):
    """Return the address of ``array[i, j]`` as a number."""

    def codegen(context, builder, signature, args):
        return _pointer(context, builder, signature.args[0], *args)

    return types.int64(array, types.int64, types.int64), codegen


@intrinsic
def load(typingctx, array, i, j):
    """Return ``array[i, j : j + VL]``."""

    def codegen(context, builder, signature, args):
        pointer = _pointer(context, builder, signature.args[0], *args)
        return load_at(builder, pointer)

    return lanes(array, types.int64, types.int64), codegen


@intrinsic
def store(typingctx, array, i, j, values):
    """Set ``array[i, j : j + VL] = values``."""

    def codegen(context, builder, signature, args):
        *where, values = args
        store_at(builder, _pointer(context, builder, signature.args[0], *where), values)
        return context.get_dummy_value()

    return types.void(array, types.int64, types.int64, lanes), codegen


def load_at(builder, pointer):
    """Emit a load from an address, an integer, of no alignment but a float's."""
    value = builder.load(builder.inttoptr(pointer, vector.as_pointer()))
    value.align = 4
    return value


def store_at(builder, pointer, values):
    """Emit a store to an address, an integer, of no alignment but a float's."""
    builder.store(values, builder.inttoptr(pointer, vector.as_pointer())).align = 4


@intrinsic
def zeros(typingctx):
    """Return zeros."""

    def codegen(context, builder, signature, args):
        return ir.Constant(vector, [0.0] * VL)

    return lanes(), codegen


@intrinsic
def limit(typingctx, values, bound):
    """Return the values, those beyond ``-bound`` or ``bound`` set to it; NaN stays."""

    def codegen(context, builder, signature, args):
        values, bound = args[0], _to_vector(builder, args[1])
        for beyond, end in ((">", bound), ("<", builder.fneg(bound))):
            # False for a NaN, which is therefore kept.
            values = builder.select(builder.fcmp_ordered(beyond, values, end), end, values)
        return values

    return lanes(lanes, types.float64), codegen


# Added to a number below 2^22, it leaves no place for a fraction: the sum's last bits are the
# number, rounded.
ROUNDING = 1.5 * 2**23


@intrinsic
def power_of_two(typingctx, exponents):
    """Return ``2**n``, given ``n + ROUNDING``; n is from -126 to 127."""

    def codegen(context, builder, signature, args):
        kind = ir.VectorType(ir.IntType(32), VL)
        bits = builder.bitcast(args[0], kind)
        # The bits of ROUNDING itself are shifted out.
        bits = builder.shl(bits, ir.Constant(kind, [23] * VL))
        return builder.bitcast(builder.add(bits, ir.Constant(kind, [127 << 23] * VL)), vector)

    return lanes(lanes), codegen


def _to_vector(builder, value):
    if value.type == vector:
        return value
    return broadcast(builder, builder.fptrunc(value, f32))


def _define(operation, instruction):
    kinds = [(lanes, lanes), (lanes, types.float64), (types.float64, lanes)]

    @infer_global(operation)
    class _Operator(ConcreteTemplate):
        cases = tuple(signature(lanes, *kind) for kind in kinds)

    def lower(context, builder, signature, args):
        a, b = (_to_vector(builder, value) for value in args)
        # "contract": a product and the sum it goes into may be one instruction.
        return getattr(builder, instruction)(a, b, flags=("contract",))

    for kind in kinds:
        lower_builtin(operation, *kind)(lower)


_define(operator.add, "fadd")
_define(operator.sub, "fsub")
_define(operator.mul, "fmul")
_define(operator.truediv, "fdiv")
