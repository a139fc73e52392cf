"""What lies in a folder, to compare."""

import hashlib
from pathlib import Path


def tree(folder):
    """SHA-256 of every file by its path."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in Path(folder).rglob("*")
        if path.is_file()
    }
