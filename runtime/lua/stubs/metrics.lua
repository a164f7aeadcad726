---@meta

--- How good predictions are: scikit-learn's measures, intervals and thresholds.
---
--- ```lua
--- show(metrics.classification_report(test.classes, m:predict(test):gt(0.5)))
--- metrics.bootstrap{y, p, metric = "auc", groups = patients, seed = 1}
--- ```
---
--- Each function takes `{y_true, y_pred}` or `{y_true, y_score}` and its options by name;
--- `metrics.f(y_true, y_pred)` is the same without options. Tensors or arrays will do. Labels are
--- whole numbers (0 and 1 for two classes), (N,) or (N, 1); predictions may also be (N, C), one
--- score a class: then the label is the place of the greatest, from 0, and of two columns the second
--- is the score. True labels may be one-hot. One score an item is that of class 1. Lengths that
--- differ, NaN and labels that cannot be are refused.
---@class metrics
metrics = {}

--- A few named numbers; prints as a sentence, shows itself as a table of one row.
---@class pneuma.metrics.Record
---@field [string] number
local Record = {}

--- What classification_report returns: `report["1"].precision`, `.recall`, `.f1` (or `["f1-score"]`)
--- and `.support`; `report["macro avg"]`, `report["weighted avg"]`, and the number `report.accuracy`.
--- Classes are named by `target_names`, else by their labels.
---@class pneuma.metrics.Report
---@field table pneuma.Frame rows precision, recall, f1-score, support; a column a class and average
---@field text string what it prints
---@field accuracy number
---@field [string] table
local Report = {}

--- A row by name, also where a class is called as a field is.
---@param name string
---@return table|number
function Report:row(name) end

--- Prints scikit-learn's text; shows itself as pandas shows the same numbers.
--- `target_names`: the classes' names, in rising order of the labels; `labels`: which labels, in
--- which order (where some that occur are missing, `micro avg` takes the place of the accuracy);
--- `digits` (2). A precision or recall that nothing can be divided by is 0, with a warning.
---@param y_true table|pneuma.Tensor labels; or a table of both lists and the options
---@param y_pred? table|pneuma.Tensor
---@return pneuma.metrics.Report
function metrics.classification_report(y_true, y_pred) end

--- A row a true class, a column a predicted one. `labels`, `target_names` as for the report;
--- `normalize`: "true" (each row sums to 1), "pred" (each column) or "all".
---@param arguments table
---@return pneuma.Frame
function metrics.confusion_matrix(arguments) end

--- The share of labels that are right.
---@param arguments table
---@return number
function metrics.accuracy_score(arguments) end

--- The mean recall of the classes.
---@param arguments table
---@return number
function metrics.balanced_accuracy(arguments) end

--- tp / (tp + fp) of class `pos_label` (1), or over all classes: `average` = "macro", "micro" or
--- "weighted". 0 with a warning where nothing was predicted as the class. `labels` limits averages.
---@param arguments table
---@return number
function metrics.precision(arguments) end

--- tp / (tp + fn), the sensitivity; options as for precision.
---@param arguments table
---@return number
function metrics.recall(arguments) end

--- 2 tp / (2 tp + fp + fn); options as for precision.
---@param arguments table
---@return number
function metrics.f1(arguments) end

--- Columns fpr, tpr, thresholds (falling; the first is infinite: nothing is positive). An item counts
--- as positive from its threshold on. `drop_intermediate` (true) leaves out points on straight lines.
---@param arguments table
---@return pneuma.Frame
function metrics.roc_curve(arguments) end

--- Columns precision, recall, thresholds (rising; the last is infinite, with precision 1, recall 0).
---@param arguments table
---@return pneuma.Frame
function metrics.precision_recall_curve(arguments) end

--- Columns prob_true (the share of positive items), prob_pred (the mean probability) and count, a row
--- a bin that is not empty. `n_bins` (5); `strategy`: "uniform" or "quantile".
---@param arguments table
---@return pneuma.Frame
function metrics.calibration_curve(arguments) end

--- The area under points by trapezoids: `metrics.auc{x, y}`, x rising or falling.
---@param points table
---@return number
function metrics.auc(points) end

--- The area under the ROC curve; ties count half. (N, C) scores: each class against the rest, the
--- mean (`average` = "macro", or "weighted" by the classes' sizes).
---@param arguments table
---@return number
function metrics.roc_auc_score(arguments) end

--- The area under the precision-recall curve, not interpolated; (N, C) as for roc_auc_score.
---@param arguments table
---@return number
function metrics.average_precision_score(arguments) end

--- The mean squared distance of probabilities from what is true.
---@param arguments table
---@return number
function metrics.brier_score(arguments) end

--- The mean cross-entropy of probabilities, clipped by the least that their type can tell from 0.
---@param arguments table
---@return number
function metrics.log_loss(arguments) end

--- What items above `threshold` (0.5) give: sensitivity, specificity, precision, f1, accuracy, tp, fp,
--- tn, fn. Above it, not at it: as `p:gt(threshold)`.
---@param arguments table
---@return pneuma.metrics.Record
function metrics.at_threshold(arguments) end

--- Chooses a threshold, on validation data: `method` = "youden" (sensitivity + specificity is
--- greatest), "f1", or "sensitivity" (the highest threshold that finds at least the share `at`, 0.95,
--- of the positive items). It lies between two scores, so that `p:gt(t)` gives what the record says.
---@param arguments table
---@return number threshold, pneuma.metrics.Record gives
function metrics.threshold(arguments) end

--- Wilson's interval of a share: `metrics.wilson{successes, n, confidence = 0.95}`: estimate, low,
--- high, ...
---@param arguments table
---@return pneuma.metrics.Record
function metrics.wilson(arguments) end

--- The percentile interval of a measure over `n` (2000) resamples: estimate, low, high, confidence,
--- resamples, redrawn, units, seed.
---
--- `metric`: "auc" (preset), "average_precision", "accuracy", "balanced_accuracy", "precision",
--- "recall" or "sensitivity", "specificity", "f1" (these at `threshold`, 0.5), "brier", "log_loss", or
--- a function of resampled labels and scores; `seed` (the run's): the same gives the same;
--- `confidence` (0.95); `groups`: patient ids, one an item: whole patients are drawn; `stratified`:
--- draws within each class (preset: where there are no groups). A resample that lacks a class is
--- drawn again and counted in `redrawn`.
---@param arguments table
---@return pneuma.metrics.Record
function metrics.bootstrap(arguments) end

--- How often a map's peak lies inside its mask: `metrics.pointing_game{maps, masks, tolerance = 0}`:
--- rate, chance (of a random place), low, high (95 %, Wilson), hits, n, empty.
---
--- `maps`: tensors (height, width), or one (n, height, width); `masks`: tensors of any size that mark
--- with items other than 0, to which the maps are resized; `tolerance`: pixels of the mask by which
--- a peak may miss.
---@param arguments table
---@return pneuma.metrics.Record
function metrics.pointing_game(arguments) end

--- Which share of the maps' sum lies inside their masks: `metrics.energy_inside{maps, masks}`:
--- energy, chance (of an even map), n, empty; each the mean over the maps.
---@param arguments table
---@return pneuma.metrics.Record
function metrics.energy_inside(arguments) end
