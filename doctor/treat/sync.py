"""Making sure that a name is on the disk, not only a file's content."""

import os
import sys
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries; Windows keeps no such thing apart from its files."""
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
