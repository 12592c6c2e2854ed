"""What networks run on: TensorFlow and Keras, which one module starts, threads and devices."""
