"""The settings of the COCO box evaluation: thresholds, object sizes, caps. Numbers only.

Axis letters used in this package: A areas (4), T overlap thresholds (10), R recall points (101),
K categories, n detections, c detections that overlap an object, g objects.
"""

from __future__ import annotations

import numpy as np

# Made with linspace as pycocotools makes them: arange drifts, and the last bit decides ties.
OVERLAPS = np.linspace(0.5, 0.95, 10)
RECALLS = np.linspace(0.0, 1.0, 101)

AREA_NAMES = ("all", "small", "medium", "large")
# Square pixels, both ends included: an object of exactly 32^2 is small and medium.
AREAS = np.array([[0.0, 1e5**2], [0.0, 32.0**2], [32.0**2, 96.0**2], [96.0**2, 1e5**2]])

# Best detections kept of one image AND category; pycocotools caps neither the image nor the category alone.
CAPS = (1, 10, 100)
