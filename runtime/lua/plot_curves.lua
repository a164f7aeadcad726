-- plot.line and plot.scatter: numbers against numbers.
local parts = ...
local core, common, figure, plot = parts.core, parts.common, parts.figure, parts.plot
local fail = common.fail

local MANY = 20000 -- points beyond which an SVG gets too heavy for a page

-- ---- reading ----

-- A curve is numbers; a list of lists or a tensor of rank 2 is repeated runs: their mean, and a
-- band of one deviation around it.
local function read_runs(value, what)
  local shape = core.shape(value)
  if shape and #shape == 2 then
    local flat, runs = core.numbers(value, what), {}
    for r = 1, shape[1] do
      runs[r] = table.move(flat, (r - 1) * shape[2] + 1, r * shape[2], 1, {})
    end
    return runs
  end
  if not shape and type(value) == "table" and type(value[1]) == "table" then
    local runs = {}
    for r, run in ipairs(value) do runs[r] = core.numbers(run, what) end
    return runs
  end
end

local function curve(value, i)
  local what = "curve " .. i
  local runs = read_runs(value, what)
  if not runs then return {y = core.numbers(value, what)} end
  local y, band = {}, {}
  for k = 1, #runs[1] do
    local column = {}
    for r, run in ipairs(runs) do
      if #run ~= #runs[1] then
        fail("%s: run %d has %d values, but run 1 has %d", what, r, #run, #runs[1])
      end
      column[r] = run[k]
    end
    local mean, deviation, finite = common.mean_deviation(column)
    y[k], band[k] = finite > 0 and mean or 0 / 0, deviation
  end
  return {y = y, band = band}
end

local function read_x(options, curves)
  if options.x == nil then
    for _, c in ipairs(curves) do
      c.x = {}
      for k in ipairs(c.y) do c.x[k] = k end
    end
    return true
  end
  local x = core.numbers(options.x, "option 'x'")
  for i, c in ipairs(curves) do
    if #c.y ~= #x then fail("option 'x' has %d values, but curve %d has %d", #x, i, #c.y) end
    c.x = x
  end
  return false
end

local function read_bands(options, curves)
  if options.bands == nil then return end
  if type(options.bands) ~= "table" then fail("option 'bands' must be an array of deviations") end
  for i, c in ipairs(curves) do
    local given = options.bands[i]
    if given then
      c.band = core.numbers(given, "band " .. i)
      if #c.band ~= #c.y then
        fail("band %d has %d values, but its curve has %d", i, #c.band, #c.y)
      end
    end
  end
end

-- ---- long curves and clouds ----

-- Keeps the lowest and highest point of each of `buckets` stretches, so that no peak is lost.
local function thin(c, buckets)
  if #c.y <= 4 * buckets then return c.x, c.y end
  local x, y, size = {}, {}, #c.y / buckets
  for b = 0, buckets - 1 do
    local first, last = (b * size) // 1 + 1 | 0, ((b + 1) * size) // 1 | 0
    local low, high = first, first
    for k = first, last do
      if c.y[k] < c.y[low] then low = k end
      if c.y[k] > c.y[high] then high = k end
    end
    for _, k in ipairs{math.min(low, high), math.max(low, high)} do
      x[#x + 1], y[#y + 1] = c.x[k], c.y[k]
    end
  end
  return x, y
end

local function sample(x, y, name)
  if #x <= MANY then return x, y end
  local step = math.ceil(#x / MANY)
  local a, b = {}, {}
  for k = 1, #x, step do a[#a + 1], b[#b + 1] = x[k], y[k] end
  core.remark("note", string.format("%s: of %d points every %dth is drawn", name, #x, step))
  return a, b
end

-- ---- drawing ----

local function hide(list, log)
  if not log then return list end
  local out = {}
  for k, v in ipairs(list) do out[k] = v > 0 and v or 0 / 0 end
  return out
end

local function write_ranges(script, fig, xs, ys)
  local left, right = common.extent(xs, fig.logx and common.positive or nil)
  local low, high = common.extent(ys, fig.logy and common.positive or nil)
  left, right = common.padded(left, right, fig.logx)
  low, high = common.padded(low, high, fig.logy)
  if fig.range then low, high = fig.range[1], fig.range[2] end
  common.write_tics(script, "x", fig.logx, left, right)
  common.write_tics(script, "y", fig.logy, low, high)
  script:number("pn_left", left)
  script:number("pn_right", right)
  script:number("pn_low", low)
  script:number("pn_high", high)
  script:number("pn_logx", fig.logx)
  script:number("pn_logy", fig.logy)
end

local function write_curves(fig, script, box)
  local xs, ys, blocks, bands, colors, longest = {}, {}, {}, {}, {}, 1
  for i, c in ipairs(fig.curves) do
    local x, y = thin(c, box.width)
    x, y = hide(x, fig.logx), hide(y, fig.logy)
    blocks[i], xs[#xs + 1], ys[#ys + 1] = {x, y}, x, y
    longest = math.max(longest, #c.y)
    if c.band then
      local low, high = {}, {}
      for k, v in ipairs(c.y) do low[k], high[k] = v - c.band[k], v + c.band[k] end
      low = hide(low, fig.logy)
      bands[#bands + 1], colors[#colors + 1] = {c.x, low, high}, fig.colors[i]
      ys[#ys + 1], ys[#ys + 2] = low, high
    end
  end
  write_ranges(script, fig, xs, ys)
  common.write_labels(script, fig, box)
  script:number("pn_step", fig.counted and longest <= 12 and 1 or 0)
  script:number("pn_series", #blocks)
  script:number("pn_bands", #bands)
  script:array("pn_bandcolor", #colors > 0 and colors or {"#000000"}) -- read even when unused
  script:number("pn_pointsize", longest <= 40 and 0.6 or 0)
  script:block("pn_curves", blocks)
  script:block("pn_bands", #bands > 0 and bands or {{{}, {}, {}}})
  script:template("line")
end

local function check_drawable(lists, log, name)
  local low = common.extent(lists, log and common.positive or nil)
  if not low then
    fail("%s has nothing to draw: %s", name,
         log and "no positive number for the logarithmic axis" or "no finite values")
  end
end

local function add_stats(curves, names)
  local out = {}
  for i, c in ipairs(curves) do
    local mean, deviation = common.mean_deviation(c.y)
    local name = names and names[i] or (#curves > 1 and "series " .. i or "values")
    out[i] = string.format("%s (%.2f ± %.2f)", name, mean, deviation)
  end
  return out
end

local function about(curves, names)
  local out = {}
  for i, c in ipairs(curves) do
    local low, high = common.extent{c.y}
    out[i] = string.format("%s%d points from %s to %s", names and names[i] .. ", " or "", #c.y,
                           common.number(low or 0), common.number(high or 0))
  end
  return table.concat(out, "; ")
end

local function chart(options, fields)
  fields.title = common.text(options, "title")
  fields.xlabel = common.text(options, "xlabel")
  fields.ylabel = common.text(options, "ylabel")
  fields.width, fields.height_for = common.size(options, 760, function(w)
    return math.min(420, math.max(300, w * 0.55))
  end, fields.legend)
  local low, high = common.range(options, "range")
  fields.range = low and {low, high}
  return figure(fields)
end

-- plot.line{y, ..., x = xs}: curves.
function plot.line(options)
  common.options(options, "plot.line", 64, {"x", "log", "bands", "stats", "range"})
  local curves, ys = {}, {}
  for i, value in ipairs(options) do
    curves[i] = curve(value, i)
    ys[i] = curves[i].y
  end
  if #curves == 0 then fail("plot.line needs values: plot.line{y, ...}") end
  local counted = read_x(options, curves)
  read_bands(options, curves)
  local logx, logy = common.log(options, "xy")
  check_drawable(ys, logy, "plot.line")
  check_drawable({curves[1].x}, logx, "plot.line")
  local names = common.names(options, "legend", #curves, "curves")
  if not names and #curves > 1 and options.legend ~= false then
    names = {}
    for i in ipairs(curves) do names[i] = "series " .. i end
  end
  if common.flag(options, "stats", false) then names = add_stats(curves, names) end
  return chart(options, {
    kind = #curves > 1 and #curves .. " curves" or "Curve", curves = curves, counted = counted,
    logx = logx, logy = logy, legend = names, write = write_curves,
    colors = common.colors(options.colors, #curves), about = about(curves, names),
  })
end

-- ---- scatter ----

local function write_cloud(fig, script, box)
  local xs, ys, blocks, shades = {}, {}, {}, {}
  for i, s in ipairs(fig.clouds) do
    xs[i], ys[i] = hide(s.x, fig.logx), hide(s.y, fig.logy)
    blocks[i] = {xs[i], ys[i]}
    shades[i] = common.shade(fig.colors[i], fig.alpha)
  end
  write_ranges(script, fig, xs, ys)
  common.write_labels(script, fig, box)
  script:number("pn_series", #blocks)
  script:array("pn_shade", shades)
  script:number("pn_pointsize", fig.size / 8)
  script:block("pn_cloud", blocks)
  script:template("scatter")
end

local function cloud(x, y, i)
  x = core.numbers(x, "x of series " .. i)
  y = core.numbers(y, "y of series " .. i)
  if #x ~= #y then fail("series %d has %d x values and %d y values", i, #x, #y) end
  x, y = sample(x, y, "plot.scatter")
  return {x = x, y = y}
end

local function read_clouds(options)
  local first, list = options[1], {}
  local pairs_given = type(first) == "table" and not core.shape(first) and type(first[1]) ~= "number"
  if not pairs_given or #first == 0 then
    if #options ~= 2 then fail("plot.scatter takes {x, y} or {{x, y}, {x, y}, ...}") end
    return {cloud(options[1], options[2], 1)}
  end
  for i, pair in ipairs(options) do
    if type(pair) ~= "table" or #pair ~= 2 then
      fail("series %d of plot.scatter must be {x, y}", i)
    end
    list[i] = cloud(pair[1], pair[2], i)
  end
  return list
end

-- plot.scatter{x, y} or plot.scatter{{x, y}, {x, y}, ...}: points.
function plot.scatter(options)
  common.options(options, "plot.scatter", 64, {"log", "alpha", "size", "range"})
  local clouds, xs, ys, about_parts = read_clouds(options), {}, {}, {}
  for i, s in ipairs(clouds) do xs[i], ys[i] = s.x, s.y end
  local logx, logy = common.log(options, "xy")
  check_drawable(xs, logx, "plot.scatter")
  check_drawable(ys, logy, "plot.scatter")
  local names = common.names(options, "legend", #clouds, "series")
  for i, s in ipairs(clouds) do
    about_parts[i] = (names and names[i] .. " " or "") .. #s.x .. " points"
  end
  return chart(options, {
    kind = "Scatter", clouds = clouds, logx = logx, logy = logy, legend = names,
    colors = common.colors(options.colors, #clouds), write = write_cloud,
    alpha = common.number_option(options, "alpha", 0.7, 0.05, 1),
    size = common.number_option(options, "size", 5, 1, 40), about = table.concat(about_parts, "; "),
  })
end
