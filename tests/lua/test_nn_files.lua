-- nn: models in files.
local lu = require "luaunit"
local pneuma = require "pneuma"
local nn, tensor = pneuma.nn, pneuma.tensor
local folder = require("support").folder

local function fails(message, f, ...)
  local ok, err = pcall(f, ...)
  lu.assertFalse(ok)
  lu.assertStrContains(tostring(err), message)
  return err
end

local function net(name)
  return nn.Sequential{
    nn.Input{6, 6, 2}, nn.Conv2D{4, 3, activation = "relu"}, nn.BatchNormalization{},
    nn.MaxPooling2D{2}, nn.Flatten{}, nn.Dropout{0.5}, nn.Dense{1, activation = "sigmoid"},
    name = name,
  }
end

local x = tensor.uniform{3, 6, 6, 2, seed = 1}

local function same(a, b)
  lu.assertTrue((a(x) - b(x)):abs():max() < 1e-6)
end

TestFiles = {}

function TestFiles:setUp() self.dir = folder() end
function TestFiles:tearDown() self.dir:remove() end

function TestFiles:test_models_come_back()
  for _, name in ipairs{"m.safetensors", "m.h5"} do
    local m = net("lungs"):compile{optimizer = nn.Adam{1e-4}, loss = "binary_crossentropy",
                                   metrics = {"accuracy"}}
    m.input = {size = {6, 6}, classes = {"NORMAL", "PNEUMONIA"}, threshold = 0.4}
    m:layer"conv2d".trainable = false
    lu.assertIs(m:save{self.dir:path(name)}, m)
    local back = nn.load_model{self.dir:path(name)}
    same(back, m)
    lu.assertEquals(back.name, "lungs")
    lu.assertEquals(back.input, m.input)
    lu.assertEquals(back.optimizer.class_name, "Adam")
    lu.assertEquals(back.optimizer.config.learning_rate, 1e-4)
    lu.assertEquals(back.metrics, {"accuracy"})
    lu.assertFalse(back:layer"conv2d".trainable)
    lu.assertEquals(back:to_json(), m:to_json())
  end
end

-- Objects without options: their empty config must stay an object.
function TestFiles:test_settings_without_options_come_back()
  for _, name in ipairs{"m.safetensors", "m.h5"} do
    local m = net():compile{optimizer = nn.Adam{}, loss = nn.BinaryCrossentropy{},
                            metrics = {"accuracy", nn.Precision{}, nn.Recall{}}}
    m:save{self.dir:path(name)}
    local back = nn.load_model{self.dir:path(name)}
    lu.assertEquals(back.optimizer.class_name, "Adam")
    lu.assertEquals(back.loss.class_name, "BinaryCrossentropy")
    lu.assertEquals(back:evaluate{x, {0, 1, 1}, verbose = 0}.names,
                    {"loss", "accuracy", "precision", "recall"})
  end
end

function TestFiles:test_functional_and_nested_models()
  local base = nn.Sequential{nn.Input{6, 6, 2}, nn.Conv2D{3, 3}, name = "base"}
  local input = nn.Input{6, 6, 2, name = "image"}
  local m = nn.Model{inputs = input,
                     outputs = nn.Dense{2}(nn.GlobalAveragePooling2D{}(base(input)))}
  for _, name in ipairs{"m.safetensors", "m.h5"} do
    m:save(self.dir:path(name))
    local back = nn.load_model(self.dir:path(name))
    same(back, m)
    lu.assertEquals(back:layer"base".name, "base")
  end
end

-- Keras counts the calls of a nested model from 1, Keras 3 those of a Sequential from 0; the two
-- files hold the same weights (tests/peers/goldens_keras_files.py).
function TestFiles:test_nested_models_of_keras()
  local data = arg[0]:match("^(.*/)") .. "../unit/data/"
  local image = tensor.uniform{2, 6, 6, 1, seed = 1}
  local two, three = nn.load_model(data .. "keras2_nested.h5"), nn.load_model(data .. "keras3_nested.h5")
  lu.assertEquals(two:layer"deep".output_shape, {2, 2, 2})
  lu.assertFalse(two:layer"c1".trainable)
  lu.assertTrue((two(image) - three(image)):abs():max() < 1e-6)
  lu.assertStrContains(two:to_json(), '["inner",1,0,{}]')
  two:save(self.dir:path("again.h5"))
  lu.assertTrue((nn.load_model(self.dir:path("again.h5"))(image) - two(image)):abs():max() < 1e-6)
end

-- Of a nested model whose output stands in a list Keras 3 makes one that gives a list.
function TestFiles:test_the_output_of_a_nested_model_stands_alone()
  local input = nn.Input{6, 6, 2, name = "image"}
  local base = nn.Model{inputs = input, outputs = nn.Conv2D{3, 3, name = "c"}(input), name = "base"}
  lu.assertStrContains(base:to_json(), '"output_layers":[["c",0,0]]')
  local m = nn.Sequential{base, nn.Flatten{}, nn.Dense{1}}
  lu.assertStrContains(m:to_json(), '"output_layers":["c",0,0]')
  m:save{self.dir:path("m.h5")}
  same(nn.load_model{self.dir:path("m.h5")}, m)
end

function TestFiles:test_weights_by_position()
  local a, b = net(), nn.Sequential{
    nn.Input{6, 6, 2}, nn.Conv2D{4, 3, activation = "relu", name = "other"},
    nn.BatchNormalization{}, nn.MaxPooling2D{2}, nn.Flatten{},
    nn.Dense{1, activation = "sigmoid"}, seed = 9,
  }
  for _, name in ipairs{"w.safetensors", "w.h5"} do
    a:save_weights{self.dir:path(name)}
    lu.assertIs(b:load_weights{self.dir:path(name)}, b)
    same(a, b)
  end
end

function TestFiles:test_weights_by_name()
  local path = self.dir:path("w.safetensors")
  local a = net():save(path)
  local b = nn.Sequential{nn.Input{6, 6, 2}, nn.Conv2D{4, 3, name = "conv2d"}, nn.Flatten{},
                          nn.Dense{7, name = "mine"}, seed = 3}
  b:load_weights{path, by_name = true}
  lu.assertTrue(b:layer"conv2d".weights[1]:eq(a:layer"conv2d".weights[1]):all())
  local c = nn.Sequential{nn.Input{6, 6, 2}, nn.Conv2D{4, 3, name = "mine"}}
  fails("has no layer with a name of model", c.load_weights, c, {path, by_name = true})
end

function TestFiles:test_weights_that_do_not_fit()
  local path = self.dir:path("w.safetensors")
  net():save(path)
  local m = nn.Sequential{nn.Input{6, 6, 2}, nn.Conv2D{4, 3}}
  fails("w.safetensors' holds 8 arrays of weights, but model 'sequential' has 2", m.load_weights, m,
        {path})
  local n = nn.Sequential{nn.Input{6, 6, 2}, nn.Conv2D{4, 3}, nn.BatchNormalization{},
                          nn.Flatten{}, nn.Dense{1}}
  local err = fails("kernel of layer 'dense' has the shape (64, 1), but 'dense/kernel' in the file "
                    .. "has (16, 1)", n.load_weights, n, path)
  lu.assertEquals(err.kind, "shape")
end

function TestFiles:test_saving_over_the_file_the_weights_came_from()
  local path = self.dir:path("m.safetensors")
  net():save(path)
  local m = nn.load_model(path)
  local out = m(x)
  m:save(path)
  lu.assertTrue(m(x):eq(out):all())
  same(nn.load_model(path), m)
end

function TestFiles:test_bad_files()
  fails("must end in .safetensors or .h5", nn.load_model, "model.bin")
  fails('in Keras, model.save("model.h5") writes such a file', nn.load_model, "model.keras")
  fails("takes a path", nn.load_model, {})
  fails("nowhere.safetensors", nn.load_model, "nowhere.safetensors")
  fails("nowhere.h5", nn.load_model, "nowhere.h5")
  local path = self.dir:write("broken.safetensors", "nothing of use")
  local err = fails("broken.safetensors", nn.load_model, path)
  lu.assertEquals(err.kind, "format")
  fails("broken.h5", nn.load_model, self.dir:write("broken.h5", "nothing of use"))
  fails("m:save has no option 'pth'; did you mean 'path'?", net().save, net(), {pth = "x"})
  fails("by_name must be true or false", net().load_weights, net(), {"x.h5", by_name = 1})
  self.dir:write("file", "no folder")
  fails("/file/' is not a folder", net().save, net(), self.dir:path("file/m.safetensors"))
end

os.exit(lu.LuaUnit.run())
