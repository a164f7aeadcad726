-- plot: figures. Each function returns a figure, which shows itself, or is saved with :save().
local core = ...
local common = core.run("plot_common", core)
local fail = common.fail

local plot = {}
local Figure = {__name = "pneuma.figure"}
Figure.__index = Figure

-- ---- figures ----

-- A figure: kind, title, width (pixels), height_for(width), write(self, script, box), and
-- `about`, what it shows in one line; maybe lines(self, columns) for a picture made of characters.
local function figure(fields)
  return setmetatable(fields, Figure)
end

local SECONDS = 60
local drawn = 0 -- figures of this process: their SVG ids must differ

local function whole_box(fig, width, height)
  return {left = 0, bottom = 0, width = width, height = height,
          total_width = width, total_height = height}
end

local function run(fig, form, width, height, scale, box_width, box_height)
  local script = core.script(form, width, height, scale)
  script:template("theme")
  fig.write(fig, script, whole_box(fig, box_width or width, box_height or height), scale)
  drawn = drawn + 1
  local picture, warnings = script:run(string.format("f%d-", drawn), fig:describe(), SECONDS)
  for line in warnings:gmatch("[^\n]+") do
    if line:find("%S") then core.remark("warning", "gnuplot: " .. line:match("^%s*(.-)%s*$")) end
  end
  return picture
end

-- The figure as one <svg> element.
function Figure:svg()
  return run(self, "svg", self.width, self.height_for(self.width), 1)
end

-- The figure as the bytes of a PNG file; `scale` pixels of it per pixel of the figure.
function Figure:png(options)
  options = options or {}
  core.options(options, "fig:png", 0, {"scale"})
  local scale = common.number_option(options, "scale", 2, 1, 4)
  return run(self, "png", self.width, self.height_for(self.width), scale)
end

-- The figure as text of `width` by `height` characters.
function Figure:text(options)
  options = options or {}
  core.options(options, "fig:text", 0, {"width", "height"})
  local width = common.number_option(options, "width", 78, 30, 500) // 1 | 0
  local height = common.number_option(options, "height", 22, 8, 300) // 1 | 0
  if self.lines then return self:lines(width, height) end
  local text = run(self, "text", width, height, 1, width * 10, height * 20)
  return (text:gsub("\f", ""):gsub("[ ]+\n", "\n"):gsub("^\n+", ""))
end

-- Saves as .svg or .png (options: scale); returns the figure.
function Figure:save(path, options)
  if type(path) ~= "string" then fail("fig:save takes a file name, not a %s", type(path)) end
  local ending = path:lower():match("%.(%w+)$")
  if ending == "svg" then
    core.write(path, self:svg())
  elseif ending == "png" then
    core.write(path, self:png(options))
  else
    fail("a figure is saved as .svg or .png, not as '%s'", path)
  end
  return self
end

-- One line that says what the figure shows.
function Figure:describe()
  local title = self.title ~= "" and " '" .. self.title .. "'" or ""
  local text = self.kind .. title .. (self.about ~= "" and ": " .. self.about or "")
  return (text:gsub("%s+", " "))
end
Figure.__tostring = Figure.describe

Figure.__mime = {
  ["image/svg+xml"] = Figure.svg,
  ["image/png"] = function(fig) return fig:png() end,
  ["text/x-terminal"] = function(fig) return fig:text() end,
  ["text/plain"] = Figure.describe,
}

-- ---- several figures in one ----

local function panel_layout(figs, cols, width, top)
  local cell, rows = width // cols, math.ceil(#figs / cols)
  local heights, total = {}, top
  for r = 1, rows do
    heights[r] = 0
    for c = 1, cols do
      local fig = figs[(r - 1) * cols + c]
      if fig then heights[r] = math.max(heights[r], fig.height_for(cell)) end
    end
    total = total + heights[r]
  end
  return cell, heights, total
end

local function write_panels(self, script, box, scale)
  local cell, heights, total = panel_layout(self.figs, self.cols, box.width, self.top)
  script:template("panels")
  local y = box.bottom + total - self.top
  for i, fig in ipairs(self.figs) do
    local column, row = (i - 1) % self.cols, (i - 1) // self.cols + 1
    if column == 0 then y = y - heights[row] end
    local inner = {left = box.left + column * cell, bottom = y, width = cell, height = heights[row],
                   total_width = box.total_width, total_height = total}
    if i > 1 then script:template("theme") end
    script:string("pn_super", i == 1 and self.title or "")
    common.write_box(script, inner)
    script:template("panel")
    fig.write(fig, script, inner, scale)
  end
end

local function panels_text(self, width, height)
  local parts = {self.title ~= "" and self.title or nil}
  for _, fig in ipairs(self.figs) do
    parts[#parts + 1] = fig:text{width = width, height = height}
  end
  return table.concat(parts, "\n")
end

-- plot.panels{figure, ..., cols = 2}: figures side by side in one picture.
function plot.panels(options)
  core.options(options, "plot.panels", 1000, {"cols", "title", "width"})
  local figs, about = {}, {}
  for i, fig in ipairs(options) do
    if getmetatable(fig) ~= Figure then
      fail("plot.panels takes figures; value %d is a %s", i, type(fig))
    end
    if fig.figs then fail("plot.panels takes single figures; value %d has panels itself", i) end
    figs[i] = fig
    about[i] = fig:describe()
  end
  if #figs == 0 then fail("plot.panels needs at least one figure") end
  local cols = math.min(#figs, common.number_option(options, "cols", 2, 1, 12) // 1 | 0)
  local title = common.text(options, "title")
  local top = title ~= "" and 38 or 0
  return figure{
    kind = "Figure of " .. #figs .. " panels", title = title, figs = figs, cols = cols, top = top,
    about = table.concat(about, "; "), write = write_panels, lines = panels_text,
    width = common.number_option(options, "width", math.min(800, cols * 400), 200, 4000) // 1 | 0,
    height_for = function(width) return (select(3, panel_layout(figs, cols, width, top))) end,
  }
end

function common.write_box(script, box)
  script:number("pn_box_left", box.left)
  script:number("pn_box_bottom", box.bottom)
  script:number("pn_box_width", box.width)
  script:number("pn_box_height", box.height)
  script:number("pn_total_width", box.total_width)
  script:number("pn_total_height", box.total_height)
end

-- The kinds of figures: each part adds its functions to the module.
local parts = {core = core, common = common, figure = figure, plot = plot}
for _, name in ipairs{"plot_bars", "plot_hist", "plot_curves", "plot_history", "plot_eval",
                      "plot_images"} do
  core.run(name, parts)
end
core.run("methods", core)(Figure, Figure, "figure")
return plot
