"""What PyIceberg's transforms make of values: [transform, type, value] in, results of transforms.test in one list out.

Values and results are text, as the type spells them: integers in digits, strings as they are, bytes in hex, decimals unscaled.
"""

import json
import sys
import uuid
from decimal import Decimal

from pyiceberg.transforms import parse_transform
from pyiceberg.types import (
    BinaryType,
    DateType,
    DecimalType,
    IntegerType,
    LongType,
    StringType,
    TimestampType,
    TimestamptzType,
    TimeType,
    UUIDType,
)

TYPES = {
    "int": IntegerType(),
    "long": LongType(),
    "date": DateType(),
    "time": TimeType(),
    "timestamp": TimestampType(),
    "timestamptz": TimestamptzType(),
    "string": StringType(),
    "binary": BinaryType(),
    "uuid": UUIDType(),
    "decimal(20,3)": DecimalType(20, 3),
}


def value_of(kind, text):
    match kind:
        case "string":
            return text
        case "binary":
            return bytes.fromhex(text)
        case "uuid":
            return uuid.UUID(text)
        case "decimal(20,3)":
            return Decimal(int(text)).scaleb(-3)
    return int(text)


def text_of(kind, value):
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Decimal):
        return str(int(value.scaleb(3)))
    return str(value)


asked = json.load(sys.stdin)
print(json.dumps([text_of(k, parse_transform(t).transform(TYPES[k])(value_of(k, v))) for t, k, v in asked]))
