"""The user's own vector index, opened to be read only: one store a file, each behind its own extra.

A store is chosen by what lies at the place that the user named, never by a file's ending alone. Nothing here is
imported before an index is named, and no store's library before its store is opened.
"""

from doctor.stores.opening import opened
from doctor.stores.store import Chunk, Described, Recorded, Store

__all__ = ["Chunk", "Described", "Recorded", "Store", "opened"]
