"""Arrow tables in the spelling of rows.ts, but doubles as 16 hex digits of their bits."""

import pyarrow as pa
from cells import cell

NAMES = {pa.int64(): "long", pa.int32(): "int", pa.float64(): "double", pa.bool_(): "boolean"}


def type_name(t):
    if pa.types.is_list(t) or pa.types.is_large_list(t):
        return f"list<{type_name(t.value_type)}>"
    if pa.types.is_dictionary(t):
        return type_name(t.value_type)
    if pa.types.is_string(t) or pa.types.is_large_string(t):
        return "string"
    if t == pa.timestamp("us", tz="UTC"):
        return "timestamptz"
    return NAMES.get(t, str(t))


def plain(t):
    """The same values as Python objects that lose nothing: timestamps as integers."""
    if pa.types.is_list(t) or pa.types.is_large_list(t):
        return pa.list_(plain(t.value_type))
    return pa.int64() if pa.types.is_timestamp(t) else t


def types_and_rows(table):
    """The type of each column in the tables' words, and each row as a dictionary."""
    types = {field.name: type_name(field.type) for field in table.schema}
    integers = table.cast(pa.schema([field.with_type(plain(field.type)) for field in table.schema]))
    rows = [{name: cell(value) for name, value in row.items()} for row in integers.to_pylist()]
    return types, rows
