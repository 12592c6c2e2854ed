"""Matrix products of float32, made for matrices that stay in the cache.

The product is cut into blocks of a few rows and a few vectors of columns. A block stays in
registers while `k` runs, so that each step of `k` loads a few numbers and does many
multiplications with them. Each element is summed over `k` in order, whatever block it falls
into: a row of a product does not depend on how many rows there are.
"""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from skrnn.kernels.compiling import part, part_of
from skrnn.kernels.lanes import (
    N_REGISTERS,
    VL,
    broadcast,
    f32,
    load_at,
    multiply_add,
    store_at,
    vector,
)

i64 = ir.IntType(64)
# A block's accumulators, a row of B and one element of A must fit in the registers.
_WIDEST = 4 if N_REGISTERS >= 32 else 2


def _block(n_rows, n_vectors):
    """Make the product of `n_rows` rows and ``n_vectors * VL`` columns."""

    @intrinsic
    def block(typingctx, a, a_row, a_k, b, b_k, c, c_row, k, onto):
        def codegen(context, builder, signature, args):
            # A function of its own, not to be compiled anew for each place that calls it.
            name = f"skrnn_block_{n_rows}_{n_vectors}"
            function = builder.module.globals.get(name)
            if function is None:
                kind = ir.FunctionType(ir.VoidType(), [i64] * 9)
                function = ir.Function(builder.module, kind, name)
                function.linkage = "linkonce_odr"
                function.attributes.add("noinline")
                _emit_block(ir.IRBuilder(function.append_basic_block()), n_rows, n_vectors)
            builder.call(function, args)
            return context.get_dummy_value()

        return types.void(*[types.int64] * 9), codegen

    return block


def _emit_block(builder, n_rows, n_vectors):
    a, a_row, a_k, b, b_k, c, c_row, k, onto = builder.function.args

    def element(start, *steps):
        """Emit the address of an element, in bytes: start + 4 * (n * stride + ...)."""
        for n, stride in steps:
            n = i64(n) if isinstance(n, int) else n
            start = builder.add(start, builder.mul(i64(4), builder.mul(n, stride)))
        return start

    rows, vectors = range(n_rows), range(n_vectors)
    c_at = [[element(c, (r, c_row), (v * VL, i64(1))) for v in vectors] for r in rows]
    a_at = [element(a, (r, a_row)) for r in rows]
    zero = ir.Constant(vector, [0.0] * VL)

    before = builder.block
    add, loop, end = map(builder.append_basic_block, ("add", "loop", "end"))
    builder.cbranch(builder.icmp_signed("!=", onto, i64(0)), add, loop)
    builder.position_at_end(add)
    present = [[load_at(builder, c_at[r][v]) for v in vectors] for r in rows]
    builder.branch(loop)

    builder.position_at_end(loop)
    step = builder.phi(i64)
    sums = [[builder.phi(vector) for v in vectors] for r in rows]
    b_now = element(b, (step, b_k))
    b_row = [load_at(builder, element(b_now, (v * VL, i64(1)))) for v in vectors]
    sums_next = []
    for r in rows:
        at = builder.inttoptr(element(a_at[r], (step, a_k)), f32.as_pointer())
        factor = broadcast(builder, builder.load(at))
        sums_next.append([multiply_add(builder, factor, b_row[v], sums[r][v]) for v in vectors])
    step_next = builder.add(step, i64(1))
    for block, n in ((before, i64(0)), (add, i64(0)), (loop, step_next)):
        step.add_incoming(n, block)
    for r in rows:
        for v in vectors:
            sums[r][v].add_incoming(zero, before)
            sums[r][v].add_incoming(present[r][v], add)
            sums[r][v].add_incoming(sums_next[r][v], loop)
    builder.cbranch(builder.icmp_signed("<", step_next, k), loop, end)

    builder.position_at_end(end)
    for r in rows:
        for v in vectors:
            store_at(builder, c_at[r][v], sums_next[r][v])
    builder.ret_void()


def _panel(n_vectors):
    """Make the product for all rows and ``n_vectors * VL`` columns."""
    six, four, two, one = (_block(n_rows, n_vectors) for n_rows in (6, 4, 2, 1))

    @part_of(n_vectors)
    def panel(a, a_row, a_k, b, b_k, c, c_row, m, k, onto):
        r = 0
        while m - r >= 6:
            six(a + 4 * r * a_row, a_row, a_k, b, b_k, c + 4 * r * c_row, c_row, k, onto)
            r += 6
        if m - r >= 4:
            four(a + 4 * r * a_row, a_row, a_k, b, b_k, c + 4 * r * c_row, c_row, k, onto)
            r += 4
        if m - r >= 2:
            two(a + 4 * r * a_row, a_row, a_k, b, b_k, c + 4 * r * c_row, c_row, k, onto)
            r += 2
        if m - r >= 1:
            one(a + 4 * r * a_row, a_row, a_k, b, b_k, c + 4 * r * c_row, c_row, k, onto)

    return panel


_wide, _narrow = _panel(_WIDEST), _panel(1)


@part
def multiply(a, a_row, a_k, b, b_k, c, c_row, m, n, k, onto):
    """Compute ``C = A B`` or, with `onto`, ``C += A B``.

    Parameters
    ----------
    a, b, c : int
        Addresses of the matrices' first elements.
    a_row, a_k : int
        How many numbers apart the rows and the columns of A are, so that A may be transposed.
    b_k, c_row : int
        How many numbers apart the rows of B and of C are; their columns are neighbours.
    m, n, k : int
        C is (m, n), A (m, k), B (k, n); `n` is a multiple of VL, `k` at least 1.
    onto : int
        Whether to add to C.
    """
    j = 0
    # A panel of B is read again for every block of rows, so it has to stay in the cache.
    while n - j >= _WIDEST * VL:
        _wide(a, a_row, a_k, b + 4 * j, b_k, c + 4 * j, c_row, m, k, onto)
        j += _WIDEST * VL
    while j < n:
        _narrow(a, a_row, a_k, b + 4 * j, b_k, c + 4 * j, c_row, m, k, onto)
        j += VL
