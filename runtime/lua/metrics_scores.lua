-- Measures of scores: ROC, precision and recall, calibration, losses, thresholds.
local parts = ...
local core, read, define, curves = parts.core, parts.read, parts.define, parts.curves
local fail = read.fail

-- ---- curves ----

define("roc_curve", 2, {"drop_intermediate"}, function(options, name)
  local truth, scores = read.binary(options, name)
  read.both_classes(truth, "the ROC curve")
  local drop = read.flag(options, name, "drop_intermediate", true)
  local fpr, tpr, thresholds = curves.roc(truth, scores, drop)
  return core.frame{{"fpr", fpr}, {"tpr", tpr}, {"thresholds", thresholds}}
end)

define("precision_recall_curve", 2, {}, function(options, name)
  local truth, scores = read.binary(options, name)
  read.both_classes(truth, "recall", 1)
  local precision, recall, thresholds = curves.precision_recall(truth, scores)
  return core.frame{{"precision", precision}, {"recall", recall}, {"thresholds", thresholds}}
end)

define("calibration_curve", 2, {"n_bins", "strategy"}, function(options, name)
  local truth, scores = read.binary(options, name)
  read.check_probabilities(scores, 1, name)
  local bins = read.whole(options, name, "n_bins", 5, 1, 100000)
  local strategy = read.word(options, name, "strategy", "uniform", {"uniform", "quantile"})
  local prob_true, prob_pred, count = curves.calibration(truth, scores, bins, strategy)
  return core.frame{{"prob_true", prob_true}, {"prob_pred", prob_pred}, {"count", count}}
end)

-- The area under any points with a monotone x.
define("auc", 2, {}, function(options, name)
  if options[1] == nil or options[2] == nil then fail("metrics.auc needs points: metrics.auc{x, y}") end
  local x, y = core.numbers(options[1], "x"), core.numbers(options[2], "y")
  if #x ~= #y then fail("x has %d numbers, but y has %d", #x, #y) end
  if #x < 2 then fail("metrics.auc needs at least 2 points, not %d", #x) end
  local rises, falls = false, false
  for k = 1, #x do
    if x[k] ~= x[k] or y[k] ~= y[k] then fail("metrics.auc: point %d is NaN", k) end
    if k > 1 then rises, falls = rises or x[k] > x[k - 1], falls or x[k] < x[k - 1] end
  end
  if rises and falls then fail("metrics.%s: x neither rises nor falls throughout", name) end
  return (falls and -1 or 1) * curves.area(x, y)
end)

-- ---- one number ----

-- The mean over the classes of a measure of each class against the rest.
local function one_against_rest(s, how, what, measure)
  local sum, weights = 0, 0
  for class = 0, s.columns - 1 do
    local truth, scores, positives = {}, {}, 0
    for i, label in ipairs(s.truth) do
      truth[i] = label == class and 1 or 0
      scores[i] = s.flat[(i - 1) * s.columns + class + 1]
      positives = positives + truth[i]
    end
    if positives == 0 or positives == s.count then
      fail("y_true has %s of class %d: %s is not defined", positives == 0 and "no item" or
           "only items", class, what)
    end
    local w = how == "weighted" and positives or 1
    sum, weights = sum + w * core.measure(measure, 0, truth, scores), weights + w
  end
  return sum / weights
end

local function define_ranking(function_name, what, measure)
  define(function_name, 2, {"average"}, function(options, name)
    local s = read.scored(options, name)
    local how = read.word(options, name, "average", "macro", {"macro", "weighted"})
    if s.columns > 1 then return one_against_rest(s, how, what, measure) end
    read.both_classes(s.truth, what, measure == "average_precision" and 1 or nil)
    return core.measure(measure, 0, s.truth, s.flat)
  end)
end
define_ranking("roc_auc_score", "the area under the ROC curve", "auc")
define_ranking("average_precision_score", "average precision", "average_precision")

-- The least that float32 or float64 can add to 1: what log_loss clips by.
local function epsilon(dtype)
  return dtype == "float32" and 2.0 ^ -23 or 2.0 ^ -52
end
parts.epsilon = epsilon

local function check_sums(s)
  for i = 1, s.count do
    local sum = 0
    for c = 1, s.columns do sum = sum + s.flat[(i - 1) * s.columns + c] end
    if math.abs(sum - 1) > 1e-3 then
      core.remark("warning", ("the probabilities of item %d sum to %.6g, not 1"):format(i, sum))
      return
    end
  end
end

define("log_loss", 2, {}, function(options, name)
  local s = read.scored(options, name)
  read.check_probabilities(s.flat, s.columns, name)
  local eps = epsilon(s.dtype)
  if s.columns == 1 then return core.measure("log_loss", eps, s.truth, s.flat) end
  check_sums(s)
  local total = 0
  for i, label in ipairs(s.truth) do
    local p = s.flat[(i - 1) * s.columns + label + 1]
    total = total - math.log(math.min(math.max(p, eps), 1 - eps))
  end
  return total / s.count
end)

-- The mean squared distance from what is true; for two classes that of one column.
define("brier_score", 2, {}, function(options, name)
  local s = read.scored(options, name)
  read.check_probabilities(s.flat, s.columns, name)
  if s.columns == 1 then return core.measure("brier", 0, s.truth, s.flat) end
  check_sums(s)
  local total = 0
  for i, label in ipairs(s.truth) do
    for c = 1, s.columns do
      total = total + (s.flat[(i - 1) * s.columns + c] - (c - 1 == label and 1 or 0)) ^ 2
    end
  end
  return total / s.count
end)

-- ---- at a threshold ----

-- What threshold() returns when even a probability of 0 is to count as positive.
local BELOW_ZERO = -2.0 ^ -20

local function extent(scores)
  local low, high = math.huge, -math.huge
  for _, v in ipairs(scores) do
    low, high = math.min(low, v), math.max(high, v)
  end
  return low, high
end

-- What the counts of a threshold give.
local function given_by(threshold, tp, fp, positives, negatives)
  local tn, fn = negatives - fp, positives - tp
  local sensitivity, specificity = tp / positives, tn / negatives
  local list = {
    {"threshold", threshold}, {"sensitivity", sensitivity}, {"specificity", specificity},
    {"precision", tp + fp > 0 and tp / (tp + fp) or 0.0}, {"f1", 2 * tp / (2 * tp + fp + fn)},
    {"accuracy", (tp + tn) / (positives + negatives)},
    {"tp", tp}, {"fp", fp}, {"tn", tn}, {"fn", fn},
  }
  return parts.record(list, ("above %.6g: sensitivity %.4f (%d of %d), specificity %.4f (%d of %d)")
    :format(threshold, sensitivity, tp, positives, specificity, tn, negatives))
end

define("at_threshold", 2, {"threshold"}, function(options, name)
  local truth, scores = read.binary(options, name)
  local low, high = extent(scores)
  local threshold
  if low >= 0 and high <= 1 then
    threshold = read.number(options, name, "threshold", 0.5, BELOW_ZERO, 1)
  else
    threshold = read.number(options, name, "threshold", 0.5, -1e300, 1e300)
  end
  read.both_classes(truth, "sensitivity or specificity")
  local tp, fp, positives = 0, 0, 0
  for i, v in ipairs(scores) do
    positives = positives + truth[i]
    if v > threshold then
      tp, fp = tp + truth[i], fp + 1 - truth[i]
    end
  end
  return given_by(threshold, tp, fp, positives, #truth - positives)
end)

-- ---- choosing a threshold ----

-- Numbers by which the k-th cut is compared, the greatest wins; whole, so that ties are ties.
local gains = {
  youden = function(tp, fp, p, n) return tp * n - fp * p end,
  f1 = function(tp, fp, p) return 2 * tp / (tp + fp + p) end,
}

-- The cut with the greatest gain; among equals the highest threshold.
local function best_cut(gain, tps, fps, p, n)
  local best, most = 0, gain(0, 0, p, n)
  for k = 1, #tps do
    local v = gain(tps[k], fps[k], p, n)
    if v > most then best, most = k, v end
  end
  return best
end

-- The highest threshold that finds at least this share of the positive items.
local function sensitive_cut(at, tps, p)
  for k = 1, #tps do
    if tps[k] / p >= at then return k end
  end
end

-- A threshold between the scores of cut k, which are above it, and the next lower ones: halfway, as
-- float32, so that it means the same for a tensor of scores.
local function between(scores, k)
  if k == 0 then return scores[1] end
  local upper, lower = scores[k], scores[k + 1]
  if not lower then
    if upper > 0 then lower = 0.0 elseif upper == 0 then return BELOW_ZERO
    else return upper - math.max(1, -upper) * 2.0 ^ -20 end
  end
  local middle = string.unpack("f", string.pack("f", lower + (upper - lower) / 2))
  return middle >= lower and middle < upper and middle or lower
end

-- A threshold chosen on these items (validation data, not the test's), and what it gives there.
define("threshold", 2, {"method", "at"}, function(options, name)
  local truth, scores = read.binary(options, name)
  read.both_classes(truth, "a best threshold")
  local method = read.word(options, name, "method", "youden", {"youden", "f1", "sensitivity"})
  local at = read.number(options, name, "at", 0.95, 0, 1)
  if at == 0 then fail("metrics.threshold: at must be above 0") end
  if options.at ~= nil and method ~= "sensitivity" then
    fail("metrics.threshold: option 'at' belongs to method = 'sensitivity'")
  end
  local cuts, tps, fps = core.cuts(truth, scores)
  local p, n = tps[#tps], fps[#fps]
  local k = method == "sensitivity" and sensitive_cut(at, tps, p)
    or best_cut(gains[method], tps, fps, p, n)
  local threshold = between(cuts, k)
  return threshold, given_by(threshold, tps[k] or 0, fps[k] or 0, p, n)
end)
