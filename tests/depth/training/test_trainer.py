"""Whole runs of tiny networks that stop, are killed, and resume."""

import csv

import numpy as np
import pytest
import yaml

torch = pytest.importorskip("torch")

from calib.base.errors import BadInputError, MonofuseError, OutputError
from depth.training import checkpoint_file
from depth.training.trainer import whole_image_size
from tests.helpers.depth_datasets import write_nyu_folder
from tests.helpers.tiny_networks import lend
from tests.helpers.training_runs import Silent, assert_same, config, trainer, weights, write_images

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def tiny_networks(monkeypatch):
    lend(monkeypatch)


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return write_images(tmp_path_factory.mktemp("nyu"))


def log_of(folder):
    with open(folder / "log.csv", newline="") as file:
        return list(csv.DictReader(file))


def test_a_run_leaves_weights_options_card_and_log(images, tmp_path):
    listener = Silent()
    run = trainer(config(images, steps=7, validate_every=3, ema=0.5), tmp_path / "out", listener)
    assert run.train() == "complete"
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["checkpoint.pt", "config.yaml", "log.csv", "tiny-last.safetensors", "tiny-last.yaml", "tiny.md",
                     "tiny.safetensors", "tiny.yaml"]
    assert [step for step, *_ in listener.validations] == [3, 6, 7]
    best = min(listener.validations, key=lambda validation: validation[1]["rel"])
    card = (tmp_path / "out" / "tiny.md").read_text()
    assert f"weights of step {best[0]}" in card and f"{best[1]['rel']:.3f}" in card and "6 images" in card
    assert "NYU Depth v2: for research use" in card and "Apache-2.0" in card and "7 of 7" in card
    options = yaml.safe_load((tmp_path / "out" / "tiny.yaml").read_text())
    assert options["size"] == [34, 34] and options["focal_px"] == [pytest.approx(run.focal_px)] * 2
    rows = log_of(tmp_path / "out")
    assert [row["step"] for row in rows if row["rel"]] == ["3", "6", "7"]
    assert [row["step"] for row in rows if row["loss"]] == ["7"]


def test_the_focal_length_is_that_of_the_first_dataset(images, tmp_path):
    run = trainer(config(images, augment="eigen"), tmp_path / "out")
    scale = max(32 / 48, 32 / 64) * 320 / 304
    assert run.focal_px == pytest.approx(np.sqrt(518.857901 * 519.469611) * 64 / 640 * scale)
    assert trainer(config(images, focal_px=77.0), tmp_path / "other").focal_px == 77


def test_whole_images_come_as_large_as_the_crops_showed_things():
    assert whole_image_size((228, 304), 304 / 320, 1) == (240, 320)
    assert whole_image_size((240, 320), 320 / 416, 1) == (312, 416)
    assert whole_image_size((224, 288), 0.95, 32) == (224, 288)
    assert whole_image_size((228, 304), 304 / 320, None) == (228, 304)


VARIANTS = {
    "plain": {},
    "everything": dict(ema=0.9, schedule="one_cycle", warm_up=2, clip=1.0, weight_decay=0.1, augment="strong",
                       workers=1, validate_every=1),
    "plateau": dict(schedule="plateau", patience=1, optimiser="sgd", validate_every=1),
    "two stages, in the first": dict(network="tiny_fine", coarse_share=0.75, ema=0.9),
    "two stages, at the change": dict(network="tiny_fine", coarse_share=0.5, ema=0.9),
    "two stages, in the second": dict(network="tiny_fine", coarse_share=0.25, ema=0.9),
}


@pytest.mark.parametrize("values", VARIANTS.values(), ids=VARIANTS)
def test_four_steps_are_two_a_kill_and_two_more(images, tmp_path, monkeypatch, values):
    settings = config(images, **values)
    name = f"{settings.network}-last"
    trainer(settings, tmp_path / "straight").train()

    class Killed(BaseException):
        pass

    def die(step):
        if step == 3:  # the checkpoint is of step 2
            raise Killed

    killed = trainer(settings, tmp_path / "killed", Silent(die))
    monkeypatch.setattr(killed, "_save", lambda learner: None)  # no last words
    with pytest.raises(Killed):
        killed.train()
    listener = Silent()
    trainer(settings, tmp_path / "killed", listener, resume=True).train()
    assert [step for _, step, _ in listener.steps] == [3, 4]
    assert_same(weights(tmp_path / "straight", name), weights(tmp_path / "killed", name))
    straight, resumed = (checkpoint_file.load(tmp_path / folder, settings) for folder in ("straight", "killed"))
    assert straight["learner"]["plateau"] == resumed["learner"]["plateau"] and straight["best"] == resumed["best"]
    logs = [[{**row, "images_per_s": ""} for row in log_of(tmp_path / folder) if row["rel"]]
            for folder in ("straight", "killed")]
    assert logs[0] == logs[1]


def test_stopping_saves_and_resuming_goes_on(images, tmp_path):
    settings = config(images, checkpoint_every=1000, ema=0.9)
    trainer(settings, tmp_path / "straight").train()
    listener = Silent()
    run = trainer(settings, tmp_path / "stopped", listener)
    listener.do = lambda step: setattr(run, "stop_wanted", step == 3)
    assert run.train() == "interrupted" and run.step == 3
    assert "3 of 4" in (tmp_path / "stopped" / "tiny.md").read_text()
    assert trainer(settings, tmp_path / "stopped", resume=True).train() == "complete"
    assert_same(weights(tmp_path / "straight"), weights(tmp_path / "stopped"))


def test_a_finished_run_that_is_resumed_stays_as_it_is(images, tmp_path):
    settings = config(images, ema=0.9)
    trainer(settings, tmp_path / "out").train()
    before = weights(tmp_path / "out")
    assert trainer(settings, tmp_path / "out", resume=True).train() == "complete"
    assert_same(before, weights(tmp_path / "out"))


def test_a_failure_saves_what_there_is(images, tmp_path):
    def fail(step):
        if step == 3:
            raise MonofuseError("enough")

    with pytest.raises(MonofuseError, match="enough"):
        trainer(config(images), tmp_path / "out", Silent(fail)).train()
    assert checkpoint_file.load(tmp_path / "out", config(images))["step"] == 3


def test_the_coarse_network_rests_while_the_fine_one_learns(images, tmp_path):
    settings = config(images, network="tiny_fine", steps=6, coarse_share=0.5, ema=0.9)
    run = trainer(settings, tmp_path / "out")
    start = {name: tensor.clone() for name, tensor in run.network.state_dict().items()}
    run.train()
    coarse, whole = weights(tmp_path / "out", "tiny-last"), weights(tmp_path / "out", "tiny_fine-last")
    assert_same(coarse, {name.removeprefix("coarse."): tensor for name, tensor in whole.items() if "coarse" in name})
    assert not torch.equal(coarse["predict.weight"], start["coarse.predict.weight"])
    assert not torch.equal(whole["fine.weight"], start["fine.weight"])


def test_starting_from_weights(images, tmp_path):
    trainer(config(images), tmp_path / "coarse").train()
    file = str(tmp_path / "coarse" / "tiny-last.safetensors")
    again = trainer(config(images, init=file, augment="none"), tmp_path / "again")
    assert_same(weights(tmp_path / "coarse"), again.network.state_dict())
    fine = trainer(config(images, network="tiny_fine", init=file), tmp_path / "fine")
    assert [stage.entry.name for stage in fine.stages] == ["tiny_fine"]
    assert_same(weights(tmp_path / "coarse"), fine.network.coarse.state_dict())
    with pytest.raises(BadInputError, match="tiny_plain"):
        trainer(config(images, network="tiny_plain", init=file), tmp_path / "other")


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(images, tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        trainer(config(images, seed=seed, deterministic=True), tmp_path / name).train()
    assert_same(weights(tmp_path / "a"), weights(tmp_path / "b"))
    assert not torch.equal(weights(tmp_path / "a")["predict.weight"], weights(tmp_path / "c")["predict.weight"])


def test_without_validation_the_last_weights_are_kept(tmp_path):
    folder = write_nyu_folder(tmp_path / "images", range(3), size=(48, 64))
    trainer(config(folder), tmp_path / "out").train()
    assert_same(weights(tmp_path / "out"), weights(tmp_path / "out", "tiny"))
    assert "no images were kept back" in (tmp_path / "out" / "tiny.md").read_text()


def test_networks_that_predict_nothing_usable_yet_go_on(images, tmp_path):
    run = trainer(config(images, lr=1e-9), tmp_path / "out")
    with torch.no_grad():
        run.network.predict.weight.zero_()
        run.network.predict.bias.fill_(-1.0)
    assert run.train() == "complete" and run.best["summary"]["delta1"] == 0


def test_resuming_needs_the_same_run(images, tmp_path):
    with pytest.raises(BadInputError, match="--resume"):
        trainer(config(images), tmp_path / "none", resume=True)
    trainer(config(images), tmp_path / "out").train()
    with pytest.raises(BadInputError, match="add --resume"):
        trainer(config(images), tmp_path / "out")
    with pytest.raises(BadInputError, match="--lr, --seed|--seed, --lr"):
        trainer(config(images, lr=0.5, seed=4), tmp_path / "out", resume=True)
    trainer(config(images, workers=1, checkpoint_every=50), tmp_path / "out", resume=True)
    (tmp_path / "out" / "checkpoint.pt").write_bytes(b"nothing")
    with pytest.raises(BadInputError, match="cannot be read"):
        trainer(config(images), tmp_path / "out", resume=True)


def test_places_that_cannot_be_written(images, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="file"):
        trainer(config(images), tmp_path / "file" / "out")
