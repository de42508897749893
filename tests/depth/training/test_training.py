"""Training: pieces by hand, then whole runs of tiny networks that stop, are killed, resume, and train together."""

import csv
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import yaml

torch = pytest.importorskip("torch")

from calib.base.errors import BadInputError, MonofuseError, OutputError
from depth.__main__ import main
from depth.data.augmentation import AUGMENTATIONS
from depth.data.nyu_folder import NyuFolder
from depth.networks.weights.checkpoint import read_tensors
from depth.training import checkpoint_file, schedule
from depth.training.batches import AugmentedImages, Order, batches
from depth.training.config import TrainingConfig
from depth.training.ema import Ema
from depth.training.learner import Learner
from depth.training.processes import Processes
from depth.training.recipes import RECIPES, recipe
from depth.training.result_folder import ResultFolder
from depth.training.stage import Stage, prepare, stages
from depth.training.trainer import Trainer, whole_image_size
from tests.depth.data.test_datasets import write_nyu_folder
from tests.helpers.paths import ROOT
from tests.helpers.tiny_networks import ENTRIES, Tiny, TinyFine, install

ALONE = Processes(0, 1, torch.device("cpu"))
PROGRAM = ROOT / "tests" / "helpers" / "tiny_networks.py"
NUMBERS = [*range(6), *range(168, 172)]
"""Of the images: six to train on, four to validate on."""

torch.set_num_threads(1)
install()
TINY, TINY_PLAIN, TINY_ERROR, TINY_FINE = ENTRIES


class Silent:
    """A listener that notes what it is told."""

    def __init__(self, do=None):
        self.steps, self.validations, self.do = [], [], do

    def stepped(self, stage, step, result, images_per_s):
        self.steps.append((stage.entry.name, step, result))
        if self.do:
            self.do(step)

    def validated(self, stage, step, summary, kept):
        self.validations.append((step, summary, kept))


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """A folder of ten small images whose depth follows their brightness."""
    folder = tmp_path_factory.mktemp("nyu")
    return write_nyu_folder(folder, NUMBERS, size=(48, 64))


def config(images, network="tiny", **values):
    values = {"steps": 4, "batch": 2, "workers": 0, "lr": 0.01, "checkpoint_every": 2, "val_images": 2, **values}
    return TrainingConfig(network=network, data=(str(images),), **values)


def trainer(config, folder, listener=None, resume=False, processes=ALONE):
    return Trainer(config, ResultFolder(folder), processes, listener or Silent(), resume)


def weights(folder, name="tiny-last"):
    return read_tensors(Path(folder) / f"{name}.safetensors")[0]


def assert_same(a, b):
    assert a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


# --- pieces ---------------------------------------------------------------------------------------------------------


def settings(**values):
    return TrainingConfig("tiny", ("x",), **values)


def test_poly_is_haos_equation_4():
    hao = settings(schedule="poly", lr=1e-4, end_lr=0.01, decay_share=16 / 20)
    for step in (0, 100, 799, 800, 1000):
        expected = (1e-4 - 1e-6) * (1 - min(step, 800) / 800) ** 1.0 + 1e-6
        assert 1e-4 * schedule.factor(hao, step, 1000) == pytest.approx(expected)


def test_poly_with_a_power():
    assert schedule.poly(0.5, 2.0, 0.2) == pytest.approx(0.8 * 0.25 + 0.2)


def test_one_cycle_rises_and_falls():
    factors = [schedule.factor(settings(schedule="one_cycle"), step, 100) for step in range(101)]
    assert [factors[0], factors[30], factors[100]] == pytest.approx([1 / 25, 1, 1e-4])
    assert factors[:31] == sorted(factors[:31]) and factors[30:] == sorted(factors[30:], reverse=True)


def test_warm_up():
    factors = [schedule.factor(settings(schedule="constant", warm_up=4), step, 10) for step in range(6)]
    assert factors == [0.25, 0.5, 0.75, 1, 1, 1]


def test_plateaus_lower_the_rate():
    plateau, patient = schedule.Plateau(), settings(schedule="plateau", patience=2, end_lr=0.005)
    factors = []
    for value in (0.5, 0.4, 0.45, 0.41, 0.3, 0.3, 0.31, 0.5, 0.5, 0.5, 0.5):
        plateau.observe(value, patient)
        factors.append(plateau.factor)
    assert factors == pytest.approx([1, 1, 1, 0.1, 0.1, 0.1, 0.01, 0.01, 0.005, 0.005, 0.005])
    assert schedule.is_better("delta1", 0.6, 0.5) and not schedule.is_better("rel", 0.6, 0.5)


def test_running_mean_of_weights():
    module = torch.nn.BatchNorm1d(1)
    ema = Ema(module, 0.9)
    values = [1.0]
    for step in (1, 2, 3):
        with torch.no_grad():
            module.weight += 1
        module.num_batches_tracked += 1
        ema.update(module)
        decay = min(0.9, (1 + step) / (10 + step))
        values.append(decay * values[-1] + (1 - decay) * (step + 1))
    assert ema.mean["weight"].item() == pytest.approx(values[-1]) and ema.mean["num_batches_tracked"] == 3
    with ema.in_place_of(module):
        assert module.weight.item() == pytest.approx(values[-1])
    assert module.weight.item() == 4


def test_without_decay_there_is_no_mean():
    module = torch.nn.Linear(1, 1)
    ema = Ema(module, 0.0)
    before = module.weight.item()
    ema.update(module)
    with ema.in_place_of(module):
        assert module.weight.item() == before
    assert ema.state()["mean"] == {}


def test_every_epoch_shows_every_image_once_in_a_new_order():
    pairs = [pair for batch in Order(10, 4, 0, 0, 5) for pair in batch]
    epochs = [[index for epoch, index in pairs if epoch == number] for number in (0, 1)]
    assert sorted(epochs[0]) == sorted(epochs[1]) == list(range(10)) and epochs[0] != epochs[1]
    assert [pair for batch in Order(10, 4, 1, 0, 5) for pair in batch] != pairs


def test_the_order_depends_on_the_step_alone():
    whole = list(Order(10, 4, 3, 0, 9))
    assert list(Order(10, 4, 3, 5, 9)) == whole[5:] and len(Order(10, 4, 3, 5, 9)) == 4
    parts = [list(Order(10, 4, 3, 0, 9, rank, 2)) for rank in (0, 1)]
    assert [a + b for a, b in zip(*parts)] == whole
    assert len(list(Order(3, 8, 0, 0, 1))[0]) == 8  # fewer images than a batch has


def test_batches_are_the_same_with_and_without_workers(images):
    dataset = AugmentedImages([NyuFolder(images)], AUGMENTATIONS["strong"], (32, 32), 40.0, seed=1)
    both = [list(batches(dataset, Order(len(dataset), 4, 1, 0, 3), workers)) for workers in (0, 1)]
    for (rgb, depth_m), (rgb_again, depth_again) in zip(*both):
        assert rgb.shape == (4, 3, 32, 32) and rgb.dtype == torch.uint8 and depth_m.shape == (4, 1, 32, 32)
        assert torch.equal(rgb, rgb_again) and torch.equal(depth_m, depth_again)


def test_truth_that_is_too_far_to_be_trusted_is_left_out(images):
    dataset = NyuFolder(images)
    dataset.farthest_m = 1.004  # image k has a depth of 1 m + k mm
    augmented = AugmentedImages([dataset], AUGMENTATIONS["none"], (32, 32), 40.0, seed=0)
    assert [bool(np.any(augmented[0, k][1])) for k in range(len(augmented))] == [k <= 4 for k in NUMBERS]


@pytest.mark.parametrize("workers", [0, 1])
def test_damaged_images_are_named(tmp_path, workers):
    write_nyu_folder(tmp_path, range(4), size=(48, 64))
    dataset = AugmentedImages([NyuFolder(tmp_path)], AUGMENTATIONS["none"], (32, 32), 40.0, seed=0)
    (tmp_path / "rgb_00002.png").write_bytes(b"nothing")
    with pytest.raises(BadInputError) as caught:
        list(batches(dataset, Order(4, 4, 0, 0, 1), workers))
    assert "rgb_00002.png" in str(caught.value) and "\n" not in str(caught.value)


def learner(entry=TINY, seed=0, **values):
    torch.manual_seed(seed)
    values = {"lr": 0.01, "schedule": "constant", **values}
    return Learner(Stage(entry, entry.build(), 0, 100), settings(**values), ALONE)


def batch(seed=0, count=4):
    rng = np.random.default_rng(seed)
    rgb = torch.from_numpy(rng.integers(0, 255, (count, 3, 32, 32), np.uint8))
    return rgb, 0.5 + rgb.float().mean(1, keepdim=True) / 64


@pytest.mark.parametrize("optimiser", ["sgd", "adam", "adamw"])
def test_networks_learn(optimiser):
    student = learner(optimiser=optimiser, loss="l1", clip=5.0)
    losses = [student.step(k, *batch()).loss for k in range(40)]
    assert losses[-1] < 0.6 * losses[0]


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_networks_with_two_outputs_learn(precision):
    student = learner(TINY_ERROR, precision=precision)
    losses = [student.step(k, *batch()).loss for k in range(60)]
    prediction = student.predict(batch()[0])
    assert losses[-1] < losses[0] and prediction.is_log and prediction.value.dtype == torch.float32
    assert prediction.log_error.shape == (4, 1, 16, 16)


def test_gradients_are_clipped():
    free, clipped = (learner(optimiser="sgd", momentum=0.0, clip=clip, loss="100*l1") for clip in (0.0, 0.1))
    before = clipped.module.predict.bias.item()
    assert free.step(0, *batch()).gradient_norm == clipped.step(0, *batch()).gradient_norm > 1
    assert 0 < abs(clipped.module.predict.bias.item() - before) <= 0.01 * 0.1 + 1e-9


def test_rates_of_parts():
    student = learner(lr_of=(("encoder.0", 0.0), ("encoder", 0.5)), loss="l1")
    before = {name: tensor.clone() for name, tensor in student.module.named_parameters()}
    student.step(0, *batch())
    after = dict(student.module.named_parameters())
    assert torch.equal(before["encoder.0.weight"], after["encoder.0.weight"])
    assert not torch.equal(before["encoder.1.weight"], after["encoder.1.weight"])
    assert {group["factor"]: group["lr"] for group in student.optimiser.param_groups} == {0.5: 0.005, 1.0: 0.01}


def test_weights_decay_but_biases_do_not():
    decays = {tuple(parameter.ndim > 1 for parameter in group["params"])[0]: group["weight_decay"]
              for group in learner(weight_decay=0.1).optimiser.param_groups}
    assert decays == {True: 0.1, False: 0.0}


def test_frozen_batch_normalisation():
    student = learner(freeze_norm="encoder")
    norm = student.module.encoder[1]
    before = {name: tensor.clone() for name, tensor in norm.state_dict().items()}
    student.step(0, *batch())
    assert_same(before, norm.state_dict())
    assert student.module.dropout.training and not norm.training


def test_nothing_left_to_learn():
    with pytest.raises(BadInputError, match="nothing to learn"):
        learner(lr_of=(("", 0.0),))


def test_a_loss_that_is_no_number_ends_training():
    student = learner()
    with torch.no_grad():
        student.module.predict.bias.fill_(math.nan)
    with pytest.raises(MonofuseError, match="--lr"):
        student.step(0, *batch())


def test_half_precision_needs_a_gpu():
    with pytest.raises(BadInputError, match="GPU"):
        learner(precision="fp16")


def test_two_stages():
    module = TinyFine()
    first, second = stages(TINY_FINE, module, settings(steps=14))
    assert (first.entry.name, first.module, first.first, first.last) == ("tiny", module.coarse, 0, 8)
    assert (second.entry.name, second.module, second.first, second.last) == ("tiny_fine", module, 8, 14)
    assert len(prepare(first, settings())) == 5 and len(prepare(second, settings())) == 2
    assert stages(TINY, Tiny(), settings(steps=14))[0].last == 14
    assert len(stages(TINY_FINE, module, settings(), coarse_is_trained=True)) == 1


# --- whole runs -----------------------------------------------------------------------------------------------------


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
    rows = list(csv.DictReader(open(tmp_path / "out" / "log.csv")))
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
    logs = [[{**row, "images_per_s": ""} for row in csv.DictReader(open(tmp_path / folder / "log.csv")) if row["rel"]]
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


# --- the command line -----------------------------------------------------------------------------------------------


def arguments(images, output, *more):
    return ["train", "--network", "tiny", "--data", str(images), "--output", str(output), "--workers", "0",
            "--steps", "4", "--batch", "2", "--val-images", "2", *more]


def test_train_on_the_command_line(images, tmp_path, capsys):
    assert main(arguments(images, tmp_path / "out", "--lr-of", "encoder=0.1", "--size", "32,40", "--loss", "l1",
                          "--recipe", "strong")) == 0
    facts = yaml.safe_load((tmp_path / "out" / "config.yaml").read_text())
    assert facts["size"] == [32, 40] and facts["lr_of"] == [["encoder", 0.1]] and facts["ema"] == 0.999
    assert "written to" in capsys.readouterr().out and signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_epochs_count_images(images, tmp_path):
    words = arguments(images, tmp_path / "out", "--epochs", "1.5")
    del words[words.index("--steps"): words.index("--steps") + 2]
    assert main(words) == 0
    assert yaml.safe_load((tmp_path / "out" / "config.yaml").read_text())["steps"] == 5  # 1.5 * 6 / 2


@pytest.mark.parametrize("more, named", [
    (["--network", "huge"], "huge"), (["--data", "/nowhere"], "/nowhere"), (["--loss", "huber"], "huber"),
    (["--lr", "0"], "--lr"), (["--ema", "1"], "--ema"), (["--batch", "x"], "--batch"), (["--size", "32"], "--size"),
    (["--lr-of", "x"], "--lr-of"), (["--precision", "fp16"], "fp16"), (["--epochs", "2"], "--epochs"),
    (["--device", "cuda"], "cuda"), (["--resume"], "--resume"), (["--init", "/nowhere.pth"], "nowhere"),
    (["--split", "test"], "test"), (["--speed", "9"], "--speed"), (["--workers", "-1"], "--workers")])
def test_bad_input_is_one_line(images, tmp_path, capsys, more, named):
    if more == ["--device", "cuda"] and torch.cuda.is_available():
        pytest.skip("there is a GPU")
    assert main(arguments(images, tmp_path / "out", *more)) == 2
    error = capsys.readouterr().err
    assert named in error and error.count("\n") == 1


def test_recipes_fit_the_configuration():
    for name in RECIPES:
        values = settings(**recipe(name))
        assert values.augment in AUGMENTATIONS
    hao = settings(**recipe("hao"))
    assert hao.lr * hao.end_lr == pytest.approx(1e-6) and 0.1 * hao.lr == pytest.approx(1e-5)
    with pytest.raises(BadInputError, match="laina"):
        recipe("resnet")


def started(words, **options):
    return subprocess.Popen([sys.executable, str(PROGRAM), *words], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                            text=True, **options)


def wait_for(path, process, seconds=60):
    end = time.monotonic() + seconds
    while not path.exists():
        assert process.poll() is None and time.monotonic() < end, process.stderr.read()
        time.sleep(0.01)


def test_a_real_kill_and_a_real_ctrl_c(images, tmp_path):
    """20000 steps would take minutes: killed at the first checkpoint, resumed, then stopped by Ctrl-C."""
    words = arguments(images, tmp_path / "out", "--steps", "20000", "--checkpoint-every", "20",
                      "--validate-every", "30000")
    process = started(words)
    wait_for(tmp_path / "out" / "checkpoint.pt", process)
    process.send_signal(signal.SIGKILL)
    process.wait()
    checkpoint = tmp_path / "out" / "checkpoint.pt"
    killed_at = torch.load(checkpoint, weights_only=True)["step"]
    before = checkpoint.stat().st_mtime_ns
    process = started([*words, "--resume"])
    while checkpoint.stat().st_mtime_ns == before:
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    error = process.communicate()[1]
    assert (process.returncode, error) == (130, "depth: interrupted\n")
    stopped_at = torch.load(checkpoint, weights_only=True)["step"]
    assert stopped_at > killed_at and killed_at % 20 == 0
    assert f"{stopped_at} of 20000" in (tmp_path / "out" / "tiny.md").read_text()


def test_two_processes_learn_what_one_learns(images, tmp_path):
    """Batches of 4 in one process, and of 2 in each of two, with the variables that torchrun sets; no batch
    normalisation and no dropout."""
    words = ["--network", "tiny_plain", "--loss", "l1", "--batch", "4", "--validate-every", "2"]
    common = {**os.environ, "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port())}
    both = [started(arguments(images, tmp_path / "two", *words), env={**common, "RANK": rank, "LOCAL_RANK": rank})
            for rank in ("0", "1")]
    for process in both:
        error = process.communicate(timeout=120)[1]
        assert process.returncode == 0, error[-2000:]
        assert "still connected: []" in error
    assert main(arguments(images, tmp_path / "one", *words)) == 0
    one, two = (weights(tmp_path / folder, "tiny_plain-last") for folder in ("one", "two"))
    for name in one:
        assert torch.allclose(one[name], two[name], atol=1e-5), name


def free_port():
    import socket
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
