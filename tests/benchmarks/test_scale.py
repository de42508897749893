"""benchmarks/scale.py: the true factor against what the report says of it."""

import json
import math

import pytest

from benchmarks.scale import cells, row_of, rows_of
from calib.base.errors import BadInputError

REPORT = {"ate_scale": 0.5, "scale_log_std": math.log(2), "scale_doubtful": True}


def test_a_finished_result_is_read(tmp_path):
    (tmp_path / "report.json").write_text(json.dumps(REPORT))
    row, = rows_of([str(tmp_path)], "mobile")
    assert row.z == pytest.approx(1) and cells(row) == (tmp_path.name, "0.50", "2.00", "1.0", "doubtful")


@pytest.mark.parametrize("name, value", [("scale_log_std", None), ("ate_scale", ...)])
def test_what_has_no_scale_to_judge_is_refused(name, value):
    report = {key: item for key, item in (REPORT | {name: value}).items() if item is not ...}
    with pytest.raises(BadInputError, match="box: no scale by a network"):
        row_of("box", report)
