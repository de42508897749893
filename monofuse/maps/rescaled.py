"""A saved map made larger or smaller: its poses and units; all else is stored relative to these."""

from contextlib import closing
from pathlib import Path

from calib.base.errors import MonofuseError
from monofuse.maps.map_check import matrices
from monofuse.maps.map_file import DAMAGE, close_map, copy_map, damaged, read_info, write_info
from monofuse.maps.writer import as_bytes


def rescaled_map(source: Path, path: Path, factor: float) -> None:
    """Write a copy of a map with all lengths times `factor`. Raises BadInputError, SourceError, OSError."""
    try:
        with closing(copy_map(source, path)) as connection:
            connection.execute("BEGIN")
            for row, data in connection.execute("SELECT row, T_world_key FROM pose").fetchall():
                T_world_key = matrices([data])[0]
                T_world_key[:3, 3] *= factor
                connection.execute("UPDATE pose SET T_world_key = ?, scale = scale * ? WHERE row = ?",
                                   (as_bytes(T_world_key), factor, row))
            scale = read_info(connection).get("scale", {})
            if "scale_times_network" in scale:
                scale["scale_times_network"] *= factor
            write_info(connection, {"scale": {**scale, "scale_from": "measure"}})
            connection.execute("COMMIT")
            close_map(connection)
    except MonofuseError:
        raise
    except DAMAGE as error:
        raise damaged(source, error) from error
