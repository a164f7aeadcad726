"""What is measured: for each word of --only, a function that gives rows of the table."""

import importlib.util
import os
import pathlib
import sys

import contest
import folders
import networks
from contest import Contestant

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = pathlib.Path(os.environ.get("PNEUMA_BUILD", ROOT / "build"))

TORCH = ("contiguous", "channels_last", "contiguous compile", "channels_last compile")
KERAS = ("", "xla")
STEP = {"torch": (*TORCH, "channels_last foreach"), "keras": (*KERAS, "function", "function xla")}


class Bench:
    """What all works need: the options, a folder for files, a way to say what happens."""

    def __init__(self, options, folder, say):
        self.rounds, self.folder, self.say = options.rounds, pathlib.Path(folder), say
        self.data, self.settings = options.data, options.settings
        self.peers = {name for name, module in
                      (("torch", "torch"), ("keras", "tensorflow"), ("opencv", "cv2"),
                       ("nbconvert", "nbconvert")) if importlib.util.find_spec(module)}

    def network(self, name):
        path = self.folder / f"{name}.safetensors"
        if not path.exists():
            layers = networks.NETWORKS[name]
            networks.write(path, networks.make_weights(layers), layers)
        return path

    def inputs(self):
        path = self.folder / "inputs.safetensors"
        if not path.exists():
            networks.write(path, networks.make_inputs(16))
        return path

    def rivals(self, settings, script, arguments):
        """A contestant for each setting of each rival that is there."""
        titles = {"torch": "PyTorch", "keras": "Keras"}
        return [Contestant(" ".join([titles[peer], *setting.split()]),
                           [sys.executable, HERE / script[peer], *arguments, *setting.split()])
                for peer, of_peer in settings.items() if peer in self.peers
                for setting in of_peer if self.settings in f"{peer} {setting}"]


def row(key, title, target, contestants, **more):
    ours, *rivals = (one.figures() for one in contestants)
    return dict(key=key, title=title, target=target, ours=ours, rivals=rivals, **more)


# ---- the same numbers in, the same numbers out ----

SCRIPTS = {"torch": "with_torch.py", "keras": "with_keras.py"}
BOTH = {"torch": TORCH, "keras": KERAS}


def contestants(bench, kind, model, batch, settings):
    arguments = [kind, bench.network(model), bench.inputs(), batch]
    ours = Contestant("Pneuma", [BUILD / "bin/bench_contestant", *arguments])
    return [ours, *bench.rivals(settings, SCRIPTS, arguments)]


def compute(bench, key, title, target, kind, model, batch, settings=BOTH):
    """One row: all show first that they compute the same, then they are timed."""
    bench.say(title)
    playing = contestants(bench, kind, model, batch, settings)
    if kind == "step":
        # Dropout is random: without it the losses can be compared; in processes of their own, so
        # that the others' peak memory is that of the training alone.
        checked = contestants(bench, kind, "scratch_still", batch, settings)
        contest.agree(checked, bench.say)
        for one in checked:
            one.stop()
        names = {one.name for one in checked}
        playing = [one for one in playing if one.name in names]
        for one in playing:
            one.start()
    else:
        contest.agree(playing, bench.say)
    contest.interleave(playing, bench.rounds, bench.say)
    for one in playing:
        one.stop()
    return row(key, title, target, playing)


def memory_row(step):
    """Peak memory of the processes that did the training steps, in KiB."""
    def figures(of):
        return dict(name=of["name"], rounds=1, min=of["peak_kib"], median=of["peak_kib"],
                    before_kib=of["before_kib"])
    return dict(key="memory", title="scratch CNN, training: peak memory", unit="MiB",
                target=2, ours=figures(step["ours"]), rivals=[figures(r) for r in step["rivals"]])


def step(bench):
    made = compute(bench, "step", "scratch CNN, training step, batch 16", 5, "step", "scratch", 16,
                   STEP)
    return [made, memory_row(made)]


def memory(bench):
    return step(bench)[1:]


def forward(bench):
    return [compute(bench, f"forward-{batch}", f"scratch CNN, forward, batch {batch}", target,
                    "forward", "scratch", batch) for batch, target in ((16, 5), (1, 3))]


def vgg(bench):
    return [compute(bench, f"vgg-{batch}", f"VGG-16's 13 convolutions, batch {batch}", 3,
                    "forward", "vgg", batch) for batch in (8, 1)]


def descriptor(bench):
    return [compute(bench, "descriptor", "VGG-Face descriptor, batch 1", 3, "forward", "vgg_face",
                    1)]


def gradcam(bench):
    return [compute(bench, f"gradcam-{model}", f"Grad-CAM of one image, {name}", 3, "gradcam",
                    model, 1) for model, name in (("transfer", "VGG-Face"),
                                                  ("scratch", "scratch CNN"))]


# ---- folders of images: ours is a whole run of the program ----

FOLDER_SCRIPTS = {"torch": "torch_folder.py", "keras": "keras_folder.py"}


def compete(bench, ours, rivals):
    """As compute(), of what is random and cannot be compared number by number."""
    playing = [ours]
    for one in rivals:
        try:
            one.start()
            playing.append(one)
        except contest.Failed as problem:
            bench.say(f"  left out: {problem}")
    contest.interleave(playing, bench.rounds, bench.say, warm_up=1)
    for one in playing:
        one.stop()
    return playing


def epoch(bench):
    title = f"scratch CNN, an epoch over {folders.EPOCH} JPEG files"
    bench.say(title)
    data = folders.phantoms(bench.folder, BUILD, folders.EPOCH)
    ours = folders.Notebook("Pneuma", BUILD, bench.folder, "epoch.md", {"data_dir": data})
    settings = {"torch": ("contiguous", "channels_last"), "keras": ("", "workers", "xla")}
    rivals = bench.rivals(settings, FOLDER_SCRIPTS, ["epoch", data, bench.network("scratch")])
    return [row("epoch", title, 4, compete(bench, ours, rivals))]


def transfer(bench):
    """Keras trains on a part of the images for one epoch, for it runs VGG-Face in each step of each
    epoch alike; its figures are multiplied."""
    scale = folders.EPOCHS * folders.TRANSFER / folders.SLICE
    title = f"transfer learning, {folders.EPOCHS} epochs, {folders.TRANSFER} images"
    bench.say(title)
    data = folders.phantoms(bench.folder, BUILD, folders.TRANSFER)
    ours = folders.Notebook("Pneuma", BUILD, bench.folder, "transfer.md",
                            {"data_dir": data, "vgg": bench.network("vgg_face"),
                             "epochs": folders.EPOCHS})
    part = folders.part(bench.folder, data, folders.SLICE)
    rivals = bench.rivals({"keras": KERAS}, FOLDER_SCRIPTS,
                          ["transfer", part, bench.network("transfer")])
    playing = compete(bench, ours, rivals)
    for one in playing[1:]:
        one.seconds = [scale * seconds for seconds in one.seconds]
    note = f"Keras: one epoch over {folders.SLICE} of the images, times {scale:g}"
    return [row("transfer", title, 15, playing, note=note)]


# ---- what has benchmarks of its own ----

def timed(name, seconds):
    one = Contestant(name, [])
    one.seconds = list(seconds)
    return one


def canny(bench):
    if "opencv" not in bench.peers:
        bench.say("canny: left out, there is no cv2 in this environment")
        return []
    if not pathlib.Path(bench.data).is_dir():
        bench.say(f"canny: left out, there is no folder {bench.data} (--data)")
        return []
    import canny as duels
    rows = []
    bench.say(f"canny: {bench.data}")
    for name, images, ms in duels.canny_duels(bench.data, bench.rounds, contest.THREADS):
        playing = [timed("Pneuma", ms[:, 0] / 1000), timed("OpenCV", ms[:, 1] / 1000)]
        rows.append(row(f"canny-{name.split()[0]}",
                        f"Canny, {images} X-rays, {name}, each", 1.5, playing))
    return rows


def startup(bench):
    if "nbconvert" not in bench.peers:
        bench.say("startup: left out, there is no nbconvert in this environment")
        return []
    import notebook
    times = notebook.start_up(bench.folder, bench.rounds)
    playing = [timed("Pneuma", times["pneuma"]), timed("nbconvert", times["nbconvert"])]
    return [row("startup", "a notebook of one cell, start to end", 30, playing)]


WORKS = {"step": step, "forward": forward, "vgg": vgg, "descriptor": descriptor,
         "gradcam": gradcam, "transfer": transfer, "epoch": epoch, "memory": memory,
         "canny": canny, "startup": startup}
