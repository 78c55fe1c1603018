"""Recipe to model file: pure functions from a float model and arrays to .tflite and .onnx files.

Where models come from, caching and processes are left to `bench.building`.
"""
