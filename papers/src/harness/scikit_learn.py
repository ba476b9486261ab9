"""The same work by scikit-learn: reads a task as JSON, prints what it found as JSON."""

import json
import sys

import numpy as np
import sklearn
from sklearn.ensemble import IsolationForest, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import KNeighborsClassifier, LocalOutlierFactor, NearestNeighbors
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, OneClassSVM


def accuracies(table):
    """Of each classifier on each split; features are standardised by the known rows."""
    rows, labels = np.array(table["features"]), np.array(table["labels"])
    classifiers = {
        "k-NN (5)": lambda seed: KNeighborsClassifier(),
        "logistic regression": lambda seed: LogisticRegression(max_iter=2000),
        "random forest": lambda seed: RandomForestClassifier(random_state=seed),
        "SVM (Gaussian)": lambda seed: SVC(),
    }
    found = {name: [] for name in classifiers}
    for seed, split in enumerate(table["splits"]):
        known, unknown = split["known"], split["unknown"]
        for name, make in classifiers.items():
            pipeline = make_pipeline(StandardScaler(), make(seed))
            pipeline.fit(rows[known], labels[known])
            found[name].append(float(pipeline.score(rows[unknown], labels[unknown])))
    return found


def areas(table):
    """Areas under the ROC curve of outlier scores on each draw."""
    rows = np.array(table["features"])

    def neighbours(x, seed):
        return NearestNeighbors(n_neighbors=5).fit(x).kneighbors()[0][:, -1]

    detectors = {
        "distance to the 5th neighbour": neighbours,
        "local outlier factor (20)": lambda x, seed: -LocalOutlierFactor(min(20, len(x) - 1)).fit(x).negative_outlier_factor_,
        "isolation forest": lambda x, seed: -IsolationForest(random_state=seed).fit(x).score_samples(x),
        "one-class SVM (Gaussian)": lambda x, seed: -OneClassSVM(gamma="scale").fit(x).score_samples(x),
    }
    found = {name: [] for name in detectors}
    for seed, draw in enumerate(table["draws"]):
        x = StandardScaler().fit_transform(rows[draw["rows"]])
        for name, score in detectors.items():
            found[name].append(float(roc_auc_score(draw["outlier"], score(x, seed))))
    return found


def one_class_svm(task):
    """The dual coefficients for the kernel exp(-t d), scaled to sum 1, and the offset in the same scale."""
    kernel = np.exp(-task["t"] * np.array(task["distances"]))
    svm = OneClassSVM(kernel="precomputed", nu=1 / len(kernel), tol=1e-12).fit(kernel)
    coefficients = np.zeros(len(kernel))
    coefficients[svm.support_] = svm.dual_coef_[0]
    total = coefficients.sum()
    return {"coefficients": (coefficients / total).tolist(), "offset": float(svm.offset_[0] / total)}


task = json.load(open(sys.argv[1]))
answer = {"version": sklearn.__version__}
if "classes" in task:
    answer["tables"] = [accuracies(table) for table in task["classes"]]
if "outliers" in task:
    answer["tables"] = [areas(table) for table in task["outliers"]]
if "one_class_svm" in task:
    answer["one_class_svm"] = one_class_svm(task["one_class_svm"])
json.dump(answer, sys.stdout)
