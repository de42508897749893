"""Configurations as text: what is written is read back as it was, and a mistake is one line that names the field."""

import json
from dataclasses import fields, is_dataclass, replace

import pytest

from calib.base.errors import BadInputError
from calib.boards.board import Board
from monofuse import run
from monofuse.arguments import parse_arguments
from monofuse.configuration import all_names, changed, plain, with_file, with_setting
from monofuse.configuration_list import field_docs, listed
from monofuse.opening import configuration
from slam.config import SlamConfig
from slam.keyframe_depth.final_depth import FinalDepthConfig
from slam.keyframe_depth.refinement import RefinementConfig
from slam.scale.known_scale import ScaleConfig

SENSOR, NETWORK = SlamConfig.for_sensor(), SlamConfig.for_network()
EVERYTHING = replace(NETWORK, final_depth=FinalDepthConfig(), known_scale=ScaleConfig(
    factor=1.5, height_m=1.25, square_m=0.03, board=Board((9, 7), "4x4_50", is_legacy=True)))
"""No stage is off, and no field is None."""


def other_than(config):
    """A configuration with another value in every field but those of a board and what is off."""
    return replace(config, **{field.name: other(getattr(config, field.name)) for field in fields(config)})


def other(value):
    if value is None or isinstance(value, Board):
        return value
    if is_dataclass(value):
        return other_than(value)
    if isinstance(value, tuple):
        return tuple(other(item) for item in value)
    return not value if isinstance(value, bool) else f"{value}x" if isinstance(value, str) else value + 1


def written(path, text):
    path.write_text(text if isinstance(text, str) else json.dumps(text))
    return path


def classes_in(value):
    """The dataclasses that a configuration consists of."""
    if is_dataclass(value):
        yield type(value)
        for field in fields(value):
            yield from classes_in(getattr(value, field.name))


@pytest.mark.parametrize("start", [SENSOR, NETWORK, EVERYTHING])
@pytest.mark.parametrize("config", [SENSOR, NETWORK, EVERYTHING, other_than(EVERYTHING), other_than(SENSOR)])
def test_a_configuration_is_read_back_as_it_was_written(config, start, tmp_path):
    as_report = {"source": "room", "configuration": plain(config), "fps": 30.0}
    for text in (listed(config), plain(config), as_report):
        assert with_file(start, written(tmp_path / "file", text)) == config


def test_the_written_form_keeps_types():
    read = changed(NETWORK, json.loads(json.dumps(plain(EVERYTHING))))
    assert read == EVERYTHING
    assert type(read.lost_s) is float and type(read.lost_frames) is int and type(read.loops.odometry_std) is tuple


def test_every_field_can_be_set_alone():
    different = other_than(EVERYTHING)
    for name in all_names(SlamConfig):
        new, old = different, EVERYTHING
        for part in name.split("."):
            new, old = getattr(new, part), getattr(old, part)
        got = with_setting(EVERYTHING, name, json.dumps(plain(new)))
        assert (got != EVERYTHING) == (new != old), name
        for part in name.split("."):
            got = getattr(got, part)
        assert got == new, name


@pytest.mark.parametrize("kind", dict.fromkeys(classes_in(EVERYTHING)), ids=lambda kind: kind.__name__)
def test_every_field_says_what_it_is(kind):
    lacking = {field.name for field in fields(kind)} - set(field_docs(kind))
    assert not lacking, f"fields of {kind.__name__} without a docstring below them"


def test_a_partial_file_changes_what_it_names(tmp_path):
    path = written(tmp_path / "a.yaml", "working_width: 160\ntracker: {samples: 500, solver: {min_decrease: 1e-4}}\n")
    solver = replace(NETWORK.tracker.solver, min_decrease=1e-4)
    assert with_file(NETWORK, path) == replace(NETWORK, working_width=160,
                                               tracker=replace(NETWORK.tracker, samples=500, solver=solver))
    assert with_file(NETWORK, written(tmp_path / "b.yaml", "# nothing\n")) == NETWORK


def test_stages_are_switched_off_by_null_and_on_by_any_field_of_theirs():
    assert with_setting(NETWORK, "refinement", "null").refinement is None
    assert with_setting(SENSOR, "refinement", "{}").refinement == RefinementConfig()
    assert with_setting(SENSOR, "refinement.alignment.min_share", "0.5").refinement.alignment.bend_prior == 0.3
    assert with_setting(NETWORK, "final_depth.others", "3").final_depth == FinalDepthConfig(others=3)
    board = with_setting(NETWORK, "known_scale.board", "{squares: [9, 7]}").known_scale.board
    assert board == Board((9, 7))


@pytest.mark.parametrize("name, value, message", [
    ("tracker.max_std2", "20", "no such field; did you mean tracker.max_std?"),
    ("tracker.max_iteration", "20", "no such field; did you mean tracker.solver.max_iterations?"),
    ("doubtful_corelation", "1", "no such field; did you mean doubtful_correlation?"),
    ("max_surfels", "5000", "no such field; did you mean surfels.max_surfels?"),
    ("working_width.x", "1", "no such field; did you mean working_width?"),
    ("zebra", "1", "no such field; --list-config shows all there are"),
    ("", "1", "no such field; --list-config shows all there are"),
    ("lost_frames", "2.5", "expected a whole number of at least 0, not 2.5"),
    ("lost_frames", "true", "expected a whole number of at least 0, not true"),
    ("lost_frames", "-1", "expected a whole number of at least 0, not -1"),
    ("lost_frames", "", "expected a whole number of at least 0, not null"),
    ("lost_frames", "{}", "expected a whole number of at least 0, not {}"),
    ("lost_s", "-0.5", "expected a number of at least 0, not -0.5"),
    ("lost_s", ".nan", 'expected a number of at least 0, not ".nan"'),
    ("lost_s", "1e999", "expected a number of at least 0, not Infinity"),
    ("lost_s", "9" * 400, "a number of over 308 digits"),
    ("lost_s", "12:30", 'expected a number of at least 0, not "12:30"'),
    ("depth_is_relative", "no", 'expected true or false, not "no"'),
    ("known_scale.factor", "big", 'expected a number of at least 0 or null, not "big"'),
    ("known_scale.board", "{squares: [9, 7], dictionary: 4}", "expected text or null, not 4"),
    ("known_scale.board", "{}", "lacks squares"),
    ("known_scale.board", "{squares: [2, 7]}", "a board has 4 to 50 squares"),
    ("loops.odometry_std", "[1]", "expected a list of 2, each a number of at least 0, not [1]"),
    ("bad", "[1", "the value is not YAML"),
    ("keyframes.max_points", "[]", "expected a list of one or more, each a whole number of at least 0, not []"),
    ("keyframes.max_points", "[3, x]", 'expected a whole number of at least 0, not "x"'),
    ("tracker", "5", "expected fields, as in {name: value}, not 5"),
])
def test_a_mistake_is_one_line(name, value, message):
    with pytest.raises(BadInputError) as caught:
        with_setting(NETWORK, name, value)
    text = str(caught.value)
    assert text.startswith(f"--set {name}={value}: ") and message in text and "\n" not in text


@pytest.mark.parametrize("text, message", [
    ("tracker: {sampels: 3}", "tracker.sampels: no such field; did you mean tracker.samples?"),
    ("tracker:\n  solver:\n    max_iterations: lots", 'tracker.solver.max_iterations: expected a whole number'),
    ("3: 4", "3: no such field"),
    ("- a\n- b", "expected fields, as in {name: value}"),
    ("a: [", "this is not YAML"),
    ("[" * 5000, "this is not YAML"),
    ("a: &x {b: *x}", "this is not YAML: aliases such as *name are not taken here"),
    (b"\xff\xfe\x00\xd8", "this is not YAML"),
    (None, "No such file"),
])
def test_a_mistake_in_a_file_names_file_and_field(text, message, tmp_path):
    path = tmp_path / "room.yaml"
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(BadInputError) as caught:
        with_file(NETWORK, path)
    assert str(caught.value).startswith(f"{path}: {message}") and "\n" not in str(caught.value)


def of_arguments(*arguments):
    return configuration(parse_arguments([str(argument) for argument in arguments]))


def test_options_win_over_set_and_set_over_the_file(tmp_path):
    path = written(tmp_path / "a.yaml", "surfels: {max_surfels: 2000, max_unstable_age: 7}\nlost_s: 2\n"
                                        "lost_frames: 3\n")
    config = of_arguments("--config", path, "--set", "lost_s=4", "--set", "lost_s=5", "--max-surfels", 9000,
                          "--set", "surfels.max_surfels=3000")
    assert (config.lost_s, config.lost_frames) == (5.0, 3)
    assert (config.surfels.max_surfels, config.surfels.max_unstable_age) == (9000, 7)
    assert of_arguments("--config", path).surfels.max_surfels == 2000
    assert of_arguments("--depth", "sensor") == SENSOR
    assert of_arguments() == of_arguments("--depth", "mobile") == NETWORK


def test_options_keep_what_the_file_says_of_the_rest(tmp_path):
    path = written(tmp_path / "a.yaml", "final_depth: {others: 3}\nknown_scale: {height_m: 2, first_keyframes: 5}\n")
    config = of_arguments("--depth", "mobile", "--config", path, "--scale", "1.5")
    assert config.final_depth == FinalDepthConfig(others=3)
    assert config.known_scale == ScaleConfig(factor=1.5, first_keyframes=5)


@pytest.mark.parametrize("depth, config", [("mobile", SENSOR), ("sensor", NETWORK)])
def test_a_configuration_for_the_other_kind_of_depth_is_refused(depth, config, tmp_path):
    path = written(tmp_path / "report.json", {"configuration": plain(config)})
    with pytest.raises(BadInputError, match="depth_is_measured.: give --depth"):
        of_arguments("--depth", depth, "--config", path)


def test_the_program_lists_a_configuration_that_it_can_read(tmp_path, capsys):
    assert run.main(["--depth", "mobile", "--set", "lost_s=3", "--list-config"]) == 0
    said = capsys.readouterr()
    assert not said.err
    assert with_file(SENSOR, written(tmp_path / "all.yaml", said.out)) == replace(NETWORK, lost_s=3.0)
    assert all(name.rpartition(".")[2] + ":" in said.out for name in all_names(SlamConfig))


def test_the_program_refuses_a_field_that_there_is_not(capsys):
    assert run.main(["synthetic", "--set", "tracker.max_iteration=20"]) == 2
    assert capsys.readouterr() == ("", "run_slam: --set tracker.max_iteration=20: no such field; did you mean "
                                       "tracker.solver.max_iterations?\n")


@pytest.mark.parametrize("depth, setting, says", [
    ("sensor", "final_depth.others=3", "final_depth is for predicted depth"),
    ("sensor", "known_scale.factor=2", "known_scale is for predicted depth"),
    ("sensor", "adjustment={}", "adjustment is for predicted depth")])
def test_what_this_kind_of_depth_has_no_use_for_is_refused(depth, setting, says):
    with pytest.raises(BadInputError, match=says):
        configuration(parse_arguments(["synthetic", "--depth", depth, "--set", setting]))


@pytest.mark.parametrize("options", [["--set", "final_depth.others=3"], ["--scale", "2"]])
def test_what_needs_refinement_is_refused_without_it(options):
    with pytest.raises(BadInputError, match="needs refinement"):
        configuration(parse_arguments(["synthetic", "--depth", "mobile", "--set", "refinement=null", *options]))


@pytest.mark.parametrize("setting", ["tracker.samples=0", "level_count=0", "fusion.sweep_period=0"])
def test_what_no_stage_can_work_with_is_one_line(setting, room, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr("sequences.synthetic.sequence.cached_room", lambda seed: room)
    words = ["synthetic:frames=3,size=160x120", "--set", setting, "--output", str(tmp_path / "out")]
    assert run.main(words) == 2
    error = capsys.readouterr().err
    assert "SLAM cannot work with this configuration" in error and error.count("\n") == 1


@pytest.mark.parametrize("text", ["working_width: &a [*a]", "x: !!timestamp abc", "depth_is_measured: !!bool xyz"])
def test_what_yaml_allows_but_no_configuration_needs_is_one_line(text, tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(text)
    with pytest.raises(BadInputError) as caught:
        of_arguments("--config", path)
    assert "\n" not in str(caught.value)


def test_learning_may_be_switched_off_also_where_there_is_no_network():
    arguments = parse_arguments(["synthetic", "--depth", "sensor", "--adapt", "off", "--passes", "1"])
    assert configuration(arguments) == SlamConfig.for_sensor()
    with pytest.raises(BadInputError, match="--passes is for networks: leave out --depth sensor"):
        configuration(parse_arguments(["synthetic", "--depth", "sensor", "--passes", "2"]))


@pytest.mark.parametrize("words, says", [
    (["--adapt", "end"], "--adapt end is work after"), (["--adapt", "live"], "--adapt live"),
    (["--save-network", "room.onnx"], "--save-network is work after")])
def test_what_follows_the_last_frame_and_fast_exclude_each_other(words, says):
    with pytest.raises(BadInputError, match=says):
        configuration(parse_arguments(["synthetic", "--fast", *words]))
    assert configuration(parse_arguments(["synthetic", "--fast", "--adapt", "off"])) == SlamConfig.for_network()
