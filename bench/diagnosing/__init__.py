"""Why a number is wrong: tries common mistakes on annotated images, and looks where a build lost its signal.

Judges and runs jobs; prints nothing. Building and running are left to the rooms below.
"""
