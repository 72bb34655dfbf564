#!/usr/bin/env python3
"""The network of the benchmark in PyTorch: DistributedDataParallel over gloo, a process a core, plain SGD.

One process of RANK of WORLD_SIZE, which meet at MASTER_ADDR:MASTER_PORT; measure.py starts them. Rank 0 prints the
samples a second after the warm-up."""

import argparse
import os
import time

import torch


def network(widths):
    layers = []
    for inputs, outputs in zip(widths[:-1], widths[1:]):
        layers += [torch.nn.Linear(inputs, outputs), torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--layers", required=True, help="widths with inputs and classes, separated by commas")
    parser.add_argument("--batch", type=int, required=True, help="samples of a step over all processes")
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--warm-up", type=int, required=True)
    parser.add_argument("--bf16", action="store_true", help="products in bf16, by autocast")
    options = parser.parse_args()

    torch.set_num_threads(1)
    torch.manual_seed(1)
    torch.distributed.init_process_group("gloo")
    ranks = torch.distributed.get_world_size()
    widths = [int(width) for width in options.layers.split(",")]
    model = torch.nn.parallel.DistributedDataParallel(network(widths))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    loss = torch.nn.CrossEntropyLoss()
    samples = options.batch // ranks
    batches = [(torch.randn(samples, widths[0]), torch.randint(0, widths[-1], (samples,))) for _ in range(8)]
    seconds = 0.0
    for step in range(options.warm_up + options.steps):
        if step == options.warm_up:
            torch.distributed.barrier()
            seconds = -time.perf_counter()
        features, targets = batches[step % len(batches)]
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=options.bf16):
            value = loss(model(features), targets)
        value.backward()
        optimizer.step()
    torch.distributed.barrier()
    seconds += time.perf_counter()
    if int(os.environ["RANK"]) == 0:
        print(samples * ranks * options.steps / seconds)


if __name__ == "__main__":
    main()
