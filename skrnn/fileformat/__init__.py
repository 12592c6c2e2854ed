"""Files of JSON and arrays, and nothing in them that runs; knows no estimator."""
