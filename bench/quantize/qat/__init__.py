"""Quantization-aware training of functional Keras models, with or without labels; exporters are elsewhere.

The model is rewritten into plain layers (`rewrite`), full INT8 is simulated on it (`simulator`), its weights
learn under that simulation (`label_free`, `labelled`), and a plain float model comes back whose weights lie
on their INT8 grid, for the ordinary exporters.
"""
