-- metrics against what scikit-learn gives (tests/peers/goldens_evaluation.py).
local lu = require "luaunit"
local pneuma = require "pneuma"
local metrics, tensor = pneuma.metrics, pneuma.tensor
local here = arg[0]:match "^(.*)/" or "."
local goldens = dofile(os.getenv "PNEUMA_METRICS_GOLDENS" or here .. "/data/metrics_goldens.lua")

local CLOSE = 1e-12

local function near(x, expected, what)
  if expected == math.huge then return lu.assertEquals(x, expected, what) end
  lu.assertTrue(math.abs(x - expected) <= CLOSE * math.max(1, math.abs(expected)),
                ("%s: %.17g, expected %.17g"):format(what, x, expected))
end

local function all_near(list, expected, what)
  lu.assertEquals(#list, #expected, what)
  for i, v in ipairs(expected) do near(list[i], v, what .. " " .. i) end
end

local function with(y, p, options)
  local call = {y, p}
  for key, value in pairs(options) do call[key] = value end
  return call
end

function test_reports()
  for k, case in ipairs(goldens.reports) do
    local report = metrics.classification_report(with(case.y, case.p, case.options))
    lu.assertEquals(tostring(report), case.text, "report " .. k)
    for name, row in pairs(case.rows) do
      local mine = report:row(name)
      if type(row) == "number" then
        near(mine, row, name)
      else
        all_near({mine.precision, mine.recall, mine.f1, mine.support}, row, name)
      end
    end
  end
end

function test_label_measures()
  for _, case in ipairs(goldens.reports) do
    local y, p = case.y, case.p
    near(metrics.accuracy_score{y, p}, case.accuracy, "accuracy")
    near(metrics.balanced_accuracy{y, p}, case.balanced, "balanced accuracy")
    for how, expected in pairs(case.averages) do
      local call = with(y, p, {average = how, labels = case.options.labels})
      all_near({metrics.precision(call), metrics.recall(call), metrics.f1(call)}, expected, how)
    end
    if case.binary then
      all_near({metrics.precision{y, p}, metrics.recall{y, p}, metrics.f1{y, p}}, case.binary, "binary")
    end
  end
end

function test_confusion_matrices()
  for _, case in ipairs(goldens.reports) do
    for k, how in ipairs{"none", "true", "pred", "all"} do
      local call = with(case.y, case.p, {labels = case.options.labels})
      call.normalize = how ~= "none" and how or nil
      local m = metrics.confusion_matrix(call)
      local names = m:columns()
      lu.assertEquals(#m, #case.confusion[k])
      for t, row in ipairs(case.confusion[k]) do
        local mine = {}
        for p = 1, #m do mine[p] = m:column(names[p + 1])[t] end
        all_near(mine, row, "confusion, normalize " .. how)
      end
    end
  end
end

function test_curves()
  for k, case in ipairs(goldens.binary) do
    local what = "case " .. k .. ": "
    local roc = metrics.roc_curve{case.y, case.s}
    all_near(roc.fpr, case.fpr, what .. "fpr")
    all_near(roc.tpr, case.tpr, what .. "tpr")
    all_near(roc.thresholds, case.thresholds, what .. "thresholds")
    roc = metrics.roc_curve{case.y, case.s, drop_intermediate = false}
    all_near(roc.fpr, case.all_fpr, what .. "all fpr")
    all_near(roc.tpr, case.all_tpr, what .. "all tpr")
    all_near(roc.thresholds, case.all_thresholds, what .. "all thresholds")
    near(metrics.auc{roc.fpr, roc.tpr}, case.auc, what .. "auc of points")
    local pr = metrics.precision_recall_curve{case.y, case.s}
    all_near(pr.precision, case.precision, what .. "precision")
    all_near(pr.recall, case.recall, what .. "recall")
    lu.assertEquals(table.remove(pr.thresholds), math.huge)
    all_near(pr.thresholds, case.cuts, what .. "cuts")
  end
end

function test_scores()
  for k, case in ipairs(goldens.binary) do
    local what = "case " .. k .. ": "
    near(metrics.roc_auc_score{case.y, case.s}, case.auc, what .. "auc")
    near(metrics.average_precision_score{case.y, case.s}, case.ap, what .. "ap")
    near(metrics.brier_score{case.y, case.s}, case.brier, what .. "brier")
    near(metrics.log_loss{case.y, case.s}, case.log_loss, what .. "log loss")
    local n = 0
    for _, bins in ipairs{5, 3} do
      for _, strategy in ipairs{"uniform", "quantile"} do
        n = n + 1
        local c = metrics.calibration_curve{case.y, case.s, n_bins = bins, strategy = strategy}
        all_near(c.prob_true, case.calibration[n][1], what .. strategy .. " share")
        all_near(c.prob_pred, case.calibration[n][2], what .. strategy .. " score")
      end
    end
  end
end

function test_several_classes()
  for k, case in ipairs(goldens.multi) do
    local what = "case " .. k .. ": "
    near(metrics.roc_auc_score{case.y, case.s}, case.auc, what .. "auc")
    near(metrics.roc_auc_score{case.y, case.s, average = "weighted"}, case.auc_weighted, what .. "weighted")
    near(metrics.average_precision_score{case.y, case.s}, case.ap, what .. "ap")
    near(metrics.log_loss{case.y, case.s}, case.log_loss, what .. "log loss")
    near(metrics.brier_score{case.y, case.s}, case.brier, what .. "brier")
    near(metrics.accuracy_score{case.y, case.s}, case.accuracy, what .. "accuracy")
  end
end

-- (N,), (N, 1) and (N, C) tensors say the same as arrays.
function test_tensors()
  for _, case in ipairs(goldens.binary) do
    local y, s = tensor(case.y):cast "int32", tensor(case.s)
    local auc = metrics.roc_auc_score{y, s}
    lu.assertEquals(metrics.roc_auc_score{y, s:reshape{-1, 1}}, auc)
    local two = {}
    for i, v in ipairs(case.s) do two[i] = {1 - v, v} end
    near(metrics.roc_auc_score{case.y, two}, case.auc, "second column")
    lu.assertEquals(tostring(metrics.classification_report(y, s:reshape{-1, 1}:gt(0.5))),
                    tostring(metrics.classification_report(case.y, s:gt(0.5):totable())))
  end
end

function test_wilson()
  for _, case in ipairs(goldens.wilson) do
    local w = metrics.wilson{case.successes, case.n, confidence = case.confidence}
    near(w.low, case.low, "low")
    near(w.high, case.high, "high")
  end
end

-- NumPy drew other resamples: the ends agree but for chance.
function test_bootstrap()
  for _, case in ipairs(goldens.bootstrap) do
    local b = metrics.bootstrap{case.y, case.s, n = 20000, seed = 1}
    lu.assertAlmostEquals(b.low, case.within[1], 0.004)
    lu.assertAlmostEquals(b.high, case.within[2], 0.004)
    b = metrics.bootstrap{case.y, case.s, n = 20000, seed = 1, metric = "accuracy", groups = case.groups}
    lu.assertAlmostEquals(b.low, case.grouped[1], 0.008)
    lu.assertAlmostEquals(b.high, case.grouped[2], 0.008)
  end
end

os.exit(lu.LuaUnit.run())
