-- Keras's .h5 files from Lua: converted in a helper process, cached by content, and whatever a
-- damaged file does to HDF5, the caller gets an error.
local lu = require "luaunit"
local support = require "support"

-- The cache must be in the environment before Lua starts.
if not os.getenv "KERAS_TEST_CHILD" then
  local folder = support.folder()
  local command = string.format("KERAS_TEST_CHILD='%s' PNEUMA_CACHE='%s' \"$PNEUMA_LUA\" '%s'", folder.name,
    folder:path "cache", arg[0])
  local ok, _, code = os.execute(command)
  folder:remove()
  os.exit(ok and 0 or code)
end

local pneuma = require "pneuma"
local stage, tensor = pneuma.stage, pneuma.tensor
local data = arg[0]:match "^(.*)/lua/[^/]*$" .. "/unit/data/"
local folder = os.getenv "KERAS_TEST_CHILD"

local function bytes_of(path)
  local file = assert(io.open(path, "rb"))
  local bytes = file:read "a"
  file:close()
  return bytes
end

local function put(name, bytes)
  local path = folder .. "/" .. name
  local file = assert(io.open(path, "wb"))
  file:write(bytes)
  file:close()
  return path
end

-- The header's length and the header of a safetensors file, and its data.
local function parts(path)
  local bytes = bytes_of(path)
  local length = string.unpack("<I8", bytes)
  return bytes:sub(9, 8 + length), bytes:sub(9 + length)
end

TestKeras = {}

function TestKeras:test_a_model_is_converted()
  local r = stage.keras_read{path = data .. "keras2_full.h5"}
  lu.assertEquals(r.layers, {"conv2d", "batch_normalization", "max_pooling2d", "flatten", "dropout", "dense"})
  lu.assertEquals(#r.path, 1)
  local header, numbers = parts(r.path[1])
  lu.assertStrContains(header, '"dense/kernel":{"dtype":"F32","shape":[8,1],"data_offsets":[112,144]}')
  lu.assertEquals(string.unpack("<f", numbers, 113), 6 * 37 / 64)
end

function TestKeras:test_a_changed_file_is_read_again()
  local bytes = bytes_of(data .. "keras2_weights.h5")
  local path = put("changing.h5", bytes)
  local first = select(2, parts(stage.keras_read{path = path}.path[1]))
  -- The dense layer's bias: 7 * 37 / 64.
  local at = assert(bytes:find(string.pack("<f", 7 * 37 / 64), 1, true))
  put("changing.h5", bytes:sub(1, at - 1) .. string.pack("<f", 0.5) .. bytes:sub(at + 4))
  local second = select(2, parts(stage.keras_read{path = path}.path[1]))
  lu.assertEquals(string.unpack("<f", first, 145), 7 * 37 / 64)
  lu.assertEquals(string.unpack("<f", second, 145), 0.5)
end

function TestKeras:test_damage_is_an_error_or_other_numbers()
  local bytes = bytes_of(data .. "keras2_full.h5")
  local good, bad = 0, 0
  for at = 1, #bytes, 191 do
    local flipped = string.char(bytes:byte(at) ~ 1 << at % 8)
    local path = put("damaged" .. at .. ".h5", bytes:sub(1, at - 1) .. flipped .. bytes:sub(at + 1))
    local ok, e = pcall(stage.keras_read, {path = path})
    if ok then
      good = good + 1
    else
      bad = bad + 1
      lu.assertStrContains(tostring(e), "keras_read")
      lu.assertEquals(e.kind, "stage")
    end
  end
  lu.assertTrue(good > 0 and bad > 0, good .. " read, " .. bad .. " refused")
  lu.assertEquals(#stage.keras_read{path = data .. "keras3_full.h5"}.layers, 6) -- and on it goes
end

-- Free space of no size in HDF5's heap of texts: HDF5 1.10 never gets to the heap's end.
function TestKeras:test_turning_in_circles_ends()
  local bytes = bytes_of(data .. "keras2_weights.h5")
  local heap = assert(bytes:find("GCOL", 1, true))
  local path = put("circles.h5", bytes:sub(1, heap + 15) .. ("\0"):rep(16) .. bytes:sub(heap + 32))
  local ok, e = pcall(stage.keras_read, {path = path})
  lu.assertFalse(ok)
  lu.assertStrContains(tostring(e), "keras_read")
end

function TestKeras:test_refusals_name_the_file()
  for name, text in pairs{["keras3_new.weights.h5"] = "as Keras 3 lays it out", ["none.h5"] = "no file",
    ["official.safetensors"] = "no HDF5 file"} do
    local ok, e = pcall(stage.keras_read, {path = data .. name})
    lu.assertFalse(ok)
    lu.assertStrContains(tostring(e), data .. name)
    lu.assertStrContains(tostring(e), text)
  end
end

local architecture = [[{"class_name":"Sequential","config":{"name":"s","layers":[
  {"class_name":"InputLayer","config":{"name":"x","batch_input_shape":[null,2]}},
  {"class_name":"Dense","config":{"name":"d","units":1}}]}}]]

function TestKeras:test_what_is_written_is_read()
  local path = folder .. "/written.h5"
  local r = stage.keras_write{{tensor{{1}, {2}}, tensor{3}}, {"d/kernel", "d/bias"}, {"d"}, {architecture}, path = path}
  lu.assertEquals(r, {path})
  local read = stage.keras_read{path = path}
  local header, numbers = parts(read.path[1])
  lu.assertStrContains(header, '"d/kernel":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]}')
  lu.assertEquals({string.unpack("<fff", numbers)}, {1, 2, 3, 13})
end

function TestKeras:test_what_does_not_fit_is_not_written()
  local path = folder .. "/unwritten.h5"
  local ok, e = pcall(stage.keras_write, {{tensor{3}}, {"d/kernel", "d/bias"}, {"d"}, {architecture}, path = path})
  lu.assertFalse(ok)
  lu.assertStrContains(tostring(e), "1 weights and 2 names")
  lu.assertNil(io.open(path))
end

os.exit(lu.LuaUnit.run())
