"""optimizers.safetensors: ten steps of Keras's optimizers, and schedules. See goldens_nn.py."""

import keras
import numpy as np
import tensorflow as tf

from golden_file import Golden

STEPS = 10
SHAPES = {"a": (3, 4), "b": (5,)}

OPTIMIZERS = [
    ("sgd", "SGD", dict(learning_rate=0.1)),
    ("sgd_momentum", "SGD", dict(learning_rate=0.1, momentum=0.9)),
    ("sgd_nesterov", "SGD", dict(learning_rate=0.1, momentum=0.9, nesterov=True)),
    ("sgd_clipnorm", "SGD", dict(learning_rate=0.1, clipnorm=0.5)),
    ("sgd_clipvalue", "SGD", dict(learning_rate=0.1, clipvalue=0.3)),
    ("sgd_global_clipnorm", "SGD", dict(learning_rate=0.1, global_clipnorm=0.5)),
    ("sgd_decay", "SGD", dict(learning_rate=0.1, weight_decay=0.05)),
    ("adam", "Adam", dict()),
    ("adam_fast", "Adam", dict(learning_rate=0.05, beta_1=0.8, beta_2=0.95, epsilon=1e-3)),
    ("adam_amsgrad", "Adam", dict(learning_rate=0.05, amsgrad=True)),
    ("adam_clipnorm", "Adam", dict(learning_rate=0.05, clipnorm=0.5)),
    ("adamw", "AdamW", dict()),
    ("adamw_strong", "AdamW", dict(learning_rate=0.05, weight_decay=0.1)),
    ("adamw_amsgrad", "AdamW", dict(learning_rate=0.05, amsgrad=True)),
    ("rmsprop", "RMSprop", dict()),
    ("rmsprop_momentum", "RMSprop", dict(learning_rate=0.01, momentum=0.9)),
    ("rmsprop_centered", "RMSprop", dict(learning_rate=0.01, rho=0.8, centered=True)),
    ("rmsprop_centered_momentum", "RMSprop", dict(learning_rate=0.01, momentum=0.5, centered=True)),
]

SCHEDULES = [
    ("exponential", "ExponentialDecay", dict(initial_learning_rate=0.1, decay_steps=4, decay_rate=0.5)),
    ("exponential_stairs", "ExponentialDecay",
     dict(initial_learning_rate=0.1, decay_steps=4, decay_rate=0.5, staircase=True)),
    ("inverse_time", "InverseTimeDecay", dict(initial_learning_rate=0.1, decay_steps=4, decay_rate=0.5)),
    ("polynomial", "PolynomialDecay",
     dict(initial_learning_rate=0.1, decay_steps=15, end_learning_rate=0.01, power=2.0)),
    ("polynomial_cycle", "PolynomialDecay",
     dict(initial_learning_rate=0.1, decay_steps=7, end_learning_rate=0.01, cycle=True)),
    ("cosine", "CosineDecay", dict(initial_learning_rate=0.1, decay_steps=15, alpha=0.1)),
    ("cosine_warmup", "CosineDecay",
     dict(initial_learning_rate=0.01, decay_steps=10, warmup_target=0.1, warmup_steps=5)),
    ("piecewise", "PiecewiseConstantDecay", dict(boundaries=[3, 10], values=[0.1, 0.05, 0.01])),
]


def add_optimizer(golden, name, kind, options):
    rng = np.random.default_rng(list(name.encode()))
    optimizer = getattr(keras.optimizers, kind)(**options)
    start = {k: rng.normal(0, 1, s).astype(np.float32) for k, s in SHAPES.items()}
    gradients = {k: rng.normal(0, 1, (STEPS, *s)).astype(np.float32) for k, s in SHAPES.items()}
    gradients["b"][3] = 0  # and one step without any
    variables = {k: keras.Variable(v) if hasattr(keras, "Variable") else tf.Variable(v, name=k)
                 for k, v in start.items()}
    after = {k: [] for k in SHAPES}
    for step in range(STEPS):
        optimizer.apply_gradients([(tf.constant(gradients[k][step]), variables[k]) for k in SHAPES])
        for k in SHAPES:
            after[k].append(np.array(variables[k]))
    golden.case(name, class_name=kind, config=options, steps=STEPS)
    for k in SHAPES:
        golden.add(f"{name}/start/{k}", start[k])
        golden.add(f"{name}/gradient/{k}", gradients[k])
        golden.add(f"{name}/after/{k}", np.stack(after[k]))


def add_schedule(golden, name, kind, options):
    schedule = getattr(keras.optimizers.schedules, kind)(**options)
    golden.case(name, class_name=kind, config=options)
    golden.add(f"{name}/rate", np.array([schedule(step) for step in range(20)], np.float32))


def make():
    golden = Golden()
    for case in OPTIMIZERS:
        add_optimizer(golden, *case)
    for name, *rest in SCHEDULES:
        add_schedule(golden, f"schedule_{name}", *rest)
    return golden
