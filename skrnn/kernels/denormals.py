"""Treating denormal numbers as zero, as TensorFlow's threads do.

Gradients that vanish over many steps become denormal, and a processor computes a hundred times
slower with denormal numbers. The mode belongs to a thread, so without setting it, results would
depend on the thread.
"""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from skrnn.kernels.lanes import IS_ARM, IS_X86

i8, i32, i64 = map(ir.IntType, (8, 32, 64))
# MXCSR's "flush to zero" and "denormals are zero", and FPCR's "flush to zero".
_FLUSH = 0x8040 if IS_X86 else 1 << 24


@intrinsic
def flush_denormals(typingctx):
    """Treat denormal numbers as zero from now on, and return the previous mode."""

    def codegen(context, builder, signature, args):
        mode = _read(builder)
        _write(builder, builder.or_(mode, i64(_FLUSH)))
        return mode

    return types.int64(), codegen


@intrinsic
def restore_denormals(typingctx, mode):
    """Set what `flush_denormals` returned."""

    def codegen(context, builder, signature, args):
        _write(builder, args[0])
        return context.get_dummy_value()

    return types.void(types.int64), codegen


def _read(builder):
    if IS_ARM:
        return builder.call(_intrinsic(builder, i64, [], "llvm.aarch64.get.fpcr"), [])
    if not IS_X86:
        return i64(0)
    place = cgutils.alloca_once(builder, i32)
    store = _intrinsic(builder, ir.VoidType(), [i8.as_pointer()], "llvm.x86.sse.stmxcsr")
    builder.call(store, [builder.bitcast(place, i8.as_pointer())])
    return builder.zext(builder.load(place), i64)


def _write(builder, mode):
    if IS_ARM:
        builder.call(_intrinsic(builder, ir.VoidType(), [i64], "llvm.aarch64.set.fpcr"), [mode])
    if IS_X86:
        place = cgutils.alloca_once(builder, i32)
        builder.store(builder.trunc(mode, i32), place)
        load = _intrinsic(builder, ir.VoidType(), [i8.as_pointer()], "llvm.x86.sse.ldmxcsr")
        builder.call(load, [builder.bitcast(place, i8.as_pointer())])


def _intrinsic(builder, result, arguments, name):
    return cgutils.get_or_insert_function(builder.module, ir.FunctionType(result, arguments), name)
