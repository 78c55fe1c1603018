"""What the device can tell of itself: the machine, its state around a round, the memory of this process.

Whatever a device does not tell is None; nothing here raises because a file or a tool is absent.
"""
