-- Plots of how good predictions are: curves, the confusion matrix, the history.
local lu = require "luaunit"
local pneuma = require "pneuma"
local plot, metrics, tensor = pneuma.plot, pneuma.metrics, pneuma.tensor

local y = {0, 0, 1, 1, 1, 0, 1, 0}
local a = {0.1, 0.7, 0.8, 0.9, 0.4, 0.2, 0.6, 0.5}
local b = {0.1, 0.2, 0.8, 0.9, 0.7, 0.2, 0.6, 0.3}

local function refuses(part, f, ...)
  local ok, err = pcall(f, ...)
  lu.assertFalse(ok)
  lu.assertStrContains(tostring(err), part)
end

-- All forms can be made; returns the SVG.
local function drawn(figure)
  local svg = figure:svg()
  lu.assertEquals(svg:sub(1, 5), "<svg ")
  lu.assertNil(svg:find("[nN]a[nN][, ]"))
  lu.assertEquals(figure:png{scale = 1}:sub(2, 4), "PNG")
  lu.assertTrue(#figure:text{width = 70, height = 18} > 20)
  return svg
end

-- Where the first curve of this colour runs, in the figure's pixels.
local function points(svg, rgb)
  local list, stroke = {}, rgb:gsub("[()]", "%%%0")
  local path = svg:match("<path stroke='" .. stroke .. "'%s+d='([^']+)'")
  for px, py in path:gmatch("([%d.]+),([%d.]+)") do
    list[#list + 1] = {tonumber(px), tonumber(py)}
  end
  return list
end

function test_roc()
  local svg = drawn(plot.roc{{y, a}, {tensor(y), tensor(b):reshape{-1, 1}}, title = "Both",
                             legend = {"scratch", "transfer"}})
  lu.assertStrContains(svg, "scratch (AUC 0.812)")
  lu.assertStrContains(svg, "transfer (AUC 1.000)")
  lu.assertStrContains(svg, "chance")
  lu.assertStrContains(svg, "1 - specificity")
  -- from the lower left corner to the upper right one, in a square
  local list = points(svg, "rgb(  0, 114, 178)")
  lu.assertTrue(#list >= 5)
  local first, last = list[1], list[#list]
  lu.assertTrue(last[1] > first[1] and last[2] < first[2])
  lu.assertAlmostEquals(last[1] - first[1], first[2] - last[2], 1)
  lu.assertTrue(list[2][1] == first[1] and list[2][2] < first[2]) -- the best scores first: upwards
end

function test_roc_of_one_pair_or_a_frame()
  lu.assertEquals(plot.roc{y, a}:describe(), "ROC curve: AUC 0.812")
  lu.assertEquals(plot.roc{metrics.roc_curve{y, a}}:describe(), "ROC curve: AUC 0.812")
  lu.assertEquals(plot.roc{tensor(y), tensor(b)}:describe(), "ROC curve: AUC 1.000")
  lu.assertEquals(plot.roc{{y, a}, {y, b}}:describe(),
                  "ROC curve: curve 1 (AUC 0.812); curve 2 (AUC 1.000)")
end

function test_precision_recall()
  local svg = drawn(plot.precision_recall{{y, a}, {y, b}, legend = {"scratch", "transfer"}})
  lu.assertStrContains(svg, "transfer (AP 1.000)")
  lu.assertStrContains(svg, "precision")
  local ap = metrics.average_precision_score(y, a)
  lu.assertStrContains(plot.precision_recall{metrics.precision_recall_curve{y, a}}:describe(),
                       ("AP %.3f"):format(ap))
  -- two curves of other items have lines of chance of their own
  drawn(plot.precision_recall{{y, a}, {{0, 1, 1, 1}, {.1, .2, .3, .4}}})
end

function test_calibration()
  local svg = drawn(plot.calibration{{y, a}, {y, b}, n_bins = 4, strategy = "quantile"})
  lu.assertStrContains(svg, "perfectly calibrated")
  lu.assertStrContains(svg, ("Brier %.3f"):format(metrics.brier_score(y, a)))
  drawn(plot.calibration{metrics.calibration_curve{y, a}})
  refuses("n_bins must be a whole number", plot.calibration, {y, a, n_bins = 0})
  refuses("takes probabilities", plot.calibration, {y, {1, 2, 3, 4, 5, 6, 7, 8}})
end

function test_confusion_matrix()
  local m = metrics.confusion_matrix{y, tensor(a):gt(0.5), target_names = {"NORMAL", "PNEUMONIA"}}
  local fig = plot.confusion_matrix{m, title = "100 % of the test"}
  local svg = drawn(fig)
  lu.assertStrContains(svg, "<text>75.0 %</text>")
  lu.assertStrContains(svg, "<text>3</text>")
  lu.assertStrContains(svg, ">PNEUMONIA<")
  lu.assertStrContains(svg, "100 % of the test")
  lu.assertEquals(fig:describe(),
                  "Confusion matrix '100 % of the test': NORMAL 3, 1; PNEUMONIA 1, 3")
  lu.assertStrContains(fig:text(), "PNEUMONIA          1          3")
  svg = drawn(plot.confusion_matrix{metrics.confusion_matrix{y, tensor(a):gt(0.5), normalize = "true"}})
  lu.assertStrContains(svg, "<text>0.75</text>")
  svg = drawn(plot.confusion_matrix{tensor{{1, 2}, {0, 0}}, labels = {"a\"b", "<c>"}})
  lu.assertStrContains(svg, "&lt;c>")
  lu.assertStrContains(svg, "<text>0.0 %</text>") -- a class without items
end

function test_confusion_matrix_of_many_classes_with_long_names()
  local rows, names = {}, {}
  for i = 1, 9 do
    rows[i], names[i] = {}, "a rather long name of a class " .. i
    for j = 1, 9 do rows[i][j] = i * j end
  end
  drawn(plot.confusion_matrix{rows, labels = names})
end

function test_refuses()
  refuses("y_true has 8 items, but y_score has 2", plot.roc, {y, {1, 2}})
  refuses("has no item of class 1", plot.roc, {{0, 0}, {.1, .2}})
  refuses("y_score: item 1 is NaN", plot.roc, {{0, 1}, {0 / 0, .2}})
  refuses("curve 1 must be {y_true, y_score} or a frame", plot.roc, {y})
  refuses("needs labels and scores", plot.roc, {})
  refuses("compares two classes", plot.roc, {{0, 1}, {{.1, .2, .7}, {.1, .2, .7}}})
  refuses("the frame has no column 'fpr'", plot.roc, {metrics.precision_recall_curve{y, a}})
  refuses("option 'legend' has 1 names for 2 curves", plot.roc, {{y, a}, {y, b}, legend = {"one"}})
  refuses("has no option 'titel'", plot.roc, {y, a, titel = ""})
  refuses("must be square", plot.confusion_matrix, {{{1, 2}}})
  refuses("0 or above, not -1", plot.confusion_matrix, {{{1, -1}, {0, 0}}})
  refuses("needs a matrix", plot.confusion_matrix, {})
  refuses("takes a frame", plot.confusion_matrix, {"m"})
  refuses("no classes", plot.confusion_matrix, {{}})
end

local curves = {
  accuracy = {.86, .94, .96}, loss = {1.2, .95, .9}, val_accuracy = {.5, .56, .63},
  val_loss = {9.1, 7.4, 5.2}, lr = {.001, .001, .0005},
}

function test_history_says_that_the_loss_is_weighted()
  local svg = drawn(plot.history{history = curves, class_weight = {NORMAL = .74, PNEUMONIA = .26}})
  lu.assertStrContains(svg, "train, class-weighted (1.02 ± 0.13)")
  lu.assertStrContains(svg, "train (0.92 ± 0.04)") -- the accuracy is not
  lu.assertStrContains(svg, "validation (7.23 ± 1.60)")
  lu.assertNil(svg:find(">lr<"))
  svg = plot.history{history = curves, class_weight = "balanced"}:svg()
  lu.assertStrContains(svg, "train, class-weighted")
  lu.assertNil(plot.history{history = curves, class_weight = {}}:svg():find("class-weighted", 1, true))
  svg = drawn(plot.history{history = curves})
  lu.assertNil(svg:find("class-weighted", 1, true))
end

function test_history_of_chosen_metrics()
  lu.assertStrContains(plot.history{{history = curves}, metrics = {"lr"}}:svg(), ">lr<")
  lu.assertEquals(#plot.history(curves).figs, 2)
  refuses("did you mean 'loss'?", plot.history, {curves, metrics = {"los"}})
end

os.exit(lu.LuaUnit.run())
