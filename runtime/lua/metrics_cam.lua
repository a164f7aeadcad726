-- How well class activation maps hit what masks mark.
local parts = ...
local core, read, define = parts.core, parts.read, parts.define
local fail = read.fail

-- The planes (height, width) of one tensor, of a tensor (n, height, width), or of an array.
local function planes(value, name, what)
  local shape = core.shape(value)
  if shape and #shape == 2 then return {value} end
  if shape and #shape == 3 then
    local list = {}
    for i = 1, shape[1] do list[i] = value[i] end
    return list
  end
  if type(value) == "table" and not shape then return value end
  fail("metrics.%s: %s must be tensors (height, width), or one (n, height, width)", name, what)
end

-- The scores of every map against its mask.
local function scores(options, name)
  if options[1] == nil or options[2] == nil then
    fail("metrics.%s needs metrics.%s{maps, masks}", name, name)
  end
  local maps, masks = planes(options[1], name, "maps"), planes(options[2], name, "masks")
  if #maps ~= #masks then fail("metrics.%s: there are %d maps, but %d masks", name, #maps, #masks) end
  if #maps == 0 then fail("metrics.%s: there is no map", name) end
  local tolerance = read.number(options, name, "tolerance", 0, 0, 1000)
  local list = {}
  for i, map in ipairs(maps) do
    local empty, hit, chance, energy, inside = core.cam_score(map, masks[i], tolerance)
    list[i] = {empty = empty, hit = hit, chance = chance, energy = energy, inside = inside}
  end
  return list
end

local function mean(list, name)
  local sum = 0
  for _, item in ipairs(list) do sum = sum + item[name] end
  return sum / #list
end

local function count(list, name)
  local n = 0
  for _, item in ipairs(list) do if item[name] then n = n + 1 end end
  return n
end

-- How often the peak of a map lies inside its mask, beside how often a random place would.
define("pointing_game", 2, {"tolerance"}, function(options, name)
  local list = scores(options, name)
  local hits, empty = count(list, "hit"), count(list, "empty")
  local low, high = parts.curves.wilson(hits, #list, 0.95)
  local chance = mean(list, "chance")
  return parts.record({
    {"rate", hits / #list}, {"chance", chance}, {"low", low}, {"high", high}, {"hits", hits},
    {"n", #list}, {"empty", empty},
  }, ("%d of %d peaks inside (%.1f %%, 95 %% confidence: %.1f to %.1f %%); by chance %.1f %%%s"):format(
    hits, #list, 100 * hits / #list, 100 * low, 100 * high, 100 * chance,
    empty > 0 and ("; %d empty"):format(empty) or ""))
end)

-- Which share of the maps lies inside their masks, beside that of an even map.
define("energy_inside", 2, {}, function(options, name)
  local list = scores(options, name)
  local energy, inside = mean(list, "energy"), mean(list, "inside")
  return parts.record({
    {"energy", energy}, {"chance", inside}, {"n", #list}, {"empty", count(list, "empty")},
  }, ("%.1f %% of the maps' energy inside the masks of %d images; by chance %.1f %%"):format(
    100 * energy, #list, 100 * inside))
end)
