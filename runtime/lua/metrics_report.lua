-- metrics.classification_report: as scikit-learn prints it, and as pandas shows it.
local parts = ...
local core, read, define, labels = parts.core, parts.read, parts.define, parts.labels

local keys = {"precision", "recall", "f1-score", "support"}
local short = {f1 = "f1-score"} -- report["1"].f1 is easier to write

local Report = {__name = "pneuma.metrics.report"}
local methods = {}
local data = setmetatable({}, {__mode = "k"}) -- report -> {names = {...}, rows = {name = row}, ...}

-- ---- rows ----

local Row = {}

function Row.__index(row, key)
  if short[key] then return row[short[key]] end
  local near = core.suggest(tostring(key), keys)
  core.fail(("a row of the report has no '%s'; %s"):format(tostring(key),
    near and "did you mean '" .. near .. "'?" or "it has: " .. table.concat(keys, ", ")))
end

local function row_of(scores, support)
  scores.support = support
  return setmetatable(scores, Row)
end

-- ---- the text ----

local function width_of(text)
  return utf8.len(text) or #text
end

local blank = (" "):rep(10)

-- The cells of one line; the accuracy has no precision and no recall. Where no prediction at all is
-- right, scikit-learn's support is a float, and so it is printed here.
local function cells_of(d, row)
  local number = (" %%9.%df"):format(d.digits)
  local count = d.none_right and " %9.1f" or " %9d"
  if type(row) == "number" then
    return blank .. blank .. number:format(row) .. count:format(d.total)
  end
  return number:rep(3):format(row.precision, row.recall, row.f1) .. count:format(row.support)
end

local function text_of(d)
  local width = math.max(#"weighted avg", d.digits)
  for _, name in ipairs(d.names) do width = math.max(width, width_of(name)) end
  local lines = {(" "):rep(width + 1) .. (" %9s"):rep(4):format(table.unpack(keys))}
  for k, name in ipairs(d.names) do
    if k == 1 or k == d.classes + 1 then lines[#lines + 1] = "" end
    lines[#lines + 1] = (" "):rep(width - width_of(name)) .. name .. " " .. cells_of(d, d.rows[name])
  end
  return table.concat(lines, "\n") .. "\n"
end

-- ---- the object ----

-- The report as a frame: rows precision, recall, f1-score and support, a column a class and
-- average; the accuracy stands in all rows, as pandas shows it.
local function table_of(d)
  local columns = {{"", keys}}
  for c, name in ipairs(d.names) do
    local row, column = d.rows[name], {}
    for k, key in ipairs(keys) do column[k] = type(row) == "number" and row or row[key] + 0.0 end
    columns[c + 1] = {name, column}
  end
  return core.frame(columns)
end

-- A class or an average by name; a number for "accuracy".
function methods.row(self, name)
  local d = data[self]
  if d.rows[name] then return d.rows[name] end
  local near = core.suggest(tostring(name), d.names)
  core.fail(("the report has no '%s'; %s"):format(tostring(name),
    math.type(name) == "integer" and d.rows[tostring(name)]
      and ("a class is named by its label: report[\"%d\"]"):format(name)
    or near and "did you mean '" .. near .. "'?" or "it has: " .. table.concat(d.names, ", ")))
end

-- report.table is the frame and report.text what it prints; other names are rows.
function Report.__index(self, name)
  if methods[name] then return methods[name] end
  if name == "table" then return table_of(data[self]) end
  if name == "text" then return text_of(data[self]) end
  return methods.row(self, name)
end

function Report.__tostring(self)
  return text_of(data[self])
end

Report.__mime = {
  ["text/plain"] = Report.__tostring,
  ["text/html"] = function(self) return parts.html(self.table) end,
}
core.run("methods", core)(methods, Report, "report")

local options_of_report = {"target_names", "labels", "digits"}
define("classification_report", 2, options_of_report, function(options, name)
  local digits = read.whole(options, name, "digits", 2, 0, 60)
  local c = labels.count(options, name)
  labels.warn(c, {precision = true, recall = true})
  local d = {names = c.names, classes = #c.names, rows = {}, digits = digits, total = 0,
             none_right = c.right == 0}
  for i, class in ipairs(c.names) do
    d.rows[class] = row_of(labels.scores(c.tp[i], c.called[i], c.support[i]), c.support[i])
    d.total = d.total + c.support[i]
  end
  local function add(heading, row)
    if d.rows[heading] then
      read.fail("metrics.%s: a class cannot be called '%s', as a row of the report is", name, heading)
    end
    d.names[#d.names + 1], d.rows[heading] = heading, row
  end
  local micro = labels.average(c, "micro")
  if c.all then
    add("accuracy", micro["f1-score"])
  else
    add("micro avg", row_of(micro, d.total))
  end
  for _, how in ipairs{"macro", "weighted"} do
    add(how .. " avg", row_of(labels.average(c, how), d.total))
  end
  local self = setmetatable({}, Report)
  data[self] = d
  return self
end)
