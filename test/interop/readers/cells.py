"""Values in the spelling of rows.ts, but doubles as 16 hex digits of their bits."""

import struct


def cell(value):
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, float):
        return struct.pack(">d", value).hex()
    if isinstance(value, list):
        return [cell(v) for v in value]
    return str(value)
