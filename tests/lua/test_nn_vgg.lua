-- nn.VGG: the convolutions of a VGG from a file that holds weights alone, or a whole model.
local lu = require "luaunit"
local pneuma = require "pneuma"
local folder = require("support").folder
local nn, tensor = pneuma.nn, pneuma.tensor

local function fails(message, f, ...)
  local ok, err = pcall(f, ...)
  lu.assertFalse(ok)
  lu.assertStrContains(tostring(err), message)
end

-- A safetensors file of float32 arrays {name, shape}, all items 0.01 * their place in the list.
local function write(dir, name, arrays)
  local entries, data, at = {}, {}, 0
  for k, a in ipairs(arrays) do
    local count = 1
    for _, size in ipairs(a[2]) do count = count * size end
    entries[k] = ('"%s":{"dtype":"F32","shape":[%s],"data_offsets":[%d,%d]}'):format(a[1],
      table.concat(a[2], ","), at, at + 4 * count)
    data[k] = string.pack("<f", 0.01 * k):rep(count)
    at = at + 4 * count
  end
  local header = "{" .. table.concat(entries, ",") .. "}"
  header = header .. (" "):rep(-#header % 8)
  dir:write(name, string.pack("<I8", #header) .. header .. table.concat(data))
  return dir:path(name)
end

TestVGG = {}

function TestVGG:setUp() self.dir = folder() end

function TestVGG:tearDown() self.dir:remove() end

function TestVGG:test_blocks_come_from_names()
  local path = write(self.dir, "v.safetensors", {
    {"conv0.kernel", {1, 1, 3, 3}}, {"conv0.bias", {3}},
    {"conv1_1.kernel", {3, 3, 3, 2}}, {"conv1_1.bias", {2}},
    {"conv1_2.kernel", {3, 3, 2, 2}}, {"conv1_2.bias", {2}},
    {"conv2_1.kernel", {3, 3, 2, 4}}, {"conv2_1.bias", {4}},
  })
  local m = nn.VGG{path, input_shape = {16, 12, 3}}
  local classes = {}
  for i, layer in ipairs(m.layers) do classes[i] = layer.class_name end
  lu.assertEquals(classes, {"Conv2D", "Conv2D", "Conv2D", "MaxPooling2D", "Conv2D"})
  lu.assertEquals(m.output_shape, {8, 6, 4})
  lu.assertAlmostEquals(m:layer"conv2_1":get_weights()[1][1][1][1][1], 0.07, 1e-7)
  lu.assertEquals(m:layer"conv0".config.activation, "linear")
  lu.assertEquals(m:layer"conv1_1".config.activation, "relu")
  lu.assertEquals(nn.VGG{path, pooling = true, input_shape = {16, 12, 3}}.output_shape, {4, 3, 4})
end

function TestVGG:test_names_as_keras_gives_them()
  local path = write(self.dir, "k.safetensors", {
    {"block1_conv1/kernel", {3, 3, 3, 2}}, {"block1_conv1/bias", {2}},
    {"block2_conv1/kernel", {3, 3, 2, 4}}, {"block2_conv1/bias", {4}},
    {"fc1/kernel", {8, 2}}, {"fc1/bias", {2}},
  })
  lu.assertEquals(nn.VGG{path, input_shape = {8, 8, 3}}.output_shape, {4, 4, 4})
end

function TestVGG:test_a_whole_model_is_taken_at_its_word()
  local m = nn.Sequential{nn.Input{8, 8, 3}, nn.Conv2D{2, 3}, seed = 1}
  m:save(self.dir:path("m.safetensors"))
  lu.assertEquals(nn.VGG{self.dir:path("m.safetensors"), input_shape = {10, 10, 3}}.output_shape,
    {8, 8, 2})
end

function TestVGG:test_what_is_no_vgg()
  local path = write(self.dir, "d.safetensors", {{"dense/kernel", {3, 3}}})
  fails("has neither an architecture nor convolutions named by block", nn.VGG, {path})
  path = write(self.dir, "five.safetensors", {{"conv1_1.kernel", {5, 5, 3, 2}}})
  fails("the kernel of conv1_1 has the shape (5, 5, 3, 2); a VGG has 3x3 kernels", nn.VGG, {path})
  fails("must end in .safetensors or .h5", nn.VGG, {"x.bin"})
  fails("no_such", nn.VGG, {"no_such.safetensors"})
end

os.exit(lu.LuaUnit.run())
