"""CRC-32C, the checksum of TFRecords, in numpy: photos are too long for a loop over bytes.

A CRC without its initial value is linear over GF(2), and zeros in front do not change it. So the bytes are
laid out in lanes of equal length that are walked side by side; then neighbouring lanes are joined, the left
one moved on by as many zero bytes as the right one is long, until one is left.

Polynomial and bit order: RFC 3720, appendix B.4 (Castagnoli). Mask: TensorFlow, `tfrecord` format.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

# Reflected polynomial.
_POLYNOMIAL = 0x82F63B78
_LANE_BYTES = 64
_MASK_DELTA = 0xA282EAD8

Words = NDArray[np.uint32]


def masked_crc32c(data: bytes) -> int:
    """Return the checksum as TFRecords store it: rotated by 15 bits, plus a constant."""
    crc = crc32c(data)
    return (((crc >> 15) | (crc << 17)) + _MASK_DELTA) & 0xFFFFFFFF


def crc32c(data: bytes) -> int:
    """Return the CRC-32C of some bytes."""
    if len(data) <= _LANE_BYTES:
        return _by_bytes(data) ^ 0xFFFFFFFF
    values = np.frombuffer(data, np.uint8).copy()
    # The initial value does what ones over the first four bytes do.
    values[:4] ^= 0xFF
    return _linear_crc(values) ^ 0xFFFFFFFF


def _by_bytes(data: bytes) -> int:
    table, crc = _table(), 0xFFFFFFFF
    for byte in data:
        crc = int(table[(crc ^ byte) & 0xFF]) ^ (crc >> 8)
    return crc


def _linear_crc(values: NDArray[np.uint8]) -> int:
    num_lanes = 1 << max(0, (-(-len(values) // _LANE_BYTES) - 1).bit_length())
    padded = np.zeros(num_lanes * _LANE_BYTES, np.uint8)
    padded[len(padded) - len(values) :] = values
    columns = np.ascontiguousarray(padded.reshape(num_lanes, _LANE_BYTES).T)
    table, crc = _table(), np.zeros(num_lanes, np.uint32)
    for column in columns:
        crc = table[(crc ^ column) & 0xFF] ^ (crc >> 8)
    level = 0
    while len(crc) > 1:
        crc = _apply(_advance(level), crc[0::2]) ^ crc[1::2]
        level += 1
    return int(crc[0])


@cache
def _table() -> Words:
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, (table >> 1) ^ np.uint32(_POLYNOMIAL), table >> 1)
    return table.astype(np.uint32)


@cache
def _advance(level: int) -> Words:
    """Return what moves a CRC on by `_LANE_BYTES << level` zero bytes: (4, 256) uint32, a table a byte."""
    if level:
        before = _advance(level - 1)
        return _apply(before, before)
    states = np.stack([np.arange(256, dtype=np.uint32) << np.uint32(8 * place) for place in range(4)])
    for _ in range(_LANE_BYTES):
        states = _table()[states & 0xFF] ^ (states >> 8)
    return states


def _apply(tables: Words, crc: Words) -> Words:
    """Move CRCs on by the zero bytes that the tables stand for."""
    result: Words = tables[0][crc & 0xFF]
    for place in range(1, 4):
        result = result ^ tables[place][(crc >> np.uint32(8 * place)) & 0xFF]
    return result
