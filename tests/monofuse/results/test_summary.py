"""The lines at the end of a run."""

from pathlib import Path

from monofuse.results.summary import summary_rows

REPORT = {"frames": 300, "tracked": 298, "lost": 2, "fps": 44.04, "total_s": 81.2, "dropped": 0, "skipped": 0,
          "waiting": 0, "submaps": [{}], "relocalised": 0, "keyframes": 1, "loops": 0, "length_m": 2.431,
          "scale_log_std": 0.113, "scale_doubtful": False, "scale_from": "network", "scale_weakness": None,
          "mesh": {"triangles": 128403, "size_m": [4.1, 2.26, 3.0]}}
FILES = ["trajectory.txt", "map.ply", "report.json", "mesh.ply", "mesh.glb", "overview.png"]


def rows(**changes):
    return dict(summary_rows(REPORT | changes, Path("results/room"), FILES, "monofuse view"))


def test_six_lines_say_what_came_out():
    assert rows() == {
        "frames": "300 read, 298 tracked, 2 lost; 44.0 a second, 81 s in all",
        "trajectory": "2.43 m, 1 keyframe",
        "scale": "the network's, within 12 %",
        "mesh": "128,403 triangles, 4.1 x 2.3 x 3.0 m",
        "files": "results/room: trajectory.txt, map.ply, mesh.ply, mesh.glb, report.json, overview.png",
        "next": "monofuse view results/room"}


def test_what_is_unusual_has_a_line_of_its_own():
    said = rows(skipped=3, loops=1, length_m=0.004, keyframes=2)
    assert said["skipped"].startswith("3 ")
    assert said["trajectory"] == "0.00 m, 2 keyframes, 1 loop closed; the camera hardly moved"
    sensor = {name: value for name, value in REPORT.items() if not name.startswith("scale")}
    assert dict(summary_rows(sensor, Path("r"), FILES, "x"))["scale"] == "in metres, as the sensor measured"


def test_maps_that_were_merged_have_no_speed():
    assert rows(fps=0.0)["frames"] == "300 read, 298 tracked, 2 lost; 81 s in all"


def test_a_map_in_which_the_recording_was_not_found():
    assert "apart" not in rows() and "apart" not in rows(joined_to_map=True)
    assert "alone, in a world and scale of its own" in rows(joined_to_map=False)["apart"]


def test_maps_are_rescaled_by_measuring():
    doubtful = {"scale_doubtful": True, "scale_cues": ["poses"], "joined_to_map": True}
    assert rows(**doubtful)["scale"] == ("metres may be off by a factor of 1.1: `monofuse measure` a known length "
                                         "in the map")
    assert rows(**doubtful, scale_log_std=None)["scale"].startswith("these are no metres: ")
    assert "give --scale poses, --scale FACTOR" in rows(scale_doubtful=True, scale_cues=["poses"])["scale"]


def test_nothing_is_said_of_what_is_not_there():
    said = rows(tracked=0, mesh=None)
    assert "mesh" not in said and "next" not in said and "trajectory" not in said


def test_a_camera_that_stands_still_by_the_ground_truth():
    errors = {"ate_se3_m": 0.012, "ate_sim3_m": 0.0, "ate_scale": 0.0, "path_m": 0.0}
    assert rows(**errors)["trajectory error (ATE)"] == "0.012 m; by the ground truth the camera stands still"
