-- metrics: what is shown, thresholds, the bootstrap, and wrong calls. The numbers themselves are
-- compared with scikit-learn's in test_metrics_goldens.lua.
local lu = require "luaunit"
local pneuma = require "pneuma"
local metrics, tensor, frame = pneuma.metrics, pneuma.tensor, pneuma.frame

local nan, inf = 0 / 0, 1 / 0
local y = {0, 0, 1, 1, 1, 0, 1}
local p = {0, 1, 1, 1, 0, 0, 1}
local s = {0.1, 0.7, 0.8, 0.9, 0.4, 0.2, 0.6}

local function refuses(part, f, ...)
  local ok, err = pcall(f, ...)
  lu.assertFalse(ok)
  lu.assertStrContains(tostring(err), part)
  lu.assertEquals(err.kind, "argument")
end

TestReport = {}

function TestReport:test_fields()
  local r = metrics.classification_report{y, p, target_names = {"NORMAL", "PNEUMONIA"}}
  lu.assertEquals(r.NORMAL.support, 3)
  lu.assertEquals(r.PNEUMONIA.precision, 0.75)
  lu.assertEquals(r.PNEUMONIA.f1, r.PNEUMONIA["f1-score"])
  lu.assertEquals(r.accuracy, 5 / 7)
  lu.assertEquals(r["macro avg"].recall, (2 / 3 + 3 / 4) / 2)
  lu.assertEquals(metrics.classification_report(y, p)["1"].precision, 0.75)
  lu.assertEquals(r:row("NORMAL").support, 3)
  refuses("the report has no 'NORMALE'; did you mean 'NORMAL'?", function() return r.NORMALE end)
  refuses("has no 'precison'; did you mean 'precision'?", function() return r.NORMAL.precison end)
  refuses('report["1"]', function() return metrics.classification_report(y, p)[1] end)
end

-- A class may be called as the fields of a report are.
function TestReport:test_odd_names()
  local r = metrics.classification_report{y, p, target_names = {"table", "row"}}
  lu.assertEquals(r:row("table").support, 3)
  lu.assertEquals(r:row("row").support, 4)
  lu.assertTrue(frame.is(r.table))
  refuses("a class cannot be called 'accuracy'", metrics.classification_report,
          {y, p, target_names = {"accuracy", "b"}})
end

function TestReport:test_the_frame_is_as_pandas_shows_it()
  local t = metrics.classification_report(y, p).table
  lu.assertEquals(t:columns(), {"", "0", "1", "accuracy", "macro avg", "weighted avg"})
  lu.assertEquals(t:column(""), {"precision", "recall", "f1-score", "support"})
  lu.assertEquals(t["0"][4], 3.0)
  lu.assertEquals(t.accuracy, {5 / 7, 5 / 7, 5 / 7, 5 / 7})
  lu.assertStrContains(tostring(t), "0.714286")
  lu.assertStrContains(tostring(t), "0.666667")
end

function TestReport:test_is_shown_as_a_table()
  local r = metrics.classification_report(y, p)
  local mime = getmetatable(r).__mime
  lu.assertStrContains(mime["text/html"](r), "<table")
  lu.assertStrContains(mime["text/html"](r), "0.714286")
  lu.assertEquals(mime["text/plain"](r), tostring(r))
  lu.assertEquals(r.text, tostring(r))
end

function TestReport:test_scores_of_classes_and_one_hot_labels()
  local r = metrics.classification_report({{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
                                          tensor{{.8, .1, .1}, {.2, .7, .1}, {.5, .1, .4}})
  lu.assertEquals(r.accuracy, 2 / 3)
  lu.assertEquals(r["0"].precision, 0.5)
  refuses("row 2 of 2 columns is not one-hot", metrics.accuracy_score, {{{1, 0}, {1, 1}}, {0, 1}})
end

function TestReport:test_refuses()
  local f = metrics.classification_report
  refuses("y_true has 7 items, but y_pred has 6", f, y, {0, 1, 1, 1, 0, 0})
  refuses("y_pred: item 1 is 0.1, but labels are whole numbers", f, y, s)
  refuses("as p:gt(0.5)", f, y, tensor(s))
  refuses("y_pred: item 2 is NaN", f, {0, 1}, {0, nan})
  refuses("y_true: item 1 is infinite", f, {inf, 1}, {0, 1})
  refuses("y_true is empty", f, {}, {})
  refuses("target_names has 3 names, but there are 2 classes (0, 1)", f,
          {y, p, target_names = {"a", "b", "c"}})
  refuses("two classes are called 'a'", f, {y, p, target_names = {"a", "a"}})
  refuses("none of them occurs", f, {y, p, labels = {5, 6}})
  refuses("labels: 1 stands there twice", f, {y, p, labels = {1, 1}})
  refuses("digits must be a whole number from 0 to 60, not -1", f, {y, p, digits = -1})
  refuses("has no option 'target_name'; did you mean 'target_names'?", f, {y, p, target_name = {}})
  refuses("needs labels and predictions", f, {y})
  refuses("must be (N,), (N, 1) or (N, C), not (1, 1, 2)", f, tensor.zeros{1, 1, 2}, {0, 1})
  refuses("y_pred must hold numbers, but item 1 is a string", f, {0, 1}, {"0", "1"})
  refuses("row 2 has 1 numbers, but row 1 has 2", f, {0, 1}, {{0, 1}, {1}})
end

TestLabels = {}

function TestLabels:test_confusion_matrix()
  local m = metrics.confusion_matrix{y, p, target_names = {"NORMAL", "PNEUMONIA"}}
  lu.assertEquals(m:columns(), {"true \\ predicted", "NORMAL", "PNEUMONIA"})
  lu.assertEquals(m.NORMAL, {2, 1})
  lu.assertEquals(m.PNEUMONIA, {1, 3})
  lu.assertEquals(metrics.confusion_matrix{y, p, labels = {1, 0}}["0"], {1, 2})
  refuses("normalize must be 'true', 'pred', 'all' (did you mean 'pred'?), not 'preds'",
          metrics.confusion_matrix, {y, p, normalize = "preds"})
end

function TestLabels:test_averages()
  lu.assertEquals(metrics.precision{y, p, pos_label = 0}, 2 / 3)
  refuses("there are 3 classes (0, 1, 2): say average", metrics.f1, {{0, 1, 2}, {0, 1, 2}})
  refuses("pos_label 7 does not occur; the classes are 0 and 1", metrics.recall, {y, p, pos_label = 7})
  refuses("did you mean 'macro'", metrics.recall, {y, p, average = "marco"})
end

TestScores = {}

function TestScores:test_one_class_only()
  local none, all = {0, 0, 0}, {1, 1, 1}
  local x = {0.1, 0.2, 0.3}
  refuses("y_true has no item of class 1: the area under the ROC curve is not defined",
          metrics.roc_auc_score, {none, x})
  refuses("y_true has no item of class 0: the ROC curve is not defined", metrics.roc_curve, {all, x})
  refuses("no item of class 1: recall is not defined", metrics.precision_recall_curve, {none, x})
  refuses("no item of class 1: average precision", metrics.average_precision_score, {none, x})
  lu.assertEquals(metrics.average_precision_score(all, x), 1)
  refuses("a best threshold is not defined", metrics.threshold, {none, x})
  refuses("no item of class 0: sensitivity or specificity", metrics.at_threshold, {all, x})
  refuses("no item of class 1: auc is not defined", metrics.bootstrap, {none, x})
  refuses("y_true has no item of class 2", metrics.roc_auc_score,
          {{0, 1, 1}, {{.1, .2, .7}, {.1, .2, .7}, {.1, .2, .7}}})
end

function TestScores:test_refuses()
  refuses("y_true has 2 items, but y_score has 3", metrics.roc_auc_score, {0, 1}, {1, 2, 3})
  refuses("y_score: item 2 is NaN", metrics.roc_auc_score, {0, 1}, {0.5, nan})
  refuses("y_score: item 2 is NaN", metrics.roc_auc_score, {0, 1}, tensor{{0, 1}, {1, nan}})
  refuses("y_score: item 1 is infinite", metrics.roc_curve, {0, 1}, {-inf, 0})
  refuses("y_true: item 2 is 2, but with one score an item the labels are 0 and 1",
          metrics.roc_curve, {0, 2}, {0.1, 0.2})
  refuses("y_true: item 1 is -1", metrics.average_precision_score, {-1, 1}, {0.1, 0.2})
  refuses("with 3 scores an item the labels are 0 to 2", metrics.log_loss, {0, 3},
          {{.1, .2, .7}, {.1, .2, .7}})
  refuses("compares two classes, but y_score has 3 columns", metrics.roc_curve, {0, 1},
          {{.1, .2, .7}, {.1, .2, .7}})
  refuses("takes probabilities, but y_score: item 2 is 1.5", metrics.brier_score, {0, 1}, {0, 1.5})
  refuses("takes probabilities, but y_score: item 1 is -0.1", metrics.log_loss, {0, 1}, {-0.1, 1})
  refuses("takes probabilities", metrics.calibration_curve, {0, 1}, {-0.1, 1})
  refuses("n_bins must be a whole number from 1", metrics.calibration_curve, {y, s, n_bins = 0})
  refuses("strategy must be", metrics.calibration_curve, {y, s, strategy = "even"})
end

function TestScores:test_area()
  lu.assertEquals(metrics.auc{{0, 1, 2}, {1, 1, 3}}, 3)
  lu.assertEquals(metrics.auc({2, 1, 0}, {3, 1, 1}), 3)
  refuses("x neither rises nor falls", metrics.auc, {0, 2, 1}, {1, 1, 1})
  refuses("at least 2 points", metrics.auc, {0}, {1})
  refuses("x has 2 numbers, but y has 1", metrics.auc, {0, 1}, {1})
  refuses("point 2 is NaN", metrics.auc, {0, nan}, {1, 1})
end

-- float32 scores of 0 and 1 are clipped by what float32 can tell from 1.
function TestScores:test_log_loss_of_certain_scores()
  lu.assertAlmostEquals(metrics.log_loss({1, 0}, {0, 0}), -math.log(2.0 ^ -52) / 2, 1e-12)
  lu.assertAlmostEquals(metrics.log_loss({1, 0}, tensor{0, 0}), -math.log(2.0 ^ -23) / 2, 1e-6)
end

TestThreshold = {}

function TestThreshold:test_at_threshold()
  local r = metrics.at_threshold{y, s, threshold = 0.5}
  lu.assertEquals({r.tp, r.fp, r.tn, r.fn}, {3, 1, 2, 1})
  lu.assertEquals(r.sensitivity, 0.75)
  lu.assertEquals(r.specificity, 2 / 3)
  lu.assertEquals(metrics.at_threshold(y, s).tp, 3)
  lu.assertEquals(metrics.at_threshold{y, s, threshold = 0.8}.tp, 1) -- above it, not at it
  refuses("threshold must be a number from", metrics.at_threshold, {y, s, threshold = 1.5})
  refuses("threshold must be a number from", metrics.at_threshold, {y, s, threshold = -0.5})
  refuses("threshold must be a number", metrics.at_threshold, {y, s, threshold = nan})
  refuses("threshold must be a number", metrics.at_threshold, {y, s, threshold = "0.5"})
  lu.assertEquals(metrics.at_threshold{{0, 1}, {-4, 7}, threshold = 1.5}.tp, 1) -- logits
  refuses("the result has no 'sensitivty'; did you mean 'sensitivity'?",
          function() return r.sensitivty end)
  lu.assertStrContains(tostring(r), "sensitivity 0.7500 (3 of 4)")
end

-- What each method should find, by looking at every cut.
local function best(truth, scores, method, at)
  local cuts, most, chosen = {}, -inf, nil
  for _, v in ipairs(scores) do cuts[#cuts + 1] = v end
  cuts[#cuts + 1] = -1
  table.sort(cuts, function(a, b) return a > b end)
  for _, cut in ipairs(cuts) do
    local r = metrics.at_threshold{truth, scores, threshold = cut < 0 and -2.0 ^ -21 or cut}
    local v = method == "f1" and r.f1 or method == "youden" and r.sensitivity + r.specificity - 1
      or r.sensitivity >= at and r.specificity or -inf
    if v > most + 1e-12 then most, chosen = v, r end
  end
  return chosen
end

function TestThreshold:test_methods_find_the_best_cut()
  math.randomseed(3)
  for _ = 1, 150 do
    local truth, scores = {0, 1}, {}
    for i = 3, math.random(3, 20) do truth[i] = math.random(0, 1) end
    for i = 1, #truth do scores[i] = math.random(0, 8) / 8 end
    for _, method in ipairs{"youden", "f1", "sensitivity"} do
      local at = method == "sensitivity" and math.random(1, 10) / 10 or nil
      local t, gives = metrics.threshold{truth, scores, method = method, at = at}
      local expected = best(truth, scores, method, at)
      lu.assertEquals({gives.tp, gives.fp}, {expected.tp, expected.fp})
      -- applied again, and to a tensor, it gives the same
      local again = metrics.at_threshold{truth, scores, threshold = t}
      lu.assertEquals({again.tp, again.fp}, {gives.tp, gives.fp})
      lu.assertEquals(tensor(scores):gt(t):sum(), gives.tp + gives.fp)
    end
  end
end

function TestThreshold:test_lies_between_neighbouring_floats()
  local low = 0.75
  local high = low + 2.0 ^ -24 -- the next float32
  local t = metrics.threshold{{0, 1}, {low, high}}
  lu.assertTrue(t >= low and t < high)
  lu.assertEquals(tensor{low, high}:gt(t):totable(), {0, 1})
  t = metrics.threshold{{0, 1}, {low, low + 2.0 ^ -50}}
  lu.assertEquals(t, low)
  lu.assertEquals(metrics.threshold{{1, 0}, {-3, -2}, method = "sensitivity"} < -3, true)
end

function TestThreshold:test_refuses()
  refuses("method must be", metrics.threshold, {y, s, method = "yuden"})
  refuses("did you mean 'youden'?", metrics.threshold, {y, s, method = "yuden"})
  refuses("at must be a number from 0 to 1, not 1.2", metrics.threshold, {y, s, method = "sensitivity", at = 1.2})
  refuses("at must be above 0", metrics.threshold, {y, s, method = "sensitivity", at = 0})
  refuses("option 'at' belongs to", metrics.threshold, {y, s, at = 0.9})
end

TestIntervals = {}

function TestIntervals:test_wilson()
  local w = metrics.wilson{45, 50}
  lu.assertEquals(w.estimate, 0.9)
  lu.assertStrContains(tostring(w), "0.9000 (95 % confidence: 0.7864 to 0.9565)")
  refuses("successes must be a whole number from 0 to 50, not 51", metrics.wilson, {51, 50})
  refuses("n must be a whole number from 1", metrics.wilson, {0, 0})
  refuses("confidence must be a number between 0 and 1, not 95", metrics.wilson, {4, 5, confidence = 95})
  refuses("needs metrics.wilson{successes, n}", metrics.wilson, {4})
end

local function sample(count, seed)
  math.randomseed(seed)
  local truth, scores, groups = {}, {}, {}
  for i = 1, count do
    truth[i] = i % 4 == 0 and 0 or 1
    scores[i] = math.random() * 0.7 + 0.3 * truth[i]
    groups[i] = "patient" .. i // 3
  end
  return truth, scores, groups
end

function TestIntervals:test_the_seed_decides()
  local truth, scores, groups = sample(80, 1)
  local function ends(seed, by) return metrics.bootstrap{truth, scores, n = 300, seed = seed, groups = by} end
  lu.assertEquals(ends(1).low, ends(1).low)
  lu.assertNotEquals(ends(1).low, ends(2).low)
  lu.assertEquals(ends(1, groups).high, ends(1, groups).high)
  lu.assertNotEquals(ends(1, groups).low, ends(1).low)
  lu.assertEquals(ends(1, groups).units, 27)
  lu.assertEquals(metrics.bootstrap{truth, scores, n = 300}.low, ends(0).low) -- the run's seed
end

-- Each measure in C, and the same one as a Lua function, which is given the resampled items.
function TestIntervals:test_functions_and_names_agree()
  local truth, scores, groups = sample(60, 2)
  local function labels(x)
    local out = {}
    for i, v in ipairs(x) do out[i] = v > 0.6 and 1 or 0 end
    return out
  end
  local functions = {
    auc = metrics.roc_auc_score, average_precision = metrics.average_precision_score,
    brier = metrics.brier_score, log_loss = metrics.log_loss,
    accuracy = function(a, b) return metrics.accuracy_score(a, labels(b)) end,
    balanced_accuracy = function(a, b) return metrics.balanced_accuracy(a, labels(b)) end,
    precision = function(a, b) return metrics.precision(a, labels(b)) end,
    recall = function(a, b) return metrics.recall(a, labels(b)) end,
    sensitivity = function(a, b) return metrics.at_threshold{a, b, threshold = 0.6}.sensitivity end,
    specificity = function(a, b) return metrics.at_threshold{a, b, threshold = 0.6}.specificity end,
    f1 = function(a, b) return metrics.f1(a, labels(b)) end,
  }
  for name, f in pairs(functions) do
    for _, by in ipairs{false, groups} do
      local function run(metric)
        return metrics.bootstrap{truth, scores, metric = metric, n = 40, seed = 9, threshold = 0.6,
                                 groups = by or nil}
      end
      local a, b = run(name), run(function(...) return f(...) end)
      lu.assertAlmostEquals(a.estimate, b.estimate, 1e-12, name)
      lu.assertAlmostEquals(a.low, b.low, 1e-12, name)
      lu.assertAlmostEquals(a.high, b.high, 1e-12, name)
      lu.assertEquals(a.redrawn, b.redrawn)
    end
  end
end

function TestIntervals:test_resamples_keep_classes_and_groups()
  local truth, scores, groups = sample(30, 4)
  local function looked_at(options)
    local sizes, ones = {}, {}
    options[1], options[2], options.n = truth, scores, 50
    options.metric = function(a)
      local sum = 0
      for _, v in ipairs(a) do sum = sum + v end
      sizes[#a], ones[sum] = true, true
      return 0
    end
    metrics.bootstrap(options)
    return sizes, ones
  end
  local sizes, ones = looked_at{}
  lu.assertEquals(sizes, {[30] = true})
  lu.assertEquals(ones, {[23] = true})
  sizes, ones = looked_at{stratified = false}
  lu.assertEquals(sizes, {[30] = true})
  lu.assertTrue(next(ones, next(ones)) ~= nil)
  sizes = looked_at{groups = groups}
  lu.assertTrue(next(sizes, next(sizes)) ~= nil) -- patients have 2, 3 or 1 images
  refuses("a group has items of several classes", metrics.bootstrap,
          {truth, scores, groups = groups, stratified = true})
end

function TestIntervals:test_resamples_of_one_class_are_drawn_again()
  local truth, scores = {1, 0, 0, 0, 0}, {0.9, 0.2, 0.1, 0.95, 0.3}
  local b = metrics.bootstrap{truth, scores, stratified = false, n = 200, seed = 1}
  lu.assertTrue(b.redrawn > 30)
  lu.assertEquals(b.estimate, 0.75)
  lu.assertStrContains(tostring(b), "with a class missing drawn again")
  lu.assertEquals(metrics.bootstrap{truth, scores, n = 200, seed = 1}.redrawn, 0)
  -- one class alone: what is defined then needs no redrawing
  lu.assertEquals(metrics.bootstrap{{1, 1, 1}, {.9, .4, .8}, metric = "recall", n = 50}.redrawn, 0)
  -- one group with both classes, drawn from many with one: hardly ever
  local y, x, g = {0, 1}, {0.2, 0.4}, {1, 1}
  for i = 3, 20000 do y[i], x[i], g[i] = 0, 0.1, 2 end
  lu.assertTrue(metrics.bootstrap{y, x, groups = g, n = 20}.redrawn > 0)
end

function TestIntervals:test_several_classes_by_function()
  local truth, scores = {}, {}
  for i = 1, 30 do
    truth[i] = i % 3
    scores[i] = {0.2, 0.3, 0.4}
    scores[i][i % 3 + 1] = 0.1 + (i % 7) / 7
  end
  local b = metrics.bootstrap{truth, scores, n = 30, metric = metrics.roc_auc_score}
  lu.assertTrue(b.low <= b.estimate and b.estimate <= b.high)
  refuses("compares two classes", metrics.bootstrap, {truth, scores, metric = "auc"})
end

function TestIntervals:test_is_fast()
  local truth, scores = sample(600, 5)
  local begin = os.clock()
  metrics.bootstrap{truth, scores, n = 2000, seed = 1}
  lu.assertTrue(os.clock() - begin < 1)
end

function TestIntervals:test_refuses()
  refuses("metric must be", metrics.bootstrap, {y, s, metric = "aux"})
  refuses("did you mean 'auc'?", metrics.bootstrap, {y, s, metric = "aux"})
  refuses("n must be a whole number from 10", metrics.bootstrap, {y, s, n = 1})
  refuses("y_true has 7 items, but groups has 2", metrics.bootstrap, {y, s, groups = {1, 2}})
  refuses("groups must be an array", metrics.bootstrap, {y, s, groups = "patient"})
  refuses("the metric must return a number, not a nil", metrics.bootstrap,
          {y, s, metric = function() end})
  refuses("the metric must return a number, not NaN", metrics.bootstrap,
          {y, s, metric = function() return nan end})
  refuses("seed must be a whole number", metrics.bootstrap, {y, s, seed = 1.5})
end

os.exit(lu.LuaUnit.run())
