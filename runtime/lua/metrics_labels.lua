-- Measures of predicted labels: accuracy, precision, recall, F1 and the confusion matrix.
local parts = ...
local core, read, define = parts.core, parts.read, parts.define
local fail = read.fail

local labels = {}
parts.labels = labels

-- ---- counting ----

-- The labels that a call is about: option `labels`, else those that occur, rising.
local function wanted(options, truth, predicted)
  local found = read.distinct(truth, predicted)
  if options.labels == nil then return found, true end
  local given, at = read.labels(options.labels, "labels"), {}
  for i, label in ipairs(given) do
    if at[label] then fail("labels: %d stands there twice", label) end
    at[label] = i
  end
  local all, some = true, false
  for _, label in ipairs(found) do
    all, some = all and at[label] ~= nil, some or at[label] ~= nil
  end
  if not some then fail("labels: none of them occurs in y_true or y_pred") end
  return given, all
end

-- The classes' names: option `target_names`, else the labels.
local function names_of(options, list)
  local given, names = options.target_names, {}
  if given == nil then
    for i, label in ipairs(list) do names[i] = tostring(label) end
    return names
  end
  if type(given) ~= "table" then fail("target_names must be an array of names, not a %s", type(given)) end
  if #given ~= #list then
    fail("target_names has %d names, but there are %d classes (%s)%s", #given, #list,
         table.concat(list, ", "), options.labels and "" or "; option labels says which there are")
  end
  local seen = {}
  for i, name in ipairs(given) do
    if type(name) ~= "string" then fail("target_names: item %d is a %s", i, type(name)) end
    if seen[name] then fail("target_names: two classes are called '%s'", name) end
    seen[name], names[i] = true, name
  end
  return names
end

-- What a call counts: the labels and their names, tp, predicted and true items of each, whether the
-- labels are all that occur (all), and the right predictions among all items (right).
function labels.count(options, name)
  local truth, predicted = read.pair(options, name)
  local list, all = wanted(options, truth, predicted)
  local c = {labels = list, all = all, names = names_of(options, list),
             truth = truth, predicted = predicted, tp = {}, called = {}, support = {}, at = {}, right = 0}
  for i, label in ipairs(list) do
    c.at[label], c.tp[i], c.called[i], c.support[i] = i, 0, 0, 0
  end
  for k, label in ipairs(truth) do
    local t, p = c.at[label], c.at[predicted[k]]
    if t then c.support[t] = c.support[t] + 1 end
    if p then c.called[p] = c.called[p] + 1 end
    if t and t == p then c.tp[t] = c.tp[t] + 1 end
    if label == predicted[k] then c.right = c.right + 1 end
  end
  return c
end

-- ---- precision, recall, F1 ----

local function ratio(part, whole)
  return whole > 0 and part / whole or 0.0
end

-- Precision, recall and F1 of counts; 0 where nothing can be divided by.
function labels.scores(tp, called, support)
  return {precision = ratio(tp, called), recall = ratio(tp, support),
          ["f1-score"] = ratio(2 * tp, called + support)}
end

-- Says which classes have no precision or recall, so that they count as 0.
function labels.warn(c, wants)
  for _, w in ipairs{{"precision", c.called, "no item was predicted as"},
                     {"recall", c.support, "no true item is"}} do
    local classes = {}
    for i, n in ipairs(w[2]) do
      if n == 0 then classes[#classes + 1] = "'" .. c.names[i] .. "'" end
    end
    if wants[w[1]] and #classes > 0 then
      core.remark("warning", ("%s is not defined and set to 0: %s %s"):format(w[1], w[3],
        table.concat(classes, ", ")))
    end
  end
end

local function total(list)
  local sum = 0
  for _, v in ipairs(list) do sum = sum + v end
  return sum
end

-- The three measures over all classes: "micro", "macro" or "weighted".
function labels.average(c, how)
  if how == "micro" then
    return labels.scores(total(c.tp), total(c.called), total(c.support))
  end
  local sum, weights = {precision = 0, recall = 0, ["f1-score"] = 0}, 0
  local even = how == "macro" or total(c.support) == 0
  for i in ipairs(c.labels) do
    local w = even and 1 or c.support[i]
    for key, value in pairs(labels.scores(c.tp[i], c.called[i], c.support[i])) do
      sum[key] = sum[key] + w * value
    end
    weights = weights + w
  end
  for key, value in pairs(sum) do sum[key] = value / weights end
  return sum
end

local averages = {"binary", "macro", "micro", "weighted"}

local function measure(key, wants)
  return function(options, name)
    local how = read.word(options, name, "average", "binary", averages)
    local c = labels.count(options, name)
    if how ~= "binary" then
      if how ~= "micro" then labels.warn(c, wants) end
      return labels.average(c, how)[key]
    end
    local positive = read.whole(options, name, "pos_label", 1, math.mininteger, math.maxinteger)
    if #c.labels > 2 then
      fail("metrics.%s: there are %d classes (%s): say average = 'macro', 'micro' or 'weighted'",
           name, #c.labels, table.concat(c.labels, ", "))
    end
    local i = c.at[positive]
    if not i and #c.labels == 2 then
      fail("metrics.%s: pos_label %d does not occur; the classes are %d and %d", name, positive,
           c.labels[1], c.labels[2])
    end
    local one = {labels = {positive}, names = {tostring(positive)}, tp = {i and c.tp[i] or 0},
                 called = {i and c.called[i] or 0}, support = {i and c.support[i] or 0}}
    labels.warn(one, wants)
    return labels.scores(one.tp[1], one.called[1], one.support[1])[key]
  end
end

local options_of_measures = {"average", "pos_label", "labels"}
define("precision", 2, options_of_measures, measure("precision", {precision = true}))
define("recall", 2, options_of_measures, measure("recall", {recall = true}))
define("f1", 2, options_of_measures, measure("f1-score", {}))

-- ---- accuracy ----

define("accuracy_score", 2, {}, function(options, name)
  local truth, predicted = read.pair(options, name)
  local right = 0
  for i, label in ipairs(truth) do
    if label == predicted[i] then right = right + 1 end
  end
  return right / #truth
end)

-- The mean recall of the classes that there are.
define("balanced_accuracy", 2, {}, function(options, name)
  local c = labels.count(options, name)
  local sum, classes = 0, 0
  for i, n in ipairs(c.support) do
    if n > 0 then
      sum, classes = sum + c.tp[i] / n, classes + 1
    end
  end
  if classes < #c.labels then
    core.remark("warning", "y_pred has classes that y_true does not have: they are left out")
  end
  return sum / classes
end)

-- ---- confusion matrix ----

-- cells[t][p]: items of the t-th class that were predicted as the p-th.
local function cells_of(c)
  local cells = {}
  for t in ipairs(c.labels) do
    cells[t] = {}
    for p in ipairs(c.labels) do cells[t][p] = 0 end
  end
  for k, label in ipairs(c.truth) do
    local t, p = c.at[label], c.at[c.predicted[k]]
    if t and p then cells[t][p] = cells[t][p] + 1 end
  end
  return cells
end

local function normalized(cells, how)
  local rows, columns, all, out = {}, {}, 0, {}
  for t, row in ipairs(cells) do
    for p, n in ipairs(row) do
      rows[t], columns[p], all = (rows[t] or 0) + n, (columns[p] or 0) + n, all + n
    end
  end
  for t, row in ipairs(cells) do
    out[t] = {}
    for p, n in ipairs(row) do
      out[t][p] = ratio(n, how == "true" and rows[t] or how == "pred" and columns[p] or all)
    end
  end
  return out
end

-- A frame: a row a true class, a column a predicted one.
define("confusion_matrix", 2, {"labels", "target_names", "normalize"}, function(options, name)
  local how = read.word(options, name, "normalize", nil, {"true", "pred", "all"})
  local c = labels.count(options, name)
  local cells = cells_of(c)
  if how then cells = normalized(cells, how) end
  local columns = {{"true \\ predicted", c.names}}
  for p, class in ipairs(c.names) do
    local column = {}
    for t in ipairs(c.names) do column[t] = cells[t][p] end
    columns[p + 1] = {class, column}
  end
  return core.frame(columns)
end)
