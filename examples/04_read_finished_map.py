"""What a finished run left behind, read back: trajectory, map, mesh and report.

    python examples/04_read_finished_map.py RESULTS/
"""

import json
import sys
from pathlib import Path

import numpy as np
import trimesh

from monofuse import read_trajectory

results = Path(sys.argv[1])
times_s, T_world_cam = read_trajectory(results / "trajectory.txt")
positions_m = T_world_cam[:, :3, 3]
length_m = np.linalg.norm(np.diff(positions_m, axis=0), axis=1).sum()
print(f"trajectory: {len(times_s)} poses, {times_s[-1] - times_s[0]:.2f} s, {length_m:.2f} m")

cloud = trimesh.load(results / "map.ply")  # surfels; the file also holds nx ny nz radius confidence for each
assert isinstance(cloud, trimesh.PointCloud)
print(f"map: {len(cloud.vertices)} points, mean colour {cloud.colors[:, :3].mean(0).round()}")

mesh = trimesh.load(results / "mesh.ply")
assert isinstance(mesh, trimesh.Trimesh)
print(f"mesh: {len(mesh.faces)} triangles, {mesh.area:.2f} m2, extent {mesh.extents.round(2)} m")
last_T_cam_world = np.linalg.inv(T_world_cam[-1])
seen = trimesh.transform_points(mesh.vertices, last_T_cam_world)
print(f"the last camera has {(seen[:, 2] > 0).mean():.0%} of the mesh's vertices in front of it")

if (results / "report.json").exists():  # the program writes it, `Slam.save` does not
    report = json.loads((results / "report.json").read_text())
    print(f"report: {report['tracked']} of {report['frames']} frames tracked, {report['keyframes']} keyframes")
