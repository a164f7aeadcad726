-- Faces from Lua: the stage as users call it.
local lu = require "luaunit"

-- The cache must be in the environment before Lua starts.
if not os.getenv "FACES_TEST_CHILD" then
  local folder = os.tmpname()
  os.remove(folder)
  local command = string.format("FACES_TEST_CHILD=1 PNEUMA_CACHE='%s' \"$PNEUMA_LUA\" '%s'", folder, arg[0])
  local ok, _, code = os.execute(command)
  os.execute("rm -rf '" .. folder .. "'")
  os.exit(ok and 0 or code)
end

local pneuma = require "pneuma"
local stage = pneuma.stage

local function refused(text, arguments)
  local ok, e = pcall(stage.faces, arguments)
  lu.assertFalse(ok, "expected an error with: " .. text)
  lu.assertStrContains(tostring(e), text)
end

TestFaces = {}

function TestFaces:test_images_and_identities()
  local f = stage.faces{identities = 3, per_identity = 2, size = 40, seed = 1}
  lu.assertEquals(f.images.shape, {6, 40, 40, 3})
  lu.assertEquals(f.images.dtype, "uint8")
  lu.assertEquals(f.identity.dtype, "int32")
  lu.assertEquals(f.identity:totable(), {0, 0, 1, 1, 2, 2})
  local low, high = f.images:min(), f.images:max()
  lu.assertTrue(low < 60 and high > 160)
end

function TestFaces:test_a_seed_names_its_persons()
  local all = stage.faces{identities = 3, per_identity = 2, size = 32, seed = 1}
  local last = stage.faces{identities = 1, per_identity = 2, size = 32, seed = 1, first_identity = 2}
  local other = stage.faces{identities = 1, per_identity = 2, size = 32, seed = 2, first_identity = 2}
  lu.assertEquals(last.identity:totable(), {2, 2})
  lu.assertEquals(last.images:totable(), all.images[{{5, 6}}]:totable())
  lu.assertNotEquals(last.images:totable(), other.images:totable())
end

function TestFaces:test_grey()
  local f = stage.faces{identities = 1, per_identity = 1, size = 32, color = false}
  local red, blue = f.images[{{}, {}, {}, 1}], f.images[{{}, {}, {}, 3}]
  lu.assertEquals(red:totable(), blue:totable())
end

function TestFaces:test_parameters_are_checked()
  refused("parameter size must lie between 32 and 512, not 31", {size = 31})
  refused("parameter size must lie between 32 and 512, not 513", {size = 513})
  refused("parameter identities must lie between 1 and", {identities = 0})
  refused("parameter per_identity must lie between 1 and", {per_identity = 0})
  refused("parameter first_identity must lie between 0 and", {first_identity = -1})
  refused("parameter first_image must lie between 0 and", {first_image = -1})
  refused("parameter color must be true or false", {color = 1})
  refused("identities (100000) times per_identity (1000) at size 512", {identities = 100000, per_identity = 1000, size = 512})
  refused("did you mean 'per_identity'?", {per_identities = 3})
end

local code = lu.LuaUnit.run()
-- What stays open would keep the cache's folder in use.
stage = nil
collectgarbage()
os.exit(code)
