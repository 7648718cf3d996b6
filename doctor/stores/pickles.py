"""Pickled files of an index, read without running what they name: only harmless classes are let through.

A pickle can call any function on loading, and an index may come from somebody else. What is not on the list becomes a
StoreError before anything is called.
"""

import io
import pickle
from collections.abc import Callable
from typing import Any

from doctor.errors import StoreError

# Builtins that plain data is made of.
HARMLESS = frozenset({"dict", "list", "tuple", "set", "frozenset", "str", "bytes", "int", "float", "bool", "complex"})
Allowed = Callable[[str, str], Any]


class _Careful(pickle.Unpickler):
    """An unpickler that asks `allowed` for every class; None refuses it."""

    def __init__(self, data: bytes, allowed: Allowed) -> None:
        super().__init__(io.BytesIO(data))
        self._allowed = allowed

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401 - a class
        """The class that a pickle names. Raises StoreError for one that is not expected in an index."""
        if module == "builtins" and name in HARMLESS:
            return super().find_class(module, name)
        found = self._allowed(module, name)
        if found is None:
            raise StoreError(f"the index holds a pickle that would load {module}.{name}; it is not read")
        return found


def unpickled(data: bytes, allowed: Allowed) -> Any:  # noqa: ANN401 - any plain value
    """The value in a pickle. Raises StoreError for one that is refused or broken."""
    try:
        return _Careful(data, allowed).load()
    except StoreError:
        raise
    except (pickle.UnpicklingError, EOFError, AttributeError, IndexError, ImportError, KeyError, TypeError) as error:
        raise StoreError(f"a pickle of the index cannot be read: {error}") from error
    except (ValueError, UnicodeDecodeError, MemoryError, RecursionError) as error:
        raise StoreError(f"a pickle of the index is broken: {error}") from error
