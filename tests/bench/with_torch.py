"""PyTorch's contestant: with_torch.py WORK MODEL.safetensors INPUTS.safetensors BATCH SETTING, where
SETTING is words such as "channels_last compile"; contest.py says what it is told."""

import os
import sys

os.environ["TORCHINDUCTOR_FREEZING"] = "1"  # inference compiles with weights laid out beforehand

import torch
from torch import nn

import networks
import protocol

torch.set_num_threads(protocol.THREADS)
torch.set_num_interop_threads(1)


def convolution(layer, shape, kernel, bias):
    filters, size, padding, _ = layer[1:]
    if size == shape[0] and padding == "valid":
        # The faster of two ways to say the same.
        return linear(kernel.reshape(-1, filters), bias, shape), True
    made = nn.Conv2d(shape[2], filters, size, padding=size // 2 if padding == "same" else 0)
    made.weight.data = kernel.permute(3, 2, 0, 1).contiguous()
    made.bias.data = bias
    return made, False


def linear(kernel, bias, shape):
    """shape: (height, width, channels) of what was flattened, which here has channels first."""
    made = nn.Linear(*kernel.shape)
    if len(shape) == 3:
        kernel = kernel.reshape(*shape, -1).permute(2, 0, 1, 3).reshape(kernel.shape)
    made.weight.data, made.bias.data = kernel.T.contiguous(), bias
    return made


def batch_norm(weights):
    made = nn.BatchNorm2d(len(weights["gamma"]), momentum=1 - networks.MOMENTUM,
                          eps=networks.EPSILON)
    made.weight.data, made.bias.data = weights["gamma"], weights["beta"]
    made.running_mean, made.running_var = weights["moving_mean"], weights["moving_variance"]
    return made


def build(layers, arrays):
    """The modules, and the number of them up to the last convolution's activation. The last
    sigmoid is left out: the loss and Grad-CAM work on logits."""
    modules, shape, flat, last = [], (networks.SIDE, networks.SIDE, 3), False, 0
    for number, layer in enumerate(layers):
        kind = layer[0]
        own = {name.split("/")[1]: torch.from_numpy(array.copy())
               for name, array in arrays.items() if name.split("/")[0] == str(number)}
        if kind == "conv":
            made, dense = convolution(layer, shape, **own)
            if dense and not flat:
                modules.append(nn.Flatten())
                flat = True
            modules.append(made)
            side = shape[0] - (layer[2] - 1 if layer[3] == "valid" else 0)
            shape = (side, side, layer[1])
        elif kind == "dense":
            modules.append(linear(own["kernel"], own["bias"], shape))
            shape = (layer[1],)
        elif kind == "bn":
            modules.append(batch_norm(own))
        elif kind == "pool":
            modules.append(nn.MaxPool2d(2))
            shape = (shape[0] // 2, shape[1] // 2, shape[2])
        elif kind == "dropout":
            modules.append(nn.Dropout(layer[1]))
        elif kind == "flatten" and not flat:
            modules.append(nn.Flatten())
            flat = True
        if layer[-1] == "relu":
            modules.append(nn.ReLU(inplace=True))
        if kind == "conv" and not flat:
            last = len(modules)
    return nn.Sequential(*modules), last


class Work:
    def __init__(self, model, inputs, batch, setting):
        self.network, self.last = build(networks.NETWORKS[model.stem], networks.read(model))
        self.sigmoid = networks.NETWORKS[model.stem][-1][-1] == "sigmoid"
        read = networks.read(inputs)
        self.x = torch.from_numpy(read["x"][:batch].copy()).permute(0, 3, 1, 2).contiguous()
        self.y = torch.from_numpy(read["y"][:batch].copy())
        if "channels_last" in setting:
            self.network = self.network.to(memory_format=torch.channels_last)
            self.x = self.x.contiguous(memory_format=torch.channels_last)
        self.compile = torch.compile if "compile" in setting else lambda function: function
        self.fused = "foreach" not in setting
        self.prepare()


class Forward(Work):
    def prepare(self):
        self.network.eval().requires_grad_(False)
        self.compiled = self.compile(self.network)

    @torch.inference_mode()
    def go(self):
        self.out = self.compiled(self.x)

    def result(self):
        self.go()
        out = torch.sigmoid(self.out) if self.sigmoid else self.out
        return out.permute(0, 2, 3, 1) if out.dim() == 4 else out


class Gradcam(Work):
    """Nothing is differentiated that the map does not need."""

    def prepare(self):
        self.network.eval().requires_grad_(False)
        # In place, the first module behind would change what the gradient is taken by.
        self.front = self.compile(self.network[:self.last])
        self.rest = self.compile(self.network[self.last:])

    def go(self):
        with torch.no_grad():
            a = self.front(self.x)
        a = a.requires_grad_()
        g, = torch.autograd.grad(self.rest(a).sum(), a)
        with torch.no_grad():
            heat = (g.mean((2, 3), keepdim=True) * a).sum(1).relu()
            self.map = heat / heat.amax()

    def result(self):
        self.go()
        return self.map


class Step(Work):
    def prepare(self):
        self.network.train()
        how = {"fused": True} if self.fused else {"foreach": True}
        self.optimizer = torch.optim.Adam(self.network.parameters(), eps=1e-7, **how)
        criterion = nn.BCEWithLogitsLoss()
        self.loss = self.compile(lambda x, y: criterion(self.network(x), y))

    def go(self):
        self.optimizer.zero_grad()
        loss = self.loss(self.x, self.y)
        loss.backward()
        self.optimizer.step()
        return loss

    def result(self):
        return torch.stack([self.go().detach() for _ in range(protocol.CHECKED_STEPS)])


if __name__ == "__main__":
    work = {"step": Step, "forward": Forward, "gradcam": Gradcam}[sys.argv[1]]
    protocol.serve(lambda: work(*protocol.arguments()), lambda w: w.result().detach().numpy())
