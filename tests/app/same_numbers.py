"""Whether `pneuma app` says of images what notebook 3 says: the same probabilities and maps.

usage: python3 tests/app/same_numbers.py FOLDER [--model FILE] [--program build/pneuma]

FOLDER holds images in any folders below it; up to 50 are taken. A notebook computes with notebook 3's
own calls (m:prepare, m:predict, m:gradcam) for each method and both scores; the app is asked over
HTTP. Ends with 1 when a probability or a number of a map differs by more than 1e-5. Standard library
only.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request

from load import ROOT, App

MOST = 1e-5
METHODS = ("gradcam", "gradcam++", "hirescam", "layercam", "xgradcam")
NOTEBOOK = r"""```lua
--| tags: parameters
local list, file, said = "", "", ""
```

```lua
local m = file ~= "" and nn.load_model{file} or nn.pretrained{"small_pneumonia"}
local out = assert(io.open(said, "w"))
for path in io.lines(list) do
  local x = m:prepare{path}[1]
  out:write(("p %.9g\n"):format(m:predict{m:prepare{path}}[1][1]))
  for _, from in ipairs{"logit", "probability"} do
    for _, method in ipairs{METHODS} do
      local map = m:gradcam{x, method = method, from = from}:reshape{-1}
      local numbers = {}
      for i = 1, map.shape[1] do numbers[i] = ("%.9g"):format(map[i]) end
      out:write("m ", table.concat(numbers, " "), "\n")
    end
  end
end
out:close()
```
"""


def notebook_says(options, paths):
    """For each image: its probability, and the maps."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        names = ", ".join(f'"{method}"' for method in METHODS)
        (folder / "numbers.md").write_text(NOTEBOOK.replace("METHODS", names))
        (folder / "list").write_text("\n".join(map(str, paths)))
        command = [options.program, "run", folder / "numbers.md", "-o", folder / "out",
                   "-p", f"list={folder / 'list'}", "-p", f"said={folder / 'said'}"]
        if options.model:
            command += ["-p", f"file={options.model.resolve()}"]
        done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env=dict(os.environ, PNEUMA_CACHE=str(folder / "cache")))
        if done.returncode:
            raise SystemExit(f"the notebook failed:\n{done.stdout}")
        lines = (folder / "said").read_text().splitlines()
    said = []
    for line in lines:
        kind, *numbers = line.split()
        if kind == "p":
            said.append((float(numbers[0]), []))
        else:
            said[-1][1].append([float(number) for number in numbers])
    return said


def app_says(url, path):
    probability, maps = None, []
    for score in ("logit", "probability"):
        for method in METHODS:
            query = urllib.parse.urlencode({"heatmap": "array", "from": score, "method": method})
            request = urllib.request.Request(f"{url}api/v1/predict?{query}", path.read_bytes(),
                                             {"Content-Type": "application/octet-stream"})
            answer = json.load(urllib.request.urlopen(request))
            probability = answer["probability"]
            maps.append([number for row in answer["heatmap"]["values"] for number in row])
    return probability, maps


def furthest(ours, theirs):
    """The largest differences of the probabilities and of the maps' numbers."""
    if [len(one) for one in ours[1]] != [len(one) for one in theirs[1]]:
        raise SystemExit("the maps have other sizes")
    return abs(ours[0] - theirs[0]), max(abs(a - b) for one, other in zip(ours[1], theirs[1])
                                         for a, b in zip(one, other))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--model", type=pathlib.Path)
    parser.add_argument("--program", default=ROOT / "build" / "pneuma")
    options = parser.parse_args()
    options.url = None
    paths = sorted(path.resolve() for path in options.folder.rglob("*")
                   if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
    paths = paths[::max(1, len(paths) // 50)][:50]
    if not paths:
        raise SystemExit(f"there is no image in {options.folder}")
    said = notebook_says(options, paths)
    app = App(options)
    try:
        apart = [furthest(one, app_says(app.url, path)) for one, path in zip(said, paths, strict=True)]
    finally:
        app.stop()
    worst = [max(column) for column in zip(*apart)]
    print(f"{len(paths)} images: probabilities apart by {worst[0]:.2g} at most, "
          f"{2 * len(METHODS)} maps each by {worst[1]:.2g}")
    sys.exit(max(worst) > MOST)


if __name__ == "__main__":
    main()
