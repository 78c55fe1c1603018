"""Runs on the device: takes a job folder, measures, and appends what it found to the folder's journal.

Needs the standard library, numpy, Pillow, psutil and one runtime, and of this project only `bench.wire`
and `bench.errors`. Choosing what to measure and judging the figures is left to the controller.
"""
