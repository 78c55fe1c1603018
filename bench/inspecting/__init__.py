"""What a model file is: precision, tensors, operators, oddities, and which decode family it looks like.

Files are opened in a process of their own (`worker`), with limits; whatever is in them, the caller gets a
report or a clear error. Nothing here measures, and no file is ever changed.
"""

from bench.inspecting.file_report import FileReport, Trial
from bench.inspecting.looking import look_into

__all__ = ["FileReport", "Trial", "look_into"]
