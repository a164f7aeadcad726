-- plot.hist: histograms over each other, each with bins of its own.
local parts = ...
local core, common, figure, plot = parts.core, parts.common, parts.figure, parts.plot
local fail = common.fail

-- ---- bins ----

local function precomputed(value, i)
  local counts = core.numbers(value.counts, "counts of histogram " .. i)
  local edges = core.numbers(value.edges or {}, "edges of histogram " .. i)
  if #counts == 0 or #edges ~= #counts + 1 then
    fail("histogram %d has %d counts and %d edges; it needs one edge more than counts", i, #counts,
         #edges)
  end
  for k = 2, #edges do
    if not (edges[k] > edges[k - 1]) then fail("the edges of histogram %d must ascend", i) end
  end
  return {counts = counts, edges = edges, minimum = edges[1], maximum = edges[#edges]}
end

local function binned(series, edges)
  series.edges = edges
  series.counts = core.counts(series.values, edges, "values")
  series.values = nil
end

local function own_edges(options, i)
  local bins = options.bins
  if type(bins) ~= "table" then return nil end
  local edges = core.numbers(bins, "option 'bins'")
  if #edges < 2 then fail("option 'bins' as a list holds edges, at least two") end
  for k = 2, #edges do
    if not (edges[k] > edges[k - 1]) then fail("the edges in option 'bins' must ascend") end
  end
  return edges
end

-- What stage.histogram returns for several arrays holds a list of each: as many histograms.
local function unfold(options)
  local list = {}
  for _, value in ipairs(options) do
    local counts = type(value) == "table" and value.counts
    if type(counts) == "table" and type(counts[1]) ~= "number" then
      for k, one in ipairs(counts) do
        list[#list + 1] = {counts = one, edges = type(value.edges) == "table" and value.edges[k]}
      end
    else
      list[#list + 1] = value
    end
  end
  return list
end

local function read(options)
  local list = {}
  for i, value in ipairs(unfold(options)) do
    if type(value) == "table" and value.counts then
      list[i] = precomputed(value, i)
    else
      local s = core.summary(value, "values of histogram " .. i)
      if s.finite == 0 then
        fail("histogram %d has nothing to draw: %s", i,
             s.others > 0 and "none of its numbers is finite" or "no values")
      end
      if s.others > 0 then
        core.remark("note", string.format(
          "plot.hist: %d of the %d values of histogram %d are not finite and are left out",
          s.others, s.others + s.finite, i))
      end
      list[i] = {values = value, minimum = s.minimum, maximum = s.maximum}
    end
  end
  if #list == 0 then fail("plot.hist needs values: plot.hist{values, ...}") end
  return list
end

local function bin(options, list)
  local edges = own_edges(options)
  local bins = edges and #edges - 1 or common.number_option(options, "bins", 30, 1, 100000) // 1 | 0
  local low, high = common.range(options, "range")
  if not low and common.flag(options, "shared", false) then
    for _, s in ipairs(list) do
      low, high = math.min(low or s.minimum, s.minimum), math.max(high or s.maximum, s.maximum)
    end
  end
  for _, s in ipairs(list) do
    if s.values then
      binned(s, edges or core.edges(low or s.minimum, high or s.maximum, bins))
    end
    if options.density then
      local total = 0
      for _, n in ipairs(s.counts) do total = total + n end
      for k, n in ipairs(s.counts) do
        s.counts[k] = total > 0 and n / total / (s.edges[k + 1] - s.edges[k]) or 0
      end
    end
  end
end

-- ---- drawing ----

-- The outline as a closed path from the base line and back to it.
local function steps(series, base, log)
  local x, y = {series.edges[1]}, {base}
  for k, n in ipairs(series.counts) do
    if log and n < base then n = base end
    x[#x + 1], y[#y + 1] = series.edges[k], n
    x[#x + 1], y[#y + 1] = series.edges[k + 1], n
  end
  x[#x + 1], y[#y + 1] = series.edges[#series.edges], base
  x[#x + 1], y[#y + 1] = series.edges[1], base
  return {x, y}
end

local function write(fig, script, box)
  local counts, edges, blocks = {}, {}, {}
  for i, s in ipairs(fig.series) do counts[i], edges[i] = s.counts, s.edges end
  local left, right = common.extent(edges)
  local _, high = common.extent(counts)
  local low, top = 0, high > 0 and high * 1.06 or 1
  if fig.log then
    local least = common.extent(counts, common.positive)
    low = least and least / 2 or 0.5
    top = math.max(high, low * 2) * 1.5
  end
  for i, s in ipairs(fig.series) do blocks[i] = steps(s, low, fig.log) end
  common.write_tics(script, "x", false)
  common.write_tics(script, "y", fig.log, low, top)
  common.write_labels(script, fig, box)
  script:number("pn_series", #fig.series)
  script:number("pn_alpha", fig.alpha)
  script:number("pn_log", fig.log)
  script:number("pn_whole", fig.whole)
  script:number("pn_left", left)
  script:number("pn_right", right)
  script:number("pn_low", low)
  script:number("pn_high", top)
  script:block("pn_steps", blocks)
  script:template("hist")
end

local function legend(options, list)
  local names = common.names(options, "legend", #list, "histograms")
  if not names and (#list > 1 or options.minmax) and options.legend ~= false then
    names = {}
    for i in ipairs(list) do names[i] = #list > 1 and "series " .. i or "values" end
  end
  if names and common.flag(options, "minmax", false) then
    for i, s in ipairs(list) do
      names[i] = string.format("%s (min %s, max %s)", names[i], common.number(s.minimum),
                               common.number(s.maximum))
    end
  end
  return names
end

local function about(list, names)
  local out = {}
  for i, s in ipairs(list) do
    out[i] = string.format("%s%d bins from %s to %s", names and names[i] .. ", " or "", #s.counts,
                           common.number(s.edges[1]), common.number(s.edges[#s.edges]))
  end
  return table.concat(out, "; ")
end

-- plot.hist{values, ...}: each value list (a tensor, an array, or {counts = , edges = }) is one
-- histogram, over its own range unless `range` or `shared` say otherwise.
function plot.hist(options)
  common.options(options, "plot.hist", 64,
                 {"bins", "range", "shared", "alpha", "minmax", "density", "log"})
  local list = read(options)
  common.flag(options, "density", false)
  bin(options, list)
  local names = legend(options, list)
  local _, logy = common.log(options, "y")
  local width, height_for = common.size(options, 760, function(w)
    return math.min(420, math.max(300, w * 0.55))
  end, names)
  return figure{
    kind = #list > 1 and #list .. " histograms" or "Histogram", series = list, log = logy,
    whole = not options.density and not logy,
    title = common.text(options, "title"), xlabel = common.text(options, "xlabel"),
    ylabel = options.ylabel and common.text(options, "ylabel")
             or (options.density and "density" or "count"),
    legend = names, colors = common.colors(options.colors, #list),
    alpha = common.number_option(options, "alpha", #list > 1 and 0.5 or 0.85, 0.05, 1),
    about = about(list, names), width = width, height_for = height_for, write = write,
  }
end
