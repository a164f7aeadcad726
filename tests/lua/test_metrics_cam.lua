-- Scores of class activation maps against masks.
local lu = require "luaunit"
local pneuma = require "pneuma"
local tensor, metrics = pneuma.tensor, pneuma.metrics

local function fails(message, f, ...)
  local ok, err = pcall(f, ...)
  lu.assertFalse(ok)
  lu.assertStrContains(tostring(err), message)
end

-- A map of 4 x 4 with one peak, and a mask of 8 x 8 with one marked block of 2 x 2.
local function one(row, column, top, left)
  local map, mask = tensor.zeros{4, 4}, tensor.zeros{8, 8, dtype = "uint8"}
  map[{row, column}] = 1
  mask[{{top, top + 1}, {left, left + 1}}] = 255
  return map, mask
end

TestPointing = {}

function TestPointing:test_hits_and_misses()
  local a, mask_a = one(2, 3, 3, 5) -- the map's item (2, 3) covers rows 3, 4 and columns 5, 6
  local b, mask_b = one(1, 1, 7, 7)
  local r = metrics.pointing_game{{a, b}, {mask_a, mask_b}}
  lu.assertEquals(r.hits, 1)
  lu.assertEquals(r.n, 2)
  lu.assertEquals(r.rate, 0.5)
  lu.assertEquals(r.chance, 4 / 64)
  lu.assertStrContains(tostring(r), "1 of 2 peaks inside")
  lu.assertEquals(metrics.pointing_game{{b}, {mask_b}, tolerance = 20}.hits, 1)
  lu.assertEquals(metrics.pointing_game{{b}, {mask_b}, tolerance = 20}.chance, 1)
end

function TestPointing:test_one_tensor_of_maps()
  local a, mask = one(2, 3, 3, 5)
  local maps = tensor.zeros{2, 4, 4}
  maps[{1, {}, {}}] = a
  local r = metrics.pointing_game{maps, {mask, mask}}
  lu.assertEquals(r.hits, 1)
  lu.assertEquals(r.empty, 1) -- a map of zeros points nowhere
end

function TestPointing:test_energy()
  local a, mask = one(2, 3, 3, 5)
  local r = metrics.energy_inside{{a}, {mask}}
  -- Bilinear: the peak's weight over the doubled image is 0.75 and 0.25 along each axis.
  lu.assertAlmostEquals(r.energy, (2 * 0.75) ^ 2 / 4, 1e-6)
  lu.assertEquals(r.chance, 4 / 64)
  local even = metrics.energy_inside{{tensor.ones{4, 4}}, {mask}}
  lu.assertAlmostEquals(even.energy, even.chance, 1e-6)
  lu.assertEquals(metrics.energy_inside{{tensor.zeros{4, 4}}, {mask}}.energy, 0)
end

function TestPointing:test_what_does_not_fit()
  local map, mask = one(1, 1, 1, 1)
  fails("there are 1 maps, but 0 masks", metrics.pointing_game, {{map}, {}})
  fails("there is no map", metrics.energy_inside, {{}, {}})
  fails("needs metrics.pointing_game{maps, masks}", metrics.pointing_game, {{map}})
  fails("a mask must be (height, width), not (1, 8, 8)", metrics.pointing_game,
    {{map}, {mask:reshape{1, 8, 8}}})
  fails("tolerance", metrics.pointing_game, {{map}, {mask}, tolerance = -1})
  fails("did you mean 'tolerance'?", metrics.pointing_game, {{map}, {mask}, tolerence = 1})
end

os.exit(lu.LuaUnit.run())
