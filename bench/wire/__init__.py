"""What the controller and the device say to each other: plain data, JSON lines, versioned.

This package runs on the device too, so it needs nothing but the standard library.
"""
