-- What metrics are computed of: labels and scores, read from tensors and Lua arrays and checked.
local core = ...
local read = {}

function read.fail(format, ...)
  core.fail(format:format(...))
end
local fail = read.fail

-- ---- numbers ----

local function nested(value, what)
  local flat, columns = {}, nil
  for i, row in ipairs(value) do
    local list = core.numbers(row, what)
    columns = columns or #list
    if #list ~= columns then
      fail("%s: row %d has %d numbers, but row 1 has %d", what, i, #list, columns)
    end
    table.move(list, 1, columns, #flat + 1, flat)
  end
  return flat, columns
end

-- The numbers of a value row by row, how many rows there are, how many columns, and the type's
-- name (nil: no tensor). Values of one axis have one column.
local function rows_of(value, what)
  local shape, dtype = core.shape(value)
  local flat, columns
  if shape then
    if #shape < 1 or #shape > 2 then
      fail("%s must be (N,), (N, 1) or (N, C), not (%s)", what, table.concat(shape, ", "))
    end
    flat, columns = core.numbers(value, what), shape[2] or 1
  elseif type(value) == "table" and (type(value[1]) == "table" or core.shape(value[1])) then
    flat, columns = nested(value, what)
  else
    flat, columns = core.numbers(value, what), 1
  end
  local count = columns > 0 and #flat // columns or 0
  if count == 0 then fail("%s is empty", what) end
  return flat, count, columns, dtype
end

local function check_finite(flat, columns, what)
  for i, v in ipairs(flat) do
    if v ~= v or v == math.huge or v == -math.huge then
      fail("%s: item %d is %s", what, (i - 1) // columns + 1, v ~= v and "NaN" or "infinite")
    end
  end
end

local function same_length(a, a_name, b, b_name)
  if a ~= b then fail("%s has %d items, but %s has %d", a_name, a, b_name, b) end
end

-- ---- labels ----

-- The label of each row of class scores: the place of its greatest number, from 0.
local function greatest(flat, count, columns)
  local labels = {}
  for i = 1, count do
    local best, first = 1, (i - 1) * columns
    for c = 2, columns do
      if flat[first + c] > flat[first + best] then best = c end
    end
    labels[i] = best - 1
  end
  return labels
end

local function whole(v, i, what)
  local label = math.tointeger(v)
  if not label then
    fail("%s: item %d is %.6g, but labels are whole numbers; make labels of scores first, as "
         .. "p:gt(0.5)", what, i, v)
  end
  return label
end

-- Labels as whole numbers; of (N, C) numbers, the class with the greatest one.
function read.labels(value, what)
  local flat, count, columns = rows_of(value, what)
  check_finite(flat, columns, what)
  if columns > 1 then return greatest(flat, count, columns) end
  local labels = {}
  for i, v in ipairs(flat) do labels[i] = whole(v, i, what) end
  return labels
end

-- True labels; (N, C) must be one-hot.
function read.truth(value)
  local flat, count, columns = rows_of(value, "y_true")
  if columns > 1 then
    for i = 1, count do
      local ones, others = 0, 0
      for c = 1, columns do
        local v = flat[(i - 1) * columns + c]
        if v == 1 then ones = ones + 1 elseif v ~= 0 then others = others + 1 end
      end
      if ones ~= 1 or others > 0 then
        fail("y_true: row %d of %d columns is not one-hot; y_true takes labels", i, columns)
      end
    end
  end
  return read.labels(value, "y_true")
end

-- The two label lists of a call.
function read.pair(options, name)
  if options[1] == nil or options[2] == nil then
    fail("metrics.%s needs labels and predictions: metrics.%s{y_true, y_pred}", name, name)
  end
  local truth, predicted = read.truth(options[1]), read.labels(options[2], "y_pred")
  same_length(#truth, "y_true", #predicted, "y_pred")
  return truth, predicted
end

-- The different values of some label lists, rising.
function read.distinct(...)
  local seen, list = {}, {}
  for _, labels in ipairs{...} do
    for _, label in ipairs(labels) do
      if not seen[label] then
        seen[label] = true
        list[#list + 1] = label
      end
    end
  end
  table.sort(list)
  return list
end

-- ---- scores ----

-- True labels and scores: {truth, flat, count, columns, dtype}. One score an item is that of class
-- 1, and of two columns the second is.
function read.scored(options, name)
  if options[1] == nil or options[2] == nil then
    fail("metrics.%s needs labels and scores: metrics.%s{y_true, y_score}", name, name)
  end
  local truth = read.truth(options[1])
  local flat, count, columns, dtype = rows_of(options[2], "y_score")
  same_length(#truth, "y_true", count, "y_score")
  check_finite(flat, columns, "y_score")
  if columns == 2 then
    local second = {}
    for i = 1, count do second[i] = flat[2 * i] end
    flat, columns = second, 1
  end
  local most = math.max(columns, 2) - 1
  for i, label in ipairs(truth) do
    if label < 0 or label > most then
      fail("metrics.%s: y_true: item %d is %d, but with %s the labels are %s", name, i, label,
           columns == 1 and "one score an item" or columns .. " scores an item",
           columns == 1 and "0 and 1" or "0 to " .. most)
    end
  end
  return {truth = truth, flat = flat, count = count, columns = columns, dtype = dtype}
end

-- The same for functions of two classes alone: labels and scores.
function read.binary(options, name)
  local s = read.scored(options, name)
  if s.columns > 1 then
    fail("metrics.%s compares two classes, but y_score has %d columns", name, s.columns)
  end
  return s.truth, s.flat, s.dtype
end

-- Refuses labels that lack class 0 or 1, where `what` is not defined then.
function read.both_classes(truth, what, only)
  local seen = {}
  for _, label in ipairs(truth) do seen[label] = true end
  for label = 0, 1 do
    if not seen[label] and (not only or only == label) then
      fail("y_true has no item of class %d: %s is not defined", label, what)
    end
  end
end

function read.check_probabilities(scores, columns, name)
  for i, v in ipairs(scores) do
    if v < 0 or v > 1 then
      fail("metrics.%s takes probabilities, but y_score: item %d is %.6g", name,
           (i - 1) // columns + 1, v)
    end
  end
end

-- ---- options ----

local function wrong(name, option, expected, value)
  fail("metrics.%s: %s must be %s, not %s", name, option, expected,
       type(value) == "number" and ("%.6g"):format(value) or type(value) == "string"
       and "'" .. value .. "'" or "a " .. type(value))
end

-- A number from `low` to `high`; `open`: the ends themselves are out.
function read.number(options, name, option, preset, low, high, open)
  local v = options[option]
  if v == nil then return preset end
  local inside = type(v) == "number" and v >= low and v <= high
  if not inside or (open and (v == low or v == high)) then
    wrong(name, option, (open and "a number between %.6g and %.6g"
                         or "a number from %.6g to %.6g"):format(low, high), v)
  end
  return v
end

function read.whole(options, name, option, preset, low, high)
  local v = options[option]
  if v == nil then return preset end
  local n = type(v) == "number" and math.tointeger(v)
  if not n or n < low or n > high then
    wrong(name, option, ("a whole number from %d to %d"):format(low, high), v)
  end
  return n
end

-- One of some words.
function read.word(options, name, option, preset, words)
  local v = options[option]
  if v == nil then return preset end
  for _, word in ipairs(words) do
    if v == word then return v end
  end
  local near = type(v) == "string" and core.suggest(v, words)
  wrong(name, option, "'" .. table.concat(words, "', '") .. "'"
        .. (near and " (did you mean '" .. near .. "'?)" or ""), v)
end

function read.flag(options, name, option, preset)
  local v = options[option]
  if v == nil then return preset end
  if type(v) ~= "boolean" then wrong(name, option, "true or false", v) end
  return v
end

return read
