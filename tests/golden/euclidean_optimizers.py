"""Trajectories of PyTorch's own optimisers, to hold the Riemannian ones against.

Usage: python euclidean_optimizers.py > euclidean_optimizers.json
Wants torch 2.11; uses the plain single-tensor path on one CPU thread.
"""

import json
import random

import torch

torch.set_num_threads(1)
SHAPE = (3, 4)
STEPS = 25
KEPT = (1, 2, 7, STEPS)

ADAM = dict(lr=0.05, betas=(0.9, 0.999), eps=1e-8)
CASES = {
    "adam": (torch.optim.Adam, ADAM),
    "adam_weight_decay": (torch.optim.Adam, dict(ADAM, weight_decay=0.1)),
    "adam_large_eps": (torch.optim.Adam, dict(lr=0.2, betas=(0.5, 0.75), eps=0.1)),
    "amsgrad": (torch.optim.Adam, dict(ADAM, betas=(0.9, 0.6), amsgrad=True)),
    "sgd": (torch.optim.SGD, dict(lr=0.1)),
    "sgd_momentum": (
        torch.optim.SGD,
        dict(lr=0.1, momentum=0.9, dampening=0.25, weight_decay=0.05),
    ),
    "sgd_nesterov": (torch.optim.SGD, dict(lr=0.1, momentum=0.8, nesterov=True)),
    "adagrad": (torch.optim.Adagrad, dict(lr=0.3)),
    "adagrad_decay": (
        torch.optim.Adagrad,
        dict(lr=0.3, lr_decay=0.1, initial_accumulator_value=0.5, weight_decay=0.02),
    ),
}


def table(generator):
    return [[generator.uniform(-2, 2) for _ in range(SHAPE[1])] for _ in range(SHAPE[0])]


def trajectory(optimizer, settings, dtype, start, gradients):
    point = torch.tensor(start, dtype=dtype, requires_grad=True)
    optimizer = optimizer([point], foreach=False, **settings)
    kept = {}
    for count, gradient in enumerate(gradients, 1):
        # Values large and small, so that the largest second moment is not the last one.
        point.grad = torch.tensor(gradient, dtype=dtype) * (3.0 if count % 5 == 0 else 1.0)
        optimizer.step()
        if count in KEPT:
            kept[str(count)] = point.detach().double().flatten().tolist()
    return kept


def schedules():
    def factors(make, count=13):
        optimizer = torch.optim.SGD([torch.zeros(1)], lr=1.0)
        schedule = make(optimizer)
        found = []
        for _ in range(count):
            found.append(schedule.get_last_lr()[0])
            optimizer.step()
            schedule.step()
        return found

    rates = torch.optim.lr_scheduler
    return {
        "step": factors(lambda o: rates.StepLR(o, 4, 0.5)),
        "exponential": factors(lambda o: rates.ExponentialLR(o, 0.9)),
        "cosine": factors(lambda o: rates.CosineAnnealingLR(o, 12, eta_min=0.1)),
        "linear": factors(lambda o: rates.LinearLR(o, 1.0, 0.2, total_iters=8)),
    }


def main():
    generator = random.Random(20240607)
    start = table(generator)
    gradients = [table(generator) for _ in range(STEPS)]
    cases = {}
    for name, (optimizer, settings) in CASES.items():
        cases[name] = {
            kind: trajectory(optimizer, settings, dtype, start, gradients)
            for kind, dtype in (("f64", torch.float64), ("f32", torch.float32))
        }
    document = {
        "torch": torch.__version__.split("+")[0],
        "start": start,
        "gradients": gradients,
        "cases": cases,
        "schedules": schedules(),
    }
    print(json.dumps(document))


main()
