-- plot.image and plot.grid: pictures, alone or many, with a colour bar where it helps.
local parts = ...
local core, common, figure, plot = parts.core, parts.common, parts.figure, parts.plot
local fail = common.fail

local GAP, TITLE, BAR = 10, 20, 76 -- pixels: between images, of a title line, of a colour bar

-- ---- reading ----

-- {tensor, height, width, channels, low, high}
local function read(value, what)
  local shape, dtype = core.shape(value)
  if not shape then fail("%s must be a tensor (height, width) or (height, width, channels), not a %s",
                         what, type(value)) end
  local channels = shape[3] or 1
  if #shape < 2 or #shape > 3 or (channels ~= 1 and channels ~= 3) then
    fail("%s must be (height, width), with 1 or 3 channels behind if at all; it is (%s)", what,
         table.concat(shape, ", "))
  end
  if shape[1] == 0 or shape[2] == 0 then fail("%s has no pixels", what) end
  local item = {tensor = value, height = shape[1], width = shape[2], channels = channels}
  item.low, item.high = 0, dtype == "float32" and 1 or 255
  if dtype == "int32" or (dtype == "float32" and channels == 1) then
    local s = core.summary(value, what)
    if dtype == "int32" or s.minimum < 0 or s.maximum > 1 then
      item.low, item.high = s.minimum, s.maximum
    end
  end
  return item
end

-- One range for all images that go through the palette, so that the colour bar holds for each.
local function palette_range(options, items)
  local low, high = common.range(options, "range")
  if low then
    for _, item in ipairs(items) do item.low, item.high = low, high end
    return low, high
  end
  for _, item in ipairs(items) do
    if item.channels == 1 then
      low, high = math.min(low or item.low, item.low), math.max(high or item.high, item.high)
    end
  end
  low, high = low or 0, high or 1
  if low == high then high = low + 1 end
  for _, item in ipairs(items) do
    if item.channels == 1 then item.low, item.high = low, high end
  end
  return low, high
end

-- ---- layout, in pixels with y downwards ----

local function layout(fig, width)
  local cols, top = fig.cols, fig.title ~= "" and 36 or 10
  local room = width - 2 * GAP - (fig.bar and BAR or 0)
  local cell = (room - (cols - 1) * GAP) / cols
  local places, y, titled = {}, top, fig.titles and TITLE or 0
  for first = 1, #fig.items, cols do
    local tallest = 0
    for i = first, math.min(first + cols - 1, #fig.items) do
      local item = fig.items[i]
      local scale = math.min(cell / item.width, fig.most / item.height)
      local w, h = math.max(1, item.width * scale), math.max(1, item.height * scale)
      places[i] = {left = GAP + (i - first) * (cell + GAP) + (cell - w) / 2, width = w, height = h}
      tallest = math.max(tallest, h)
    end
    for i = first, math.min(first + cols - 1, #fig.items) do
      places[i].top = y + titled + (tallest - places[i].height) / 2
      places[i].title_y = y + titled / 2
    end
    y = y + titled + tallest + GAP
  end
  return places, y, cell, top
end

-- Pixels to hand over along one side: no more than are shown, no fewer than make sharp edges of
-- a very small image.
local function detail(pixels, shown, scale)
  local wanted = math.max(4, math.ceil(shown * scale)) -- gnuplot refuses less than 2 by 2
  if pixels >= wanted then return wanted end
  return pixels * math.max(1, wanted // pixels)
end

-- ---- drawing ----

local function new_list()
  return {skip = {}, columns = {}, rows = {}, x = {}, y = {}, dx = {}, dy = {}}
end

local function write_list(script, name, list)
  script:number("pn_" .. name .. "s", #list.x)
  for field, values in pairs(list) do
    -- gnuplot reads the first image of an empty list, too: the first pixels there are, out of sight
    local unused = (field == "columns" or field == "rows") and 2 or field == "skip" and 0 or -1000
    if field == "dx" or field == "dy" then unused = 1 end
    script:array("pn_" .. name .. "_" .. field, #values > 0 and values or {unused})
  end
end

local function write_bar(fig, script, box, places, top, bottom)
  script:number("pn_bar", fig.bar)
  script:number("pn_low", fig.low)
  script:number("pn_high", fig.high)
  if not fig.bar then return end
  local right = 0
  for _, p in ipairs(places) do right = math.max(right, p.left + p.width) end
  local first = places[1].top
  script:number("pn_bar_x", math.min(right + 14, box.width - BAR + 4))
  script:number("pn_bar_y", box.height - bottom + GAP)
  script:number("pn_bar_height", math.max(40, bottom - GAP - math.min(first, top + TITLE)))
end

local function write(fig, script, box, scale)
  local places, bottom, cell, top = layout(fig, box.width)
  local detailed = scale > 1 and scale or 1.25
  local rgb, value, titles, captions = new_list(), new_list(), {{}, {}}, {}
  for i, item in ipairs(fig.items) do
    local p, values = places[i], item.channels == 1
    local list = values and value or rgb
    local w, h = detail(item.width, p.width, detailed), detail(item.height, p.height, detailed)
    local n = #list.x + 1
    list.columns[n], list.rows[n] = w, h
    list.dx[n], list.dy[n] = p.width / w, p.height / h
    list.x[n] = p.left + list.dx[n] / 2
    list.y[n] = box.height - p.top - p.height + list.dy[n] / 2
    list.skip[n] = script:image(item.tensor, w, h, item.low, item.high, values, item.maximum)
    if fig.titles then
      titles[1][i], titles[2][i] = p.left + p.width / 2, box.height - p.title_y
      captions[i] = common.shorten(fig.titles[i], cell // 6.6 | 0)
    end
  end
  script:string("pn_title", common.shorten(fig.title, (box.width - 30) // 9.2 | 0))
  common.write_box(script, box)
  write_list(script, "rgb", rgb)
  write_list(script, "value", value)
  script:array("pn_caption", captions)
  if #captions == 0 then titles = {{-1000}, {-1000}} end
  script:block("pn_titles", {titles})
  script:block("pn_head", {{{box.width / 2}, {fig.title ~= "" and box.height - 20 or -1000}}})
  write_bar(fig, script, box, places, top, bottom)
  script:palette(fig.cmap)
  script:template("images")
end

-- ---- as text ----

local function text_rows(fig, first, columns)
  local last = math.min(first + fig.cols - 1, #fig.items)
  local pictures, tallest, heads = {}, 0, {}
  for i = first, last do
    local item = fig.items[i]
    local scale = math.min(columns / item.width, 60 / item.height)
    local w = math.max(1, (item.width * scale) // 1 | 0)
    local h = math.max(1, math.ceil(item.height * scale / 2))
    pictures[#pictures + 1] = {
      rows = core.blocks(item.tensor, w, h, item.low, item.high, fig.cmap, item.maximum), width = w}
    tallest = math.max(tallest, h)
    heads[#heads + 1] = fig.titles and common.shorten(fig.titles[i], columns) or ""
  end
  local out = {}
  if fig.titles then
    for i, head in ipairs(heads) do heads[i] = head .. (" "):rep(columns - common.length(head)) end
    out[1] = table.concat(heads, " ")
  end
  for y = 1, tallest do
    local line = {}
    for k, picture in ipairs(pictures) do
      line[k] = picture.rows[y] and picture.rows[y] .. (" "):rep(columns - picture.width)
                or (" "):rep(columns)
    end
    out[#out + 1] = table.concat(line, " ")
  end
  return table.concat(out, "\n")
end

local function lines(fig, width)
  local out = {fig.title ~= "" and fig.title or nil}
  local columns = math.min(60, (width - fig.cols + 1) // fig.cols)
  for first = 1, #fig.items, fig.cols do out[#out + 1] = text_rows(fig, first, columns) end
  return table.concat(out, "\n") .. "\n"
end

-- ---- the functions ----

-- How an image is made smaller. Edge maps and masks, images of two values, keep their lines.
local function maximum(options, item)
  if options.reduce == nil then return item.channels == 1 and core.binary(item.tensor) end
  if options.reduce ~= "mean" and options.reduce ~= "max" then
    fail("option 'reduce' must be 'mean' or 'max', not '%s'", tostring(options.reduce))
  end
  return options.reduce == "max"
end

local function pictures(options, items, fields)
  local names = common.names(options, "titles", #items, #items == 1 and "image" or "images")
  local cmap = options.cmap == nil and "gray" or options.cmap
  if type(cmap) ~= "string" then fail("option 'cmap' must be a string, not a %s", type(cmap)) end
  core.script("svg", 10, 10, 1):palette(cmap) -- refuses unknown names now, not when it is drawn
  local grey = false
  for _, item in ipairs(items) do grey = grey or item.channels == 1 end
  for _, item in ipairs(items) do item.maximum = maximum(options, item) end
  fields.items, fields.titles, fields.cmap = items, names, cmap
  fields.low, fields.high = palette_range(options, items)
  fields.bar = common.flag(options, "colorbar", fields.bar and cmap ~= "gray") and grey
  fields.title = common.text(options, "title")
  fields.write, fields.lines = write, lines
  fields.height_for = function(width)
    return math.ceil((select(2, layout(fields, width))))
  end
  return figure(fields)
end

local own = {"cmap", "range", "colorbar", "titles", "cols", "reduce"}

local function refuse(options, name, unused)
  for _, option in ipairs(unused) do
    if options[option] ~= nil then fail("%s has no option '%s'", name, option) end
  end
end

-- plot.image{tensor, cmap = "viridis"}: one image.
function plot.image(options)
  common.options(options, "plot.image", 1, own)
  refuse(options, "plot.image", {"xlabel", "ylabel", "legend", "colors", "titles", "cols"})
  local item = read(options[1], "plot.image's image")
  local most = common.number_option(options, "height", 480, 40, 4000)
  local bar = options.colorbar ~= false and (options.colorbar or (options.cmap or "gray") ~= "gray")
  local natural = math.max(item.width, math.min(256, most * item.width / item.height))
  local shown = math.min(natural, 640, most * item.width / item.height)
  local fallback = shown + 2 * GAP + (bar and BAR or 0)
  return pictures(options, {item}, {
    kind = "Image", cols = 1, most = most, bar = true,
    width = common.number_option(options, "width", math.max(200, fallback), 60, 4000) // 1 | 0,
    about = item.width .. " by " .. item.height .. " pixels",
  })
end

local function read_all(options)
  local value, items = options[1], {}
  local shape = core.shape(value)
  if shape then
    if #shape < 3 or #shape > 4 then
      fail("plot.grid takes a list of images or a tensor (count, height, width[, channels])")
    end
    for i = 1, shape[1] do items[i] = read(core.part(value, i), "image " .. i) end
  elseif type(value) == "table" then
    local list = #options > 1 and options or value
    for i, image in ipairs(list) do items[i] = read(image, "image " .. i) end
  else
    fail("plot.grid takes a list of images: plot.grid{images}")
  end
  if #items == 0 then fail("plot.grid has nothing to draw: no images") end
  return items
end

-- plot.grid{images, cols = 3, titles = {...}}: many images.
function plot.grid(options)
  common.options(options, "plot.grid", 1, own)
  refuse(options, "plot.grid", {"xlabel", "ylabel", "legend", "colors"})
  local items = read_all(options)
  local count = math.min(#items, math.ceil(math.sqrt(#items)))
  local cols = common.number_option(options, "cols", count, 1, 64) // 1 | 0
  cols = math.min(cols, #items)
  local width = common.number_option(options, "width", math.min(780, 40 + cols * 250), 60, 4000)
  return pictures(options, items, {
    kind = "Grid of " .. #items .. " images", cols = cols, bar = false, width = width // 1 | 0,
    most = common.number_option(options, "height", 400, 20, 4000),
    about = options.titles and table.concat(common.names(options, "titles", #items, "images"), ", ")
            or "",
  })
end
