"""Files of JSON and arrays that contain no code; independent of estimators."""
