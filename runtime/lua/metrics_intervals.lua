-- Confidence intervals: Wilson's for a share, the bootstrap for any measure.
local parts = ...
local core, read, define, curves = parts.core, parts.read, parts.define, parts.curves
local fail = read.fail

local function confidence_of(options, name)
  return read.number(options, name, "confidence", 0.95, 0, 1, true)
end

local function sentence(estimate, low, high, confidence, more)
  return ("%.4f (%.6g %% confidence: %.4f to %.4f%s)"):format(estimate, confidence * 100, low, high,
                                                           more or "")
end

define("wilson", 2, {"confidence"}, function(options, name)
  local successes, n = options[1], options[2]
  if successes == nil or n == nil then fail("metrics.wilson needs metrics.wilson{successes, n}") end
  n = read.whole({n = n}, name, "n", nil, 1, 2 ^ 53 | 0)
  successes = read.whole({successes = successes}, name, "successes", nil, 0, n)
  local confidence = confidence_of(options, name)
  local low, high = curves.wilson(successes, n, confidence)
  return parts.record({
    {"estimate", successes / n}, {"low", low}, {"high", high}, {"confidence", confidence},
    {"successes", successes}, {"n", n},
  }, sentence(successes / n, low, high, confidence))
end)

-- ---- what is drawn ----

-- The items of each group, groups in order of appearance; without groups each item is one.
local function units_of(groups, count, name)
  local list, at = {}, {}
  if groups == nil then
    for i = 1, count do list[i] = {i} end
    return list
  end
  if type(groups) ~= "table" and core.shape(groups) == nil then
    fail("metrics.%s: groups must be an array of patients, not a %s", name, type(groups))
  end
  if core.shape(groups) then groups = core.numbers(groups, "groups") end
  if #groups ~= count then fail("y_true has %d items, but groups has %d", count, #groups) end
  for i, group in ipairs(groups) do
    if not at[group] then
      list[#list + 1] = {}
      at[group] = list[#list]
    end
    table.insert(at[group], i)
  end
  return list
end

-- The class that all items of a unit have; nil where they have several.
local function class_of(unit, truth)
  for _, i in ipairs(unit) do
    if truth[i] ~= truth[unit[1]] then return nil end
  end
  return truth[unit[1]]
end

-- Units by stratum: the class when stratified, else all together.
local function strata_of(list, truth, stratified)
  local strata, at = {}, {}
  for _, unit in ipairs(list) do
    local key = stratified and class_of(unit, truth) or 0
    if stratified and not class_of(unit, truth) then
      fail("metrics.bootstrap: a group has items of several classes: stratified = false draws it")
    end
    if not at[key] then
      strata[#strata + 1] = {}
      at[key] = strata[#strata]
    end
    table.insert(at[key], unit)
  end
  return strata
end

-- The arrays that C draws from: see pn_units.
local function layout(strata, seed)
  local units = {first = {0}, item = {}, stratum = {0}, seed = seed}
  for _, stratum in ipairs(strata) do
    for _, unit in ipairs(stratum) do
      for _, i in ipairs(unit) do units.item[#units.item + 1] = i - 1 end
      units.first[#units.first + 1] = #units.item
    end
    units.stratum[#units.stratum + 1] = #units.first - 1
  end
  return units
end

-- ---- measures ----

-- Measures by name: what C calls them, the class that must be there (both: either), and whether
-- scores must be probabilities.
local measures = {
  auc = {needs = "both"}, average_precision = {needs = 1}, accuracy = {},
  balanced_accuracy = {needs = "both"}, precision = {}, recall = {needs = 1},
  sensitivity = {needs = 1, as = "recall"}, specificity = {needs = 0}, f1 = {},
  brier = {probabilities = true}, log_loss = {probabilities = true},
}

local function measure_names()
  local names = {}
  for name in pairs(measures) do names[#names + 1] = name end
  table.sort(names)
  return names
end

local BLOCK = 2000000 -- items drawn between two looks at Ctrl-C

-- Estimate, values of the resamples and how many were drawn again, of a measure that C computes.
local function by_name(options, name, units, n)
  local metric = read.word(options, name, "metric", "auc", measure_names())
  local how = measures[metric]
  local truth, scores, dtype = read.binary(options, name)
  if how.needs then read.both_classes(truth, metric, how.needs ~= "both" and how.needs or nil) end
  if how.probabilities then read.check_probabilities(scores, 1, name) end
  local parameter = read.number(options, name, "threshold", 0.5, -1e300, 1e300)
  if metric == "log_loss" then parameter = parts.epsilon(dtype) end
  local native, values, again = how.as or metric, {}, 0
  local step = math.max(1, BLOCK // #truth)
  for from = 1, n, step do
    local to = math.min(n, from + step - 1)
    local block, redrawn = core.resamples(native, parameter, truth, scores, units, from, to)
    table.move(block, 1, #block, #values + 1, values)
    again = again + redrawn
  end
  return core.measure(native, parameter, truth, scores), values, again
end

local function number_from(metric, truth, scores)
  local value = metric(truth, scores)
  if type(value) ~= "number" or value ~= value then
    fail("metrics.bootstrap: the metric must return a number, not %s",
         type(value) == "number" and "NaN" or "a " .. type(value))
  end
  return value
end

-- The same of a Lua function of labels and scores; rows of (N, C) scores are arrays.
local function by_function(options, name, units, n, dense)
  local s = read.scored(options, name)
  local scores, values, again = s.flat, {}, 0
  if s.columns > 1 then
    scores = {}
    for i = 1, s.count do
      scores[i] = table.move(s.flat, (i - 1) * s.columns + 1, i * s.columns, 1, {})
    end
  end
  for number = 1, n do
    local places, redrawn = core.draw(dense, units, number)
    local y, x = {}, {}
    for k, i in ipairs(places) do y[k], x[k] = s.truth[i], scores[i] end
    values[number], again = number_from(options.metric, y, x), again + redrawn
  end
  return number_from(options.metric, s.truth, scores), values, again
end

-- ---- the bootstrap ----

local options_of_bootstrap = {"metric", "n", "seed", "confidence", "groups", "stratified",
                              "threshold"}

-- The percentile interval of a measure over resamples of items, within classes; or of groups.
define("bootstrap", 2, options_of_bootstrap, function(options, name)
  local truth = read.scored(options, name).truth
  local n = read.whole(options, name, "n", 2000, 10, 10000000)
  local seed = read.whole(options, name, "seed", core.run_seed(), math.mininteger, math.maxinteger)
  local confidence = confidence_of(options, name)
  local stratified = read.flag(options, name, "stratified", options.groups == nil)
  local list = units_of(options.groups, #truth, name)
  local units = layout(strata_of(list, truth, stratified), seed)
  local run = type(options.metric) == "function" and by_function or by_name
  local estimate, values, again = run(options, name, units, n, truth)
  table.sort(values)
  local tail = (1 - confidence) / 2
  local low, high = curves.quantile(values, tail), curves.quantile(values, 1 - tail)
  local more = options.groups and ("; %d groups"):format(#list) or ""
  if again > 0 then more = ("%s; %d resamples with a class missing drawn again"):format(more, again) end
  return parts.record({
    {"estimate", estimate}, {"low", low}, {"high", high}, {"confidence", confidence},
    {"resamples", n}, {"redrawn", again}, {"units", #list}, {"seed", seed},
  }, sentence(estimate, low, high, confidence, more))
end)
