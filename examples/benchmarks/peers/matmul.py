"""What the machine can do at most: a large float32 matmul in TensorFlow on all cores."""

import statistics

import tensorflow as tf
from protocol import Stopwatch, serve


class Peer:
    """Two square matrices."""

    def prepare(self, size=2048):
        """Fill them."""
        self.size = size
        self.a, self.b = (tf.random.stateless_normal((size, size), (0, i)) for i in range(2))

    def measure(self, times=9):
        """Return the median GFLOP/s over some products."""
        tf.matmul(self.a, self.b)
        seconds = []
        for _ in range(times):
            watch = Stopwatch()
            # One number is read to be sure that all are there.
            tf.matmul(self.a, self.b)[0, 0].numpy()
            seconds.append(watch.read())
        return {"gflops": 2 * self.size**3 / statistics.median(seconds) / 1e9}


if __name__ == "__main__":
    serve(Peer())
