"""benchmarks/papers.py: what its table consists of, and whole small tables that stop and go on."""

import json
import os
import shutil
import signal

import cv2
import pytest

torch = pytest.importorskip("torch")
from benchmarks import papers, papers_folder, papers_page, papers_training
from benchmarks.papers_rows import IMAGENET, METRICS, OTHER_DATA, RECIPE_OF, ROWS, TABLES, Row, Table
from calib.base.errors import BadInputError, MonofuseError
from depth.evaluation.contact_sheet import CAPTION_PX, TILE_SIZE
from depth.losses.objective import Objective
from depth.networks.registry import NETWORKS
from depth.training.recipes import RECIPES
from tests.helpers.depth_datasets import write_nyu_folder
from tests.helpers.tiny_networks import install

BY_NAME = {row.name: row for row in ROWS}
PAPERS = {name for name, network in NETWORKS.items() if network.paper in RECIPE_OF}
SMALL_ROWS = (Row("mean", "", "0.4 1.2 - 0.4 0.7 0.9", "its table 1"), Row("tiny", "tiny"),
              Row("tiny_fine", "tiny_fine", start="tiny"),
              Row("tiny-l2", "tiny", "2e6 1 - 0.5 - -", "its table 2", "l2"),
              Row("tiny-kitti", "tiny", "0.2 7 - 0.6 - -", "its table 3", data="kitti"))
SMALL_TABLE = Table("All", "What they are.", ("mean", "tiny", "tiny-l2", "tiny_fine", "tiny-kitti", "never"))


def test_every_network_has_a_row_with_its_own_loss_and_stands_in_the_first_table():
    own = {row.network for row in ROWS if row.network and row.objective == row.entry.loss and row.start != IMAGENET}
    of_kitti = {row.network for row in ROWS if row.data == "kitti"}
    assert own == PAPERS and {BY_NAME[name].network for name in TABLES[0].rows} - {""} == PAPERS - of_kitti
    assert {row.data for row in ROWS} == {"", *OTHER_DATA}


def test_rows_and_tables_fit_together():
    assert len(BY_NAME) == len(ROWS)
    assert {name for table in TABLES for name in table.rows} == set(BY_NAME)
    assert all({name for name, *_ in table.printed} <= set(table.rows) for table in TABLES)
    assert all(name in RECIPES for name in RECIPE_OF.values())
    for values in [row.printed for row in ROWS] + [values for table in TABLES for _, values, _ in table.printed]:
        assert len(values.split()) in (0, len(METRICS))


@pytest.mark.parametrize("row", [row for row in ROWS if row.network], ids=lambda row: row.name)
def test_rows_can_be_trained(row):
    Objective(row.objective)
    earlier = [other.name for other in ROWS[:ROWS.index(row)]]
    assert row.start in ("", IMAGENET, *earlier)
    assert row.entry.first_stage == (BY_NAME[row.start].network if row.start in BY_NAME else None)


@pytest.fixture(scope="module", autouse=True)
def small_table():
    """The table is one of tiny networks."""
    install()
    threads = torch.get_num_threads()
    with pytest.MonkeyPatch.context() as patch:
        for module in (papers, papers_folder, papers_page):
            patch.setattr(module, "ROWS", SMALL_ROWS)
        patch.setattr(papers_page, "TABLES", (SMALL_TABLE,))
        patch.setitem(papers_training.RECIPE_OF, "test", "students")
        yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """Six small images to train on, two to validate on."""
    return write_nyu_folder(tmp_path_factory.mktemp("images"), (*range(6), 168, 169), size=(48, 64))


@pytest.fixture(scope="module")
def whole(images, tmp_path_factory):
    """A table made in one go. Not to be changed."""
    output = tmp_path_factory.mktemp("table") / "out"
    assert run(images, output) == 0
    return output


@pytest.fixture
def output(whole, tmp_path):
    """The same table without its last row, tiny-l2."""
    output = shutil.copytree(whole, tmp_path / "out")
    (output / "rows" / "tiny-l2.json").unlink()
    return output


def run(images, output, *options):
    return papers.main([str(images), "--output", str(output), "--steps", "4", "--batch", "2", "--size", "32,32",
                        "--device", "cpu", "--precision", "fp32", *options])


def rows_of(output):
    """What each row measured."""
    rows = json.loads((output / "papers_table.json").read_text())["rows"]
    return {name: row["per_pixel"] for name, row in rows.items()}


def test_a_table(images, whole, output):
    page = output / "page.md"
    page.write_text(f"before\n{papers_page.BEGIN}\nold\n{papers_page.END}\nafter\n")
    assert run(images, output, "--render", "--write", str(page)) == 0
    text, rel = page.read_text(), rows_of(whole)["tiny"]["rel"]
    assert text.startswith("before\n") and text.endswith("\nafter\n") and "old" not in text
    assert (output / "papers_table.md").read_text().strip() in text and "6 images to train on, 2 others" in text
    lines = {line.split(" | ")[0]: line for line in text.splitlines()}
    assert "| tiny | berhu | 32x32 | 0.0 | 0.0 |" in text and f"| {rel:.3f} / - |" in lines["| tiny"]
    assert f"{rows_of(whole)['mean']['rms']:.3f} / 1.2 | " in lines["| mean"] and "its table 1 |" in lines["| mean"]
    assert lines["| never"].endswith("| not run yet |") and lines["| tiny-l2"].endswith("its table 2; not run yet |")
    assert lines["| tiny-kitti"].endswith("| - / 0.2 | - / 7 | - / - | - / 0.6 | - / - | - / - | its table 3; not run "
                                          "yet |")
    picture = cv2.imread(str(whole / "papers_table.png"))
    assert picture.shape == ((CAPTION_PX + TILE_SIZE[0]) * (2 + 2), papers_page.PANELS * 2 * TILE_SIZE[1], 3)
    assert {path.name for path in (whole / "training").iterdir()} == {"tiny"}  # from which another row starts


def test_only_what_is_missing_is_trained(images, whole, output, monkeypatch, capsys):
    trained = []
    monkeypatch.setattr(papers, "trained", lambda config, *others: trained.append(config.loss) or
                        papers_training.trained(config, *others))
    assert run(images, output) == 0 and "1/1 tiny-l2 " in capsys.readouterr().out
    assert trained == ["l2"] and rows_of(output) == rows_of(whole)


def test_rows_of_other_data_are_trained_where_that_is_given(images, output, monkeypatch, capsys):
    monkeypatch.setattr(papers, "trained", lambda config, *others: trained.append(config) or
                        papers_training.trained(config, *others))
    trained = []
    (output / "rows" / "tiny-kitti.json").unlink(missing_ok=True)
    assert run(images, output, "--kitti", f"nyu:{images}", "--keep-weights") == 0
    kitti = trained[-1]
    assert (kitti.data, kitti.augment, rows_of(output)["tiny-kitti"].keys()) == (
        (f"nyu:{images}",), "eigen_kitti", set(METRICS))
    assert {path.name for path in (output / "training").iterdir()} == {"tiny", "tiny-l2", "tiny-kitti"}


def test_a_stopped_row_goes_on_as_if_it_had_not_stopped(images, whole, output, monkeypatch, capsys):
    stepped, seen = papers.Watch.stepped, []

    def stop_once(watch, stage, step, *others):
        stepped(watch, stage, step, *others)
        seen.append(step)
        if seen == [1, 2]:
            os.kill(os.getpid(), signal.SIGTERM)
    monkeypatch.setattr(papers.Watch, "stepped", stop_once)
    assert run(images, output) == 130 and "goes on" in capsys.readouterr().err
    assert not (output / "rows" / "tiny-l2.json").exists()
    assert run(images, output) == 0
    assert seen == [1, 2, 3, 4] and rows_of(output) == rows_of(whole)


def test_a_row_that_fails_leaves_the_others_and_is_tried_again(images, output, monkeypatch, capsys):
    def diverge(*_):
        raise MonofuseError("the loss is nan")
    monkeypatch.setattr(papers, "trained", diverge)
    assert run(images, output) == 0 and "the loss is nan" in capsys.readouterr().out
    assert "| failed / 2e6 |" in (output / "papers_table.md").read_text()
    (output / "rows" / "mean.json").unlink()
    assert run(images, output) == 0
    printed = capsys.readouterr().out
    assert "1/2 mean " in printed and "2/2 tiny-l2 " in printed


def test_other_settings_are_refused(images, output, capsys):
    assert run(images, output, "--steps", "5") == 2
    assert "rows of another steps" in capsys.readouterr().err
    assert run(images, output / "empty", "--render") == 1 and capsys.readouterr().err.count("\n") == 1


def test_pages_without_a_place_for_tables_are_refused():
    with pytest.raises(BadInputError, match="page.md"):
        papers_page.written_into("nothing here", "tables", "page.md")
