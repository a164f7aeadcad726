"""metrics.safetensors: accuracies, precision, recall, AUC of Keras and scikit-learn's exact one.
See goldens_nn.py."""

import keras
import numpy as np
from sklearn.metrics import roc_auc_score

from golden_file import Golden


def add_binary(golden, name, labels, scores):
    golden.case(name, kind="binary", threshold=0.5)
    labels, scores = np.asarray(labels, np.int32), np.asarray(scores, np.float32)
    golden.add(f"{name}/labels", labels)
    golden.add(f"{name}/scores", scores)
    metrics = dict(accuracy=keras.metrics.BinaryAccuracy(), precision=keras.metrics.Precision(),
                   recall=keras.metrics.Recall(), auc=keras.metrics.AUC())
    for key, metric in metrics.items():
        metric.update_state(labels[:, None], scores[:, None])
        golden.add(f"{name}/{key}", np.float32(metric.result()))
    if 0 < labels.sum() < len(labels):
        golden.add(f"{name}/exact_auc", np.float32(roc_auc_score(labels, scores)))


def add_classes(golden, name, labels, scores):
    golden.case(name, kind="classes")
    labels, scores = np.asarray(labels, np.int32), np.asarray(scores, np.float32)
    golden.add(f"{name}/labels", labels)
    golden.add(f"{name}/scores", scores)
    sparse = keras.metrics.SparseCategoricalAccuracy()
    sparse.update_state(labels[:, None], scores)
    whole = keras.metrics.CategoricalAccuracy()
    whole.update_state(np.eye(scores.shape[1])[labels], scores)
    assert float(sparse.result()) == float(whole.result())
    golden.add(f"{name}/accuracy", np.float32(sparse.result()))


def make():
    golden, rng = Golden(), np.random.default_rng(11)
    labels = rng.random(300) < 0.7
    add_binary(golden, "spread", labels, np.clip(rng.normal(0.4 + 0.2 * labels, 0.2), 0, 1))
    add_binary(golden, "ties", labels, np.round(np.clip(rng.normal(0.4 + 0.2 * labels, 0.2), 0, 1), 1))
    # Sure of itself, as a trained model is: most scores lie beyond the outermost thresholds, where
    # the approximation with 200 thresholds is coarse.
    add_binary(golden, "sure", labels, 1 / (1 + np.exp(-rng.normal(12 * labels - 6, 8))))
    add_binary(golden, "at_the_threshold", [0, 1, 0, 1], [0.5, 0.5, 0.49999997, 0.50000006])
    add_binary(golden, "all_negative_predictions", [0, 1, 1], [0.1, 0.2, 0.3])
    add_binary(golden, "one_class", [1, 1, 1], [0.1, 0.7, 0.9])
    add_classes(golden, "classes", rng.integers(0, 4, 100), rng.random((100, 4)))
    add_classes(golden, "classes_with_ties", [0, 1, 2], [[.4, .4, .2], [.4, .4, .2], [.3, .3, .3]])
    return golden
