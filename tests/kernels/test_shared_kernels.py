"""The share of each worker process in compiling the kernels, which `conftest.py` has them do."""

import shared_kernels

from skrnn.kernels import gru, predict


def test_every_kernel_is_compiled_by_one_worker():
    """Fails if a kernel is left to all workers, dealt twice, or has lost its place among the dear.

    The last would be so after a kernel was renamed.
    """
    found = shared_kernels.kernels()
    assert found["gru.backward"] is gru.backward
    assert found["predict.predict_rnn"] is predict.predict_rnn
    assert tuple(found)[: len(shared_kernels.BY_COST)] == shared_kernels.BY_COST
    for n in (1, 2, 3, 30):
        shares = [shared_kernels.share(list(found), worker, n) for worker in range(n)]
        assert sorted(name for one in shares for name in one) == sorted(found)
