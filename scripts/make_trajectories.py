#!/usr/bin/env python3
"""Makes tests/optimize/trajectories.hpp: what PyTorch's optimizers (Debian: python3-torch) make of a quadratic with a
coupling, in double precision. The tests do not need PyTorch then.

usage: scripts/make_trajectories.py > tests/optimize/trajectories.hpp

J(x) = x₀² + 3·x₁²/2 + 2·x₂² + x₀·x₁ - x₁·x₂ - x₀ + x₂/4 from (1, -2, 0.5), ε = 0.05. LAMB, which PyTorch has not, is
computed from its paper.
"""

import torch

START = [1.0, -2.0, 0.5]
RATE = 0.05
STEPS = 40


def objective(x):
    return x[0] ** 2 + 1.5 * x[1] ** 2 + 2 * x[2] ** 2 + x[0] * x[1] - x[1] * x[2] - x[0] + x[2] / 4


def lamb(x, decay, beta1=0.9, beta2=0.999, epsilon=1e-8):
    """Of one slice."""
    mean, squares = torch.zeros(3, dtype=torch.double), torch.zeros(3, dtype=torch.double)
    for step in range(1, STEPS + 1):
        gradient, = torch.autograd.grad(objective(x), x)
        with torch.no_grad():
            mean = beta1 * mean + (1 - beta1) * gradient
            squares = beta2 * squares + (1 - beta2) * gradient ** 2
            direction = mean / (1 - beta1 ** step) / ((squares / (1 - beta2 ** step)).sqrt() + epsilon) + decay * x
            x -= RATE * x.norm() / direction.norm() * direction
    return x


RULES = {
    "gradient_descent": lambda x: torch.optim.SGD([x], lr=RATE),
    "momentum": lambda x: torch.optim.SGD([x], lr=RATE, momentum=0.8),
    "nesterov": lambda x: torch.optim.SGD([x], lr=RATE, momentum=0.8, nesterov=True),
    "adagrad": lambda x: torch.optim.Adagrad([x], lr=RATE, eps=1e-8),
    "rmsprop": lambda x: torch.optim.RMSprop([x], lr=RATE, alpha=0.999, eps=1e-8),
    "adam": lambda x: torch.optim.Adam([x], lr=RATE),
    "adamw": lambda x: torch.optim.AdamW([x], lr=RATE, weight_decay=0.3),
}


def end_of(rule):
    x = torch.tensor(START, dtype=torch.double, requires_grad=True)
    if rule == "lamb":
        return lamb(x, 0.3)
    optimizer = RULES[rule](x)
    for _ in range(STEPS):
        optimizer.zero_grad()
        objective(x).backward()
        optimizer.step()
    return x


def main():
    print("#pragma once")
    print("/// Made by scripts/make_trajectories.py: where each rule is after", STEPS, "steps.\n")
    print("#include <array>\n\nnamespace cauchy::optimize {\n")
    print("struct Trajectory {\n  const char* method;\n  std::array<double, 3> end;\n};\n")
    print(f"inline constexpr std::array<Trajectory, {len(RULES) + 1}> trajectories{{{{")
    for rule in (*RULES, "lamb"):
        print(f'    {{"{rule}", {{{", ".join(repr(value) for value in end_of(rule).tolist())}}}}},')
    print("}};\n\n}  // namespace cauchy::optimize")


if __name__ == "__main__":
    main()
