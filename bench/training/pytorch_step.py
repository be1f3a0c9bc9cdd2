#!/usr/bin/python3
# SPDX-License-Identifier: BSL-1.0
"""Training steps of PyTorch on the CPU, to set beside `build/release/bench/inference
--benchmark_filter=train`: forward and backward in float, without optimiser, of the same networks
(include/upset/nn/model) on batches of the same size. Prints pictures per second, the median of
repeated steps."""
import argparse
import statistics
import time

import torch
from torch import nn
from torch.nn import functional as F


def lenet5():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(400, 120), nn.ReLU(),
        nn.Linear(120, 84), nn.ReLU(),
        nn.Linear(84, 10))


class Block(nn.Module):
    """Two 3x3 convolutions with a shortcut that, where the picture halves, takes every second pixel
    and pads its channels with zeros (option A)."""

    def __init__(self, channels_in, channels, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels, 3, stride, 1)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1)
        self.bn2 = nn.BatchNorm2d(channels)
        self.stride = stride
        self.pad = (channels - channels_in) // 2

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)), inplace=True)))
        if self.stride > 1:
            x = F.pad(x[:, :, ::self.stride, ::self.stride], (0, 0, 0, 0, self.pad, self.pad))
        return F.relu(y + x, inplace=True)


def resnet20():
    layers = [nn.Conv2d(3, 16, 3, 1, 1), nn.BatchNorm2d(16), nn.ReLU(inplace=True)]
    channels_in = 16
    for channels in 16, 32, 64:
        for _ in range(3):
            layers.append(Block(channels_in, channels, channels // channels_in))
            channels_in = channels
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


def pictures_per_second(network, x, seconds):
    d_logits = torch.ones(len(x), 10)  # as a loss would hand over
    # one thread is measured as ours is: by what it takes of the processor
    clock = time.process_time if torch.get_num_threads() == 1 else time.perf_counter
    times = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 10:
        start = clock()
        network.zero_grad(set_to_none=True)
        network(x).backward(d_logits)
        times.append(clock() - start)
    return len(x) / statistics.median(times[2:])  # the first steps choose and compile kernels


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=5, help="per network and memory format")
    parser.add_argument("--networks", nargs="+", default=["lenet5", "resnet20"])
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    print(f"torch {torch.__version__}, {options.threads} threads, "
          f"oneDNN {torch.backends.mkldnn.is_available()}, MKL {torch.backends.mkl.is_available()}")
    for line in torch.__config__.show().splitlines():
        if "MKL-DNN" in line or "CPU capability" in line:
            print(line)
    networks = {"lenet5": (lenet5, (1, 28, 28)), "resnet20": (resnet20, (3, 32, 32))}
    for name in options.networks:
        make, shape = networks[name]
        for memory_format in torch.contiguous_format, torch.channels_last:
            network = make().train().to(memory_format=memory_format)
            x = torch.rand(options.batch, *shape).to(memory_format=memory_format)
            rate = pictures_per_second(network, x, options.seconds)
            print(f"{name} {str(memory_format).removeprefix('torch.')}: {rate:.1f} pictures/s",
                  flush=True)


if __name__ == "__main__":
    main()
