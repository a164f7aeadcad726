-- plot.bar and plot.barh: counts as bars.
local parts = ...
local core, common, figure, plot = parts.core, parts.common, parts.figure, parts.plot
local fail = common.fail

-- ---- what may be given: {labels = {...}, series = {{name = , values = {...}}, ...}} ----

local function from_frame(f)
  local words, numbers = {}, {}
  for _, name in ipairs(f:columns()) do
    local column = f[name]
    local kind = type(column[1])
    local into = kind == "number" and numbers or words
    into[#into + 1] = {name = name, values = column}
  end
  if #numbers == 0 then fail("a frame of bars needs a column of numbers") end
  if #words >= 2 and #numbers == 1 then return nil, words[1], words[2], numbers[1] end
  local labels = {}
  for i = 1, #f do labels[i] = words[1] and tostring(words[1].values[i]) or tostring(i) end
  return {labels = labels, series = numbers}
end

-- A long table (series, label, number): one row a bar.
local function pivot(series, labels, numbers)
  local data, label_at, series_at = {labels = {}, series = {}}, {}, {}
  for i, name in ipairs(labels.values) do
    local s = tostring(series.values[i])
    name = tostring(name)
    if not label_at[name] then
      data.labels[#data.labels + 1] = name
      label_at[name] = #data.labels
    end
    if not series_at[s] then
      data.series[#data.series + 1] = {name = s, values = {}}
      series_at[s] = #data.series
    end
    local values = data.series[series_at[s]].values
    values[label_at[name]] = (values[label_at[name]] or 0) + numbers.values[i]
  end
  for _, s in ipairs(data.series) do
    for i = 1, #data.labels do s.values[i] = s.values[i] or 0 end
  end
  return data
end

-- {NORMAL = 3, ...}, or {train = {NORMAL = 3, ...}, ...}: names in alphabetical order.
local function from_names(map)
  local names = common.sorted_keys(map)
  if type(map[names[1]]) == "table" then
    local s, l, n = {values = {}}, {values = {}}, {values = {}}
    for _, name in ipairs(names) do
      for _, label in ipairs(common.sorted_keys(map[name])) do
        s.values[#s.values + 1], l.values[#l.values + 1] = name, label
        n.values[#n.values + 1] = map[name][label]
      end
    end
    return pivot(s, l, n)
  end
  local values = {}
  for i, name in ipairs(names) do values[i] = map[name] end
  return {labels = names, series = {{values = values}}}
end

-- {{"NORMAL", 3, ...}, ...}: a label and its numbers.
local function from_rows(rows)
  local data = {labels = {}, series = {}}
  for i, row in ipairs(rows) do
    if type(row) ~= "table" or #row ~= #rows[1] then
      fail("row %d of the bars must be a label and %d numbers", i, #rows[1] - 1)
    end
    data.labels[i] = tostring(row[1])
    for j = 2, #row do
      data.series[j - 1] = data.series[j - 1] or {values = {}}
      data.series[j - 1].values[i] = row[j]
    end
  end
  return data
end

local function from_lists(options)
  local first = options[1]
  local data = {labels = nil, series = {}}
  local has_labels = type(first) == "table" and type(first[1]) == "string"
  for i = has_labels and 2 or 1, #options do
    data.series[#data.series + 1] = {values = core.numbers(options[i], "the bars' values")}
  end
  data.labels = has_labels and first or {}
  if not has_labels and data.series[1] then
    for i = 1, #data.series[1].values do data.labels[i] = tostring(i) end
  end
  return data
end

local function read(options, name)
  local first = options[1]
  if first == nil then fail("%s needs values: %s{labels, values}", name, name) end
  if common.is_frame(first) then
    local data, s, l, n = from_frame(first)
    return data or pivot(s, l, n)
  end
  if type(first) ~= "table" or #options > 1 or common.is_tensor(first) then
    return from_lists(options)
  end
  if #first == 0 and next(first) ~= nil then return from_names(first) end
  if type(first[1]) == "table" then return from_rows(first) end
  return from_lists(options)
end

local function check(data, name)
  if #data.labels == 0 or #data.series == 0 then fail("%s has nothing to draw: no values", name) end
  for i, s in ipairs(data.series) do
    if #s.values ~= #data.labels then
      fail("%s has %d labels, but series %d has %d values", name, #data.labels, i, #s.values)
    end
    for j, v in ipairs(s.values) do
      if type(v) ~= "number" then
        fail("%s: the value of '%s' must be a number, not a %s", name, data.labels[j], type(v))
      end
    end
  end
end

local function sort(data, how)
  local order, first = {}, data.series[1].values
  for i in ipairs(data.labels) do order[i] = i end
  local before = {
    descending = function(a, b) return first[a] > first[b] end,
    ascending = function(a, b) return first[a] < first[b] end,
    label = function(a, b) return tostring(data.labels[a]) < tostring(data.labels[b]) end,
  }
  if not before[how] then
    fail("option 'sort' must be 'descending', 'ascending' or 'label', not '%s'", tostring(how))
  end
  table.sort(order, function(a, b)
    if before[how](a, b) then return true end
    if before[how](b, a) then return false end
    return a < b
  end)
  local function pick(list)
    local out = {}
    for i, at in ipairs(order) do out[i] = list[at] end
    return out
  end
  data.labels = pick(data.labels)
  for _, s in ipairs(data.series) do s.values = pick(s.values) end
end

-- ---- geometry ----

-- Low and high end of the value axis. A logarithmic one starts at a power of ten below the
-- smallest bar, or at half of it where the smallest bar would vanish.
local function limits(data, log)
  local lists = {}
  for i, s in ipairs(data.series) do lists[i] = s.values end
  if log then
    local low, high = common.extent(lists, common.positive)
    if not low then return 0.5, 10 end
    local start = 10.0 ^ math.floor(math.log(low, 10) + 1e-9)
    if low / start < 1.5 then start = start / 2 end
    return start, high
  end
  local low, high = common.extent(lists)
  low, high = math.min(0, low or 0), math.max(0, high or 1)
  if low == high then high = 1 end
  return low, high
end

local function bars_and_marks(fig, horizontal, low)
  local bars, marks, texts = {{}, {}, {}, {}, {}, {}, {}}, {{}, {}}, {}
  local slot = 0.8 / #fig.series
  local function bar(...)
    for c, v in ipairs{...} do bars[c][#bars[c] + 1] = v end
  end
  for s, series in ipairs(fig.series) do
    for i, value in ipairs(series.values) do
      local from = i - 0.4 + (s - 1) * slot
      local middle = from + slot / 2
      local thin = slot * (#fig.series > 1 and 0.04 or 0)
      local a, b = from + thin, from + slot - thin
      local color = tonumber(fig.colors[fig.per_bar and i or s]:sub(2), 16)
      local visible = common.finite(value) and value ~= 0 and (not fig.log or value > 0)
      local base = fig.log and low or 0
      if visible and horizontal then
        bar(value, middle, math.min(base, value), math.max(base, value), a, b, color)
      elseif visible then
        bar(middle, value, a, b, math.min(base, value), math.max(base, value), color)
      end
      local at = visible and value > base and value or base
      marks[horizontal and 1 or 2][#texts + 1] = at
      marks[horizontal and 2 or 1][#texts + 1] = middle
      texts[#texts + 1] = fig.values and common.number(value) or ""
    end
  end
  return bars, marks, texts
end

local function write(fig, script, box)
  local horizontal = fig.horizontal
  local low, high = limits(fig, fig.log)
  local bars, marks, texts = bars_and_marks(fig, horizontal, low)
  local longest, room = 1, 0
  for _, text in ipairs(texts) do room = math.max(room, #text) end
  local labels, most = {}, horizontal and 30 or math.max(14, box.width // #fig.labels // 7)
  for i, text in ipairs(fig.labels) do
    labels[i] = common.shorten(text, most)
    longest = math.max(longest, common.length(labels[i]))
  end
  -- Room for the numbers behind the longest bar.
  local share = horizontal and (room * 7 + 14) / (box.width * 0.75) or 0.09
  share = math.min(share, 0.4)
  if fig.log then
    high = low * (high / low) ^ (1 / (1 - share))
  else
    local span = (high - low) / (1 - share)
    if low < 0 then low = high - span end
    high = low + span * (low < 0 and 1 + share or 1)
  end
  common.write_tics(script, "x", fig.log and horizontal, low, high)
  common.write_tics(script, "y", fig.log and not horizontal, low, high)
  common.write_labels(script, fig, box, horizontal and longest * 7 + 30 or 60)
  script:number("pn_count", #labels)
  script:array("pn_label", labels, true)
  script:number("pn_rotate", longest * 7.2 * #labels > box.width - 70)
  script:number("pn_alpha", fig.alpha)
  script:number("pn_log", fig.log)
  script:number("pn_low", low)
  script:number("pn_high", high)
  script:block("pn_bars", {bars})
  script:block("pn_marks", {marks})
  script:array("pn_mark", texts)
  script:template(horizontal and "barh" or "bar")
end

-- ---- as text ----

local function lines(fig, width)
  local out, longest = {}, 0
  if fig.title ~= "" then out[1] = fig.title end
  local low, high = limits(fig, fig.log)
  local rows = {}
  for i, label in ipairs(fig.labels) do
    for s, series in ipairs(fig.series) do
      local name = #fig.series > 1 and label .. " " .. (fig.legend and fig.legend[s] or s) or label
      name = common.shorten(name, math.max(12, width // 2 - 8))
      rows[#rows + 1] = {name = name, value = series.values[i]}
      longest = math.max(longest, common.length(name))
    end
  end
  local room = math.max(8, width - longest - 12)
  for _, row in ipairs(rows) do
    local v, share = row.value, 0
    if fig.log and v > 0 then share = math.log(v / low) / math.log(high / low) end
    if not fig.log and high > 0 then share = v / high end
    local eighths = common.finite(share) and math.max(0, share * room * 8 // 1) | 0 or 0
    local bar = ("█"):rep(eighths // 8)
    if eighths % 8 > 0 then bar = bar .. utf8.char(0x2590 - eighths % 8) end
    out[#out + 1] = string.format("%s%s %s %s", row.name,
                                  (" "):rep(longest - common.length(row.name)), bar,
                                  common.number(v))
  end
  return table.concat(out, "\n") .. "\n"
end

-- ---- the functions ----

local function percentages(data)
  local total, names = 0, {}
  for _, v in ipairs(data.series[1].values) do total = total + v end
  for i, v in ipairs(data.series[1].values) do
    names[i] = string.format("%s (%.2f %%)", data.labels[i], total > 0 and 100 * v / total or 0)
  end
  return names
end

local function legend(options, data)
  if options.percent then
    if #data.series > 1 then fail("option 'percent' is for bars of one series") end
    return percentages(data), true
  end
  if #data.series == 1 and type(options.legend) == "table" and #options.legend == #data.labels then
    return common.names(options, "legend", #data.labels, "bars"), true
  end
  local names = common.names(options, "legend", #data.series, "series")
  if not names and #data.series > 1 and options.legend ~= false then
    names = {}
    for i, s in ipairs(data.series) do names[i] = s.name or "series " .. i end
  end
  return names, false
end

local function about(data, names)
  local list = {}
  for i, label in ipairs(data.labels) do
    for s, series in ipairs(data.series) do
      if #list == 12 then break end
      local who = #data.series > 1 and " " .. (names and names[s] or s) or ""
      list[#list + 1] = label .. who .. " " .. common.number(series.values[i])
    end
  end
  local count = #data.labels * #data.series
  return table.concat(list, ", ") .. (count > #list and ", ... (" .. count .. " bars)" or "")
end

local own = {"log", "alpha", "labels", "sort", "values", "percent"}

local function bars(options, name, horizontal)
  common.options(options, name, 1000, own)
  local data = read(options, name)
  check(data, name)
  data.labels = common.names(options, "labels", #data.labels, "bars") or data.labels
  if options.sort then sort(data, options.sort) end
  local names, per_bar = legend(options, data)
  local count = #data.labels * #data.series
  per_bar = per_bar or (#data.series == 1 and type(options.colors) == "table" and #options.colors > 1)
  local logx, logy = common.log(options, horizontal and "x" or "y")
  local width, height_for = common.size(options, 720, function(w)
    if horizontal then return math.min(1600, 110 + math.max(count * 26, 90)) end
    return math.min(420, math.max(300, w * 0.56))
  end, names)
  return figure{
    kind = horizontal and "Horizontal bars" or "Bars", horizontal = horizontal,
    title = common.text(options, "title"), xlabel = common.text(options, "xlabel"),
    ylabel = common.text(options, "ylabel"), labels = data.labels, series = data.series,
    legend = names, per_bar = per_bar, log = logx or logy,
    colors = common.colors(options.colors, per_bar and #data.labels or #data.series),
    alpha = common.number_option(options, "alpha", 1, 0.05, 1),
    values = common.flag(options, "values", count <= 40), about = about(data, names),
    width = width, height_for = height_for, write = write, lines = lines,
  }
end

-- plot.bar{labels, values, ...}: vertical bars; more value lists are grouped.
function plot.bar(options)
  return bars(options, "plot.bar", false)
end

-- plot.barh{labels, values, ...}: the same, horizontal.
function plot.barh(options)
  return bars(options, "plot.barh", true)
end
