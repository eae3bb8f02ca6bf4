"""Columns in the tables' words as PyIceberg's schemas, which number them from 1 and elements of lists from 1000."""

from pyiceberg.schema import Schema
from pyiceberg.types import (
    BooleanType,
    DoubleType,
    IntegerType,
    ListType,
    LongType,
    NestedField,
    StringType,
    TimestamptzType,
)

TYPES = {
    "long": LongType(),
    "int": IntegerType(),
    "double": DoubleType(),
    "boolean": BooleanType(),
    "string": StringType(),
    "timestamptz": TimestamptzType(),
}


def iceberg_type(name, i):
    if name.startswith("list<"):
        return ListType(1000 + i, TYPES[name[5:-1]], element_required=False)
    return TYPES[name]


def schema_of(columns):
    return Schema(
        *(NestedField(i + 1, name, iceberg_type(kind, i), required=False) for i, (name, kind) in enumerate(columns.items()))
    )
