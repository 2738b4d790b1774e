"""Places: paths and addresses of files, as pyarrow takes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cascade.errors import ConfigError


def place_of(where: str) -> tuple[Any, str]:
    """Return a filesystem of pyarrow, and a path in it.

    Raises:
        ConfigError: the address is of no known kind.
    """
    from pyarrow import fs

    if "://" not in where:
        return fs.LocalFileSystem(), str(Path(where).absolute())
    try:
        filesystem, path = fs.FileSystem.from_uri(where)
    except (OSError, ValueError) as error:
        message = f"{where} cannot be reached: {error}."
        raise ConfigError(message) from None
    return filesystem, path.rstrip("/")


def parquet_files(filesystem: Any, path: str) -> list[str]:
    """Return the Parquet files in a folder and those below; [] where there is no such folder."""
    from pyarrow import fs

    found = filesystem.get_file_info(fs.FileSelector(path, recursive=True, allow_not_found=True))
    return sorted(one.path for one in found if one.path.endswith(".parquet"))
