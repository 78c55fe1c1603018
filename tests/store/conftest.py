"""Lets these tests use the fake records that stand beside the report's tests."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "report"))
