-- What every kind of figure needs: colours, labels, numbers as text, checked options.
local core = ...
local common = {}

function common.fail(format, ...)
  core.fail(string.format(format, ...))
end
local fail = common.fail

-- ---- colours ----

-- Okabe and Ito (2008): told apart by people who see fewer colours; the yellow comes last.
local cycle = {"#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#6b6b6b", "#b8a800"}

-- CSS colour names, as matplotlib knows them.
local named = {
  black = "#000000", white = "#ffffff", gray = "#808080", grey = "#808080", silver = "#c0c0c0",
  lightgray = "#d3d3d3", lightgrey = "#d3d3d3", darkgray = "#a9a9a9", darkgrey = "#a9a9a9",
  red = "#ff0000", green = "#008000", blue = "#0000ff", orange = "#ffa500", yellow = "#ffff00",
  purple = "#800080", pink = "#ffc0cb", brown = "#a52a2a", cyan = "#00ffff", magenta = "#ff00ff",
  lime = "#00ff00", navy = "#000080", teal = "#008080", olive = "#808000", maroon = "#800000",
  gold = "#ffd700", coral = "#ff7f50", salmon = "#fa8072", tomato = "#ff6347", crimson = "#dc143c",
  skyblue = "#87ceeb", steelblue = "#4682b4", royalblue = "#4169e1", dodgerblue = "#1e90ff",
  lightblue = "#add8e6", darkblue = "#00008b", lightgreen = "#90ee90", darkgreen = "#006400",
  seagreen = "#2e8b57", darkorange = "#ff8c00", darkred = "#8b0000", firebrick = "#b22222",
  indigo = "#4b0082", violet = "#ee82ee", orchid = "#da70d6", turquoise = "#40e0d0",
  khaki = "#f0e68c", chocolate = "#d2691e", slategray = "#708090", slategrey = "#708090",
}

local function sorted_keys(t)
  local keys = {}
  for key in pairs(t) do keys[#keys + 1] = key end
  table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  return keys
end
common.sorted_keys = sorted_keys

-- "#rrggbb" of a colour given as a name, "#rgb" or "#rrggbb".
local function color(value)
  if type(value) ~= "string" then
    fail("a colour must be a name or '#rrggbb', not a %s", type(value))
  end
  local text = value:lower()
  if named[text] then return named[text] end
  if text:match("^#%x%x%x%x%x%x$") then return text end
  local r, g, b = text:match("^#(%x)(%x)(%x)$")
  if r then return "#" .. r .. r .. g .. g .. b .. b end
  local near = core.suggest(text, sorted_keys(named))
  fail("there is no colour '%s'; %s", value,
       near and "did you mean '" .. near .. "'?" or "give a CSS name or '#rrggbb'")
end

-- `count` colours: the given ones (a name or an array), else the cycle; short lists repeat.
function common.colors(given, count)
  if type(given) == "string" then given = {given} end
  if given ~= nil and type(given) ~= "table" then
    fail("option 'colors' must be a colour or an array of colours, not a %s", type(given))
  end
  local source = given and #given > 0 and given or cycle
  local list = {}
  for i = 1, count do list[i] = color(source[(i - 1) % #source + 1]) end
  return list
end

-- 0xrrggbb with an opacity of 0..1, as gnuplot writes it: "#AARRGGBB", AA 0 is opaque.
function common.shade(hex, alpha)
  return string.format("#%02x%s", math.floor((1 - alpha) * 255 + 0.5), hex:sub(2))
end

-- ---- text ----

-- The text's characters; bytes that are no UTF-8 count as one each.
local function characters(text)
  local list = {}
  for c in text:gmatch("[\0-\x7F\xC2-\xFD]?[\x80-\xBF]*") do
    if c ~= "" then list[#list + 1] = c end
  end
  return list
end

function common.length(text)
  return #characters(text)
end

-- At most `most` characters, the middle left out: both ends tell long names apart.
function common.shorten(text, most)
  local list = characters(tostring(text))
  if #list <= most then return tostring(text) end
  local head = math.ceil((most - 1) * 0.6)
  local tail = most - 1 - head
  return table.concat(list, "", 1, head) .. "…" .. table.concat(list, "", #list - tail + 1)
end

-- At most two lines of `most` characters each, broken at the last blank that fits.
function common.wrap(text, most)
  local list = characters(tostring(text))
  if #list <= most then return tostring(text) end
  local cut = most
  for i = most + 1, math.max(2, most // 2), -1 do
    if list[i] == " " then
      cut = i
      break
    end
  end
  local first = table.concat(list, "", 1, cut):gsub(" $", "")
  return first .. "\n" .. common.shorten(table.concat(list, "", cut + 1), most)
end

-- A number as a person would write it.
function common.number(value, digits)
  if math.type(value) == "integer" then return tostring(value) end
  if value ~= value then return "NaN" end
  if value == math.floor(value) and math.abs(value) < 1e15 then
    return string.format("%d", math.floor(value))
  end
  return string.format("%." .. (digits or 4) .. "g", value)
end

-- ---- values ----

function common.finite(x)
  return x == x and x ~= math.huge and x ~= -math.huge
end

function common.is_tensor(value)
  return core.shape(value) ~= nil
end

function common.is_frame(value)
  local meta = getmetatable(value)
  return type(value) == "table" and type(meta) == "table" and meta.__name == "pneuma.frame"
end

-- Smallest and largest finite number of some arrays; nil when there is none. `accept` filters.
function common.extent(lists, accept)
  local low, high
  for _, list in ipairs(lists) do
    for _, x in ipairs(list) do
      if common.finite(x) and (not accept or accept(x)) then
        low = low and math.min(low, x) or x
        high = high and math.max(high, x) or x
      end
    end
  end
  return low, high
end

function common.positive(x) return x > 0 end

-- A range somewhat wider than low..high; never empty.
function common.padded(low, high, log)
  if log then
    local pad = (high / low) ^ 0.05
    if high == low then pad = 2 end
    return low / pad, high * pad
  end
  local pad = (high - low) * 0.05
  if pad == 0 then pad = math.max(math.abs(low) * 0.05, 0.5) end
  return low - pad, high + pad
end

-- Mean and standard deviation (over n) of an array's finite numbers.
function common.mean_deviation(list)
  local s = core.summary(list, "values")
  return s.mean, s.deviation, s.finite
end

-- ---- options ----

local shared = {"title", "xlabel", "ylabel", "legend", "colors", "width", "height"}

-- Refuses unknown options of a call; the names are the shared ones and `more`.
function common.options(options, name, positional, more)
  local names = {table.unpack(shared)}
  table.move(more, 1, #more, #names + 1, names)
  core.options(options, name, positional, names)
end

local function wrong(name, expected, value)
  fail("option '%s' must be %s, not %s", name, expected,
       type(value) == "string" and "'" .. value .. "'" or type(value) == "number" and value
       or "a " .. type(value))
end

function common.text(options, name)
  local value = options[name]
  if value == nil then return "" end
  if type(value) ~= "string" and type(value) ~= "number" then wrong(name, "a string", value) end
  return tostring(value)
end

function common.number_option(options, name, preset, low, high)
  local value = options[name]
  if value == nil then return preset end
  if type(value) ~= "number" then wrong(name, "a number", value) end
  if not (value >= low and value <= high) then
    fail("option '%s' must be from %s to %s, not %s", name, common.number(low),
         common.number(high), common.number(value))
  end
  return value
end

function common.flag(options, name, preset)
  local value = options[name]
  if value == nil then return preset end
  if type(value) ~= "boolean" then wrong(name, "true or false", value) end
  return value
end

-- log = "x", "y" or "xy", of those that the figure has.
function common.log(options, allowed)
  local value = options.log
  if value == nil or value == false then return false, false end
  if value ~= "x" and value ~= "y" and value ~= "xy" then
    wrong("log", "'x', 'y' or 'xy'", value)
  end
  for axis in value:gmatch(".") do
    if not allowed:find(axis, 1, true) then
      fail("this figure's %s axis cannot be logarithmic; log can be '%s'", axis, allowed)
    end
  end
  return value:find("x", 1, true) ~= nil, value:find("y", 1, true) ~= nil
end

-- range = {low, high}.
function common.range(options, name)
  local value = options[name]
  if value == nil then return nil end
  if type(value) ~= "table" or type(value[1]) ~= "number" or type(value[2]) ~= "number" then
    wrong(name, "{low, high}", value)
  end
  if not (common.finite(value[1]) and common.finite(value[2]) and value[1] < value[2]) then
    fail("option '%s' must ascend: {%s, %s} does not", name, common.number(value[1]),
         common.number(value[2]))
  end
  return value[1], value[2]
end

-- An array of `count` strings, or nil. One string is an array of one.
function common.names(options, name, count, of)
  local value = options[name]
  if value == nil or value == false then return nil end
  if type(value) == "string" then value = {value} end
  if type(value) ~= "table" then wrong(name, "an array of strings", value) end
  if #value ~= count then
    fail("option '%s' has %d names for %d %s", name, #value, count, of)
  end
  local list = {}
  for i, text in ipairs(value) do list[i] = tostring(text) end
  return list
end

-- Pixels that the rows of a legend after the first need.
local function more_rows(legend, width)
  local longest = 1
  for _, entry in ipairs(legend or {}) do longest = math.max(longest, common.length(entry)) end
  local across = math.max(1, (width - 60) // (longest * 7.2 + 36))
  return 17 * math.max(0, math.ceil(#(legend or {}) / across) - 1)
end

-- The size of a figure: the width in pixels, and a function from a width to the height, which is
-- height(width) and what the legend needs, unless option `height` fixes it.
function common.size(options, width, height, legend)
  width = common.number_option(options, "width", width, 120, 4000) // 1 | 0
  local fixed = common.number_option(options, "height", nil, 80, 4000)
  return width, function(w) return (fixed or height(w) + more_rows(legend, w)) // 1 | 0 end
end

-- ---- writing ----

-- Tics at 1, 2 and 5 times powers of ten for a logarithmic axis ("x" or "y") that is too short for
-- the powers alone; none for other axes.
function common.write_tics(script, axis, log, low, high)
  local tics = {}
  if log and high / low < 50 then
    for k = math.floor(math.log(low, 10)), math.ceil(math.log(high, 10)) do
      for _, m in ipairs{1, 2, 5} do
        local at = m * 10.0 ^ k
        if at >= low and at <= high then tics[#tics + 1] = at end
      end
    end
  end
  script:number("pn_" .. axis .. "tics", #tics)
  script:array("pn_" .. axis .. "tic", #tics > 0 and tics or {1})
end

-- Titles, axis labels and the legend, as plots/labels.gp and the figures read them. `box` tells
-- how much room they have, `left` how many pixels of it labels take at the left.
function common.write_labels(script, fig, box, left)
  local room = math.max(12, (box.width - 110) // 7.6 | 0)
  local middle = math.max(12, (box.width - (left or 60) - 30) // 9.2 | 0)
  script:string("pn_title", common.wrap(fig.title, middle))
  script:string("pn_xlabel", common.shorten(fig.xlabel, middle))
  script:string("pn_ylabel", common.shorten(fig.ylabel, math.max(10, box.height // 8 | 0)))
  local legend = {}
  for i, text in ipairs(fig.legend or {}) do legend[i] = common.shorten(text, room) end
  script:array("pn_legend", legend)
  script:number("pn_legends", #legend)
  script:array("pn_color", fig.colors)
  script:template("labels")
end

return common
