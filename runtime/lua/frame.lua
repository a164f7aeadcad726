-- frame: tables with ordered columns. frame{{"class", {...}}, {"count", {...}}} makes one.
local core = ...
local text = core.run("frame_text", core)

local Frame = {__name = "pneuma.frame"}
local methods = {}
local data = setmetatable({}, {__mode = "k"}) -- frame -> {names = {...}, columns = {name = {...}}, n}

local function fail(format, ...)
  core.fail(string.format(format, ...))
end

-- ---- making ----

local function new(names, columns, n)
  local f = setmetatable({}, Frame)
  data[f] = {names = names, columns = columns, n = n}
  return f
end

-- A column's values as a Lua array of its own. A tensor must have one axis.
local function values(value, name)
  local shape = core.shape(value)
  if shape then
    if #shape > 1 then
      fail("column '%s' must have one axis; the tensor is (%s)", name, table.concat(shape, ", "))
    end
    return core.numbers(value, "column '" .. name .. "'"), shape[1]
  end
  if type(value) ~= "table" then
    fail("column '%s' must be an array or a tensor, not a %s", name, type(value))
  end
  return table.move(value, 1, #value, 1, {}), #value
end

local function add_name(names, columns, name)
  if type(name) ~= "string" then fail("a column's name must be a string, not a %s", type(name)) end
  if columns[name] then fail("a frame cannot have two columns '%s'", name) end
  names[#names + 1] = name
end

-- {{"name", values}, ...}: `n` is the length that all share; nil inside a column is not allowed.
local function from_columns(list)
  local names, columns, n = {}, {}, nil
  for i, item in ipairs(list) do
    if type(item) ~= "table" or #item < 1 or #item > 2 then
      fail("column %d of a frame must be {name, values}", i)
    end
    add_name(names, columns, item[1])
    local column, count = values(item[2], item[1])
    if n and count ~= n then
      fail("column '%s' has %d values, but '%s' has %d", item[1], count, names[1], n)
    end
    n = n or count
    columns[item[1]] = column
  end
  return new(names, columns, n or 0)
end

-- {columns = {"name", ...}, {value, ...}, ...}: row by row.
local function from_rows(options)
  local names, columns = {}, {}
  for _, name in ipairs(options.columns) do
    add_name(names, columns, name)
    columns[name] = {}
  end
  for i, row in ipairs(options) do
    if type(row) ~= "table" or #row ~= #names then
      fail("row %d of the frame has %s, but there are %d columns", i,
           type(row) == "table" and #row .. " values" or "no values", #names)
    end
    for c, name in ipairs(names) do columns[name][i] = row[c] end
  end
  return new(names, columns, #options)
end

local function make(list)
  if type(list) ~= "table" then
    fail("frame takes a table: frame{{name, values}, ...}, not a %s", type(list))
  end
  core.options(list, "frame", 0x7fffffff, {"columns"})
  if list.columns then return from_rows(list) end
  return from_columns(list)
end

-- ---- reading ----

local function unknown_column(self, name)
  local names = data[self].names
  local near = core.suggest(tostring(name), names)
  fail("the frame has no column '%s'; %s", tostring(name),
       near and "did you mean '" .. near .. "'?"
       or #names > 0 and "it has: " .. table.concat(names, ", ") or "it has none")
end

local function column(self, name)
  local values_of = data[self].columns[name]
  if not values_of then unknown_column(self, name) end
  return values_of
end

-- f.name is a column unless it is a method; f:column(name) always is one.
function Frame.__index(self, name)
  local values_of = data[self].columns[name]
  if values_of then return values_of end
  if methods[name] then return methods[name] end
  unknown_column(self, name)
end

function Frame.__newindex(self, name, value)
  methods.add(self, name, value)
end

function Frame.__len(self)
  return data[self].n
end

-- The columns' names, in order.
function methods.columns(self)
  return table.move(data[self].names, 1, #data[self].names, 1, {})
end

function methods.column(self, name)
  return column(self, name)
end

-- Row i as a table by column name.
function methods.row(self, i)
  local d = data[self]
  if math.type(i) ~= "integer" or i < 1 or i > d.n then
    fail("the frame has rows 1 to %d, not %s", d.n, tostring(i))
  end
  local row = {}
  for _, name in ipairs(d.names) do row[name] = d.columns[name][i] end
  return row
end

-- for i, row in f:rows() do ... end
function methods.rows(self)
  local i = 0
  return function()
    i = i + 1
    if i <= data[self].n then return i, self:row(i) end
  end
end

-- ---- new frames from old ----

local function take(self, order)
  local d, columns = data[self], {}
  for _, name in ipairs(d.names) do
    local from, into = d.columns[name], {}
    for i, at in ipairs(order) do into[i] = from[at] end
    columns[name] = into
  end
  return new(self:columns(), columns, #order)
end

local function span(first, last)
  local order = {}
  for i = first, last do order[#order + 1] = i end
  return order
end

-- f:select{"a", "b"}: these columns, in this order.
function methods.select(self, names)
  if type(names) == "string" then names = {names} end
  local list = {}
  for i, name in ipairs(names) do list[i] = {name, column(self, name)} end
  return from_columns(list)
end

-- f:filter(function(row) return row.count > 3 end): the rows for which it is true.
function methods.filter(self, keep)
  local order = {}
  for i, row in self:rows() do
    if keep(row) then order[#order + 1] = i end
  end
  return take(self, order)
end

-- Numbers before strings before the rest; NaN last.
local function before(a, b)
  if type(a) ~= type(b) or (type(a) ~= "number" and type(a) ~= "string") then
    local rank = {number = 1, string = 2, boolean = 3}
    local x, y = rank[type(a)] or 4, rank[type(b)] or 4
    if x ~= y then return x < y end
    return tostring(a) < tostring(b)
  end
  if a ~= a or b ~= b then return a == a end
  return a < b
end

-- f:sort{by = "count", descending = true}: rows in order; equal ones keep theirs. `by` may be a
-- list of columns.
function methods.sort(self, options)
  if type(options) == "string" then options = {by = options} end
  core.options(options, "frame:sort", 1, {"by", "descending"})
  local by = options.by or options[1]
  if by == nil then fail("frame:sort needs a column: f:sort{by = \"count\"}") end
  local keys = {}
  for i, name in ipairs(type(by) == "table" and by or {by}) do keys[i] = column(self, name) end
  local order = span(1, #self)
  table.sort(order, function(i, j)
    for _, key in ipairs(keys) do
      local a, b = key[i], key[j]
      if options.descending then a, b = b, a end
      if before(a, b) then return true end
      if before(b, a) then return false end
    end
    return i < j
  end)
  return take(self, order)
end

function methods.head(self, n)
  return take(self, span(1, math.min(n or 5, #self)))
end

function methods.tail(self, n)
  return take(self, span(math.max(1, #self - (n or 5) + 1), #self))
end

-- f:add("ratio", values) or f:add("ratio", function(row)): this frame gets (or replaces) a column.
function methods.add(self, name, value)
  local d = data[self]
  if type(name) ~= "string" then fail("a column's name must be a string, not a %s", type(name)) end
  local list, count
  if type(value) == "function" then
    list, count = {}, d.n
    for i, row in self:rows() do list[i] = value(row) end
  else
    list, count = values(value, name)
  end
  if #d.names == 0 then d.n = count end
  if count ~= d.n or #list ~= d.n then
    fail("column '%s' has %d values, but the frame has %d rows", name, #list, d.n)
  end
  if not d.columns[name] then d.names[#d.names + 1] = name end
  d.columns[name] = list
  return self
end

-- f:map("count", function(value, row)): a frame with that column changed.
function methods.map(self, name, change)
  local old, list = column(self, name), {}
  for i, row in self:rows() do list[i] = change(old[i], row) end
  return take(self, span(1, #self)):add(name, list)
end

-- ---- summaries ----

local function numbers_of(list)
  local out = {}
  for _, v in ipairs(list) do
    if type(v) == "number" and v == v then out[#out + 1] = v end
  end
  return out
end

-- The q-quantile of sorted numbers, linear between neighbours (as numpy.quantile).
local function quantile(sorted, q)
  if #sorted == 0 then return 0 / 0 end
  local at = 1 + (#sorted - 1) * q
  local low = math.floor(at)
  local high = math.min(low + 1, #sorted)
  return sorted[low] + (sorted[high] - sorted[low]) * (at - low)
end

local function sum(list)
  local total = 0
  for _, v in ipairs(list) do total = total + v end
  return total
end

local function mean(list)
  return #list > 0 and sum(list) / #list or 0 / 0
end

-- Standard deviation over n - 1, as pandas has it.
local function deviation(list)
  if #list < 2 then return 0 / 0 end
  local m, squares = mean(list), 0
  for _, v in ipairs(list) do squares = squares + (v - m) ^ 2 end
  return math.sqrt(squares / (#list - 1))
end

local function sorted(list)
  table.sort(list)
  return list
end

local aggregates = {
  count = function(list) return #list end,
  sum = function(list) return sum(numbers_of(list)) end,
  mean = function(list) return mean(numbers_of(list)) end,
  std = function(list) return deviation(numbers_of(list)) end,
  min = function(list) return sorted(numbers_of(list))[1] or 0 / 0 end,
  max = function(list) local s = sorted(numbers_of(list)); return s[#s] or 0 / 0 end,
  median = function(list) return quantile(sorted(numbers_of(list)), 0.5) end,
  first = function(list) return list[1] end,
  last = function(list) return list[#list] end,
}

local function aggregate_names()
  local names = {}
  for name in pairs(aggregates) do names[#names + 1] = name end
  table.sort(names)
  return names
end

local function aggregate(self, name, spec)
  local how, from = spec, nil
  if type(spec) == "table" then how, from = spec[1], spec[2] end
  if type(how) == "function" then return how, from end
  if not aggregates[how] then
    local near = core.suggest(tostring(how), aggregate_names())
    fail("frame:groupby knows no '%s'; %s", tostring(how),
         near and "did you mean '" .. near .. "'?" or "there are: "
         .. table.concat(aggregate_names(), ", "))
  end
  if how ~= "count" and not from then
    fail("frame:groupby: '%s' needs a column: %s = {\"%s\", \"column\"}", name, name, how)
  end
  if from then column(self, from) end
  return aggregates[how], from
end

local function groups(self, keys)
  local list, at = {}, {}
  for i = 1, #self do
    local parts = {}
    for k, key in ipairs(keys) do
      local v = tostring(key[i])
      parts[k] = #v .. ":" .. type(key[i]) .. v
    end
    local id = table.concat(parts)
    if not at[id] then
      list[#list + 1] = {}
      at[id] = list[#list]
    end
    table.insert(at[id], i)
  end
  return list
end

-- f:groupby{"class", images = "count", width = {"mean", "width"}}: one row a group, groups in
-- order of appearance. The unnamed values are the columns that form groups; the named ones are new
-- columns, in alphabetical order: an aggregate's name, {aggregate, column}, or {function, column}.
function methods.groupby(self, options)
  if type(options) ~= "table" or #options == 0 then
    fail("frame:groupby needs a column: f:groupby{\"class\", n = \"count\"}")
  end
  local keys, news = {}, {}
  for k, name in ipairs(options) do keys[k] = column(self, name) end
  for name in pairs(options) do
    if type(name) == "string" then news[#news + 1] = name end
  end
  table.sort(news)
  local list, found = {}, groups(self, keys)
  for k, name in ipairs(options) do
    list[k] = {name, {}}
    for g, rows in ipairs(found) do list[k][2][g] = keys[k][rows[1]] end
  end
  for _, name in ipairs(news) do
    local how, from = aggregate(self, name, options[name])
    local source, out = from and column(self, from), {}
    for g, rows in ipairs(found) do
      local part = {}
      for i, at in ipairs(rows) do part[i] = source and source[at] or at end
      out[g] = how(part)
    end
    list[#list + 1] = {name, out}
  end
  return from_columns(list)
end

-- count, mean, std, min, quartiles and max of each column of numbers.
function methods.describe(self)
  local rows = {"count", "mean", "std", "min", "25%", "50%", "75%", "max"}
  local list = {{"", rows}}
  for _, name in ipairs(data[self].names) do
    local all = column(self, name)
    local s = sorted(numbers_of(all))
    if #s > 0 and type(all[1]) == "number" then
      list[#list + 1] = {name, {#s, mean(s), deviation(s), s[1], quantile(s, 0.25),
                                quantile(s, 0.5), quantile(s, 0.75), s[#s]}}
    end
  end
  return from_columns(list)
end

-- ---- out and in ----

function Frame.__tostring(self)
  return text.plain(data[self])
end

Frame.__mime = {
  ["text/html"] = function(self) return text.html(data[self]) end,
  ["text/plain"] = Frame.__tostring,
}

-- The frame as CSV (RFC 4180); with a path it is written there.
function methods.csv(self, path)
  local out = text.csv(data[self])
  if path == nil then return out end
  core.write(path, out)
  return self
end

local module = {}

-- frame.read_csv(path), frame.parse_csv(string): the first row names the columns; a column whose
-- cells are all numbers (or empty: NaN) becomes numbers.
function module.parse_csv(source)
  local names, columns, n = text.parse_csv(source, fail)
  return new(names, columns, n)
end

function module.read_csv(path)
  return module.parse_csv(core.read(path))
end

-- frame.new is the same as calling frame itself.
function module.new(list)
  return make(list)
end

-- frame.is(value): whether it is a frame.
function module.is(value)
  return getmetatable(value) == Frame
end

core.run("methods", core)(methods, Frame, "f")
return setmetatable(module, {__call = function(_, list) return make(list) end})
