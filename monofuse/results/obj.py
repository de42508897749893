"""Wavefront OBJ with a picture: three files that belong together."""

from collections.abc import Iterator

import numpy as np

from calib.files.image_file import encode_png
from slam.texturing.texture import TexturedMesh

DIGITS = 5
"""Decimals: hundredths of a millimetre, since text is three times as large as binary formats."""
MATERIAL = "newmtl texture\nKa 1 1 1\nKd 1 1 1\nillum 0\nmap_Kd {name}.png\n"


def textured_obj(mesh: TexturedMesh, name: str) -> Iterator[tuple[str, bytes]]:
    """Mesh -> names and contents of NAME.png, NAME.mtl and NAME.obj, in this order, since the last needs the others."""
    yield f"{name}.png", encode_png(mesh.image)
    yield f"{name}.mtl", MATERIAL.format(name=name).encode()
    yield f"{name}.obj", "".join([f"mtllib {name}.mtl\nusemtl texture\n", *_lines("v", mesh.vertices),
                                  *_lines("vt", np.column_stack([mesh.uv[:, 0], 1 - mesh.uv[:, 1]])),
                                  *("f {0}/{0} {1}/{1} {2}/{2}\n".format(*row) for row in
                                    (mesh.triangles + 1).tolist())]).encode()


def _lines(word, values):
    pattern = f"{word} " + " ".join([f"%.{DIGITS}f"] * values.shape[1]) + "\n"
    return (pattern % tuple(row) for row in values.tolist())
