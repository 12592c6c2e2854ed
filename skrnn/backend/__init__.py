"""What networks run on: TensorFlow and Keras, started in one place; threads; devices."""
