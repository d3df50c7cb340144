"""Between the stream's columns and a table's Arrow columns, both ways, by the declarations in `events/tables.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from gstrace.events.tables import NULL, Column, Table

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

_NUMPY: Final = {"dictionary": np.int8, "string": np.int32, "bool": np.bool_}
UNKNOWN_INDEX: Final = {"tid": -1, "text": -1}
"""What stands for unknown in the stream's columns that cannot hold `NULL`."""


def numpy_type(column: Column) -> type[np.generic]:
    """The dtype in which a column's values wait to be written; a string waits as its index."""
    return _NUMPY.get(column.dtype) or np.dtype(column.dtype).type


def arrow_type(column: Column) -> pa.DataType:
    if column.dtype == "dictionary":
        return pa.dictionary(pa.int8(), pa.string())
    return pa.string() if column.dtype == "string" else pa.type_for_alias(column.dtype)


def arrow_schema(table: Table) -> pa.Schema:
    """A table's schema; each field's metadata holds its meaning and unit."""
    return pa.schema(
        [
            pa.field(c.name, arrow_type(c), nullable=c.null, metadata={"meaning": c.meaning, "unit": c.unit})
            for c in table.columns
        ],
        metadata={"gstrace.table": table.name, "gstrace.row": table.row},
    )


def unpack(column: Column, values: Array) -> tuple[Array, Array | None]:
    """A stream column's values → (the table column's values, true where null); None where it has no nulls."""
    null = None
    if column.null:
        null = values == UNKNOWN_INDEX.get(column.source, NULL)
    if column.bits:
        first, width = column.bits
        values = (values >> first) & ((1 << width) - 1)
        if column.null:
            null = values == 0
    return values.astype(numpy_type(column)), null


def pack(column: Column, values: Array, null: Array | None) -> Array:
    """A table column's values → its share of the stream column, to be or'ed with those of the same source."""
    stream = np.zeros(len(values), np.int64) + values
    if column.bits:
        return stream << column.bits[0]
    if null is not None:
        stream[null] = UNKNOWN_INDEX.get(column.source, NULL)
    return stream


def to_arrow(column: Column, values: Array, null: Array | None, texts: list[str]) -> pa.Array:
    """Values waiting to be written → Arrow. texts: what string columns index."""
    if column.dtype == "dictionary":
        return pa.DictionaryArray.from_arrays(pa.array(values, pa.int8()), list(column.names))
    if column.dtype == "string":
        return pa.array([texts[i] if i >= 0 else None for i in values.tolist()], pa.string())
    return pa.array(values, arrow_type(column), mask=null)


def from_arrow(column: Column, array: pa.Array, texts: dict[str, int]) -> tuple[Array, Array | None]:
    """Arrow → values and nulls as `unpack` gives them; strings become indices, new ones are added to `texts`."""
    if column.dtype == "dictionary":
        codes = {name: code for code, name in enumerate(column.names)}
        encoded = array.dictionary_encode() if not pa.types.is_dictionary(array.type) else array
        lookup = np.array([codes[name] for name in encoded.dictionary.to_pylist()] or [0], np.int64)
        return lookup[encoded.indices.to_numpy(zero_copy_only=False)], None
    if column.dtype == "string":
        return np.array(
            [-1 if v is None else texts.setdefault(v, len(texts)) for v in array.to_pylist()], np.int64
        ), None
    if not array.null_count:
        return array.to_numpy(zero_copy_only=False), None
    filled = array.fill_null(pa.scalar(0, pa.int8()).cast(array.type))
    return filled.to_numpy(zero_copy_only=False), array.is_null().to_numpy(zero_copy_only=False)
