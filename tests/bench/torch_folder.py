"""PyTorch's contestant that reads a folder of JPEG files: torch_folder.py epoch FOLDER
MODEL.safetensors SETTING, where SETTING is "contiguous" or "channels_last". "go" trains for one
epoch; two workers decode, resize and move the images with Pillow."""

import math
import pathlib
import random
import sys

from with_torch import build, nn, torch

import numpy as np
from PIL import Image

import networks
import protocol

SIDE = networks.SIDE


def moved(image):
    """Turned, zoomed along each axis and shifted, like Keras's ImageDataGenerator; bilinear."""
    angle = math.radians(random.uniform(-6, 6))
    across, down = random.uniform(0.9, 1.1), random.uniform(0.9, 1.1)
    shift = [random.uniform(-0.05, 0.05) * SIDE + SIDE / 2 for _ in range(2)]
    a, b = math.cos(angle) * across, -math.sin(angle) * down
    d, e = math.sin(angle) * across, math.cos(angle) * down
    middle = SIDE / 2
    return image.transform(
        (SIDE, SIDE), Image.Transform.AFFINE,
        (a, b, middle - a * shift[0] - b * shift[1], d, e, middle - d * shift[0] - e * shift[1]),
        Image.Resampling.BILINEAR)


class Folder(torch.utils.data.Dataset):
    def __init__(self, folder):
        self.files = sorted(pathlib.Path(folder).glob("train/*/*.jp*g"))

    def __len__(self):
        return len(self.files)

    def __getitem__(self, index):
        path = self.files[index]
        with Image.open(path) as file:
            image = file.convert("RGB").resize((SIDE, SIDE), Image.Resampling.NEAREST)
        pixels = torch.from_numpy(np.array(moved(image)))
        label = float(path.parent.name == "PNEUMONIA")
        return pixels.permute(2, 0, 1).float().div_(255), torch.tensor([label])


class Epoch:
    def __init__(self, folder, model, setting):
        model = pathlib.Path(model)
        self.network, _ = build(networks.NETWORKS[model.stem], networks.read(model))
        self.format = getattr(torch, {"contiguous": "contiguous_format"}.get(setting, setting))
        self.network.train().to(memory_format=self.format)
        self.optimizer = torch.optim.Adam(self.network.parameters(), fused=True)
        self.loss = nn.BCEWithLogitsLoss()
        self.loader = torch.utils.data.DataLoader(
            Folder(folder), batch_size=16, shuffle=True, num_workers=2, persistent_workers=True)

    def go(self):
        for x, y in self.loader:
            self.optimizer.zero_grad()
            self.loss(self.network(x.contiguous(memory_format=self.format)), y).backward()
            self.optimizer.step()


if __name__ == "__main__":
    protocol.serve(lambda: Epoch(*sys.argv[2:]), lambda w: [])
