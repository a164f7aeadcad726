-- nn: layers, Sequential, and what models are asked.
local lu = require "luaunit"
local pneuma = require "pneuma"
local nn, tensor = pneuma.nn, pneuma.tensor

local function fails(message, f, ...)
  local ok, err = pcall(f, ...)
  lu.assertFalse(ok)
  lu.assertStrContains(tostring(err), message)
  return err
end

local function numbers(x)
  local out = {}
  local flat = x:reshape{-1}
  for i = 1, #flat do out[i] = flat[i] end
  return out
end

TestLayers = {}

function TestLayers:test_unnamed_values_are_keras_first_options()
  lu.assertEquals(nn.Conv2D{32, 3, 2}.config.filters, 32)
  lu.assertEquals(nn.Conv2D{32, 3, 2}.config.kernel_size, {3, 3})
  lu.assertEquals(nn.Conv2D{32, 3, 2}.config.strides, {2, 2})
  lu.assertEquals(nn.Conv2D{32, {3, 5}, padding = "same"}.config.kernel_size, {3, 5})
  lu.assertEquals(nn.Dense{512}.config.units, 512)
  lu.assertEquals(nn.MaxPooling2D{2, 1}.config.strides, {1, 1})
  lu.assertEquals(nn.Dropout{0.5}.config.rate, 0.5)
  lu.assertEquals(nn.ZeroPadding2D{1}.config.padding, {{1, 1}, {1, 1}})
  lu.assertEquals(nn.Rescaling{1 / 2, -1}.config.offset, -1)
  lu.assertEquals(nn.Reshape{7, 7, 512}.config.target_shape, {7, 7, 512})
  lu.assertEquals(nn.Reshape{{49, -1}}.config.target_shape, {49, -1})
  lu.assertEquals(nn.Activation{"relu"}.config.activation, "relu")
  lu.assertAlmostEquals(nn.LeakyReLU{0.1}.config.alpha, 0.1, 1e-9)
  lu.assertEquals(nn.Dense{8 / 2}.config.units, 4) -- a whole float counts
end

function TestLayers:test_every_class_has_a_constructor()
  for _, class in ipairs{"Add", "AveragePooling2D", "BatchNormalization", "Concatenate", "Flatten",
                         "GlobalAveragePooling2D", "GlobalMaxPooling2D", "ReLU", "Softmax"} do
    lu.assertEquals(nn[class]{}.class_name, class)
  end
  lu.assertEquals(nn.Flatten().class_name, "Flatten")
end

function TestLayers:test_axes_are_counted_from_1()
  lu.assertEquals(nn.Concatenate{axis = 4}.config.axis, 3)
  lu.assertEquals(nn.Concatenate{axis = -1}.config.axis, -1)
  fails("axes are counted from 1", nn.Concatenate, {axis = 0})
  local a, b = nn.Input{2, 3}, nn.Input{4, 3}
  lu.assertEquals(nn.Concatenate{axis = 2}{a, b}.shape, {6, 3})
end

function TestLayers:test_fields()
  local layer = nn.Dense{3, activation = "relu", name = "head"}
  lu.assertEquals(layer.name, "head")
  lu.assertNil(nn.Dense{3}.name)
  lu.assertTrue(layer.trainable)
  layer.trainable = false
  lu.assertFalse(layer.trainable)
  lu.assertFalse(nn.Dense{3, trainable = false}.trainable)
  local m = nn.Sequential{nn.Input{2}, layer}
  lu.assertEquals(layer.output_shape, {3})
  lu.assertEquals(layer.input_shape, {2})
  lu.assertEquals(layer:count_params(), 9)
  lu.assertEquals(#layer.weights, 2)
  lu.assertEquals(layer.weights.kernel.shape, {2, 3})
  lu.assertStrContains(tostring(layer), "Dense 'head', output (None, 3), 9 parameters, frozen")
  lu.assertIs(m.layers[1], layer)
end

function TestLayers:test_weights_are_copied_in_and_out()
  local layer = nn.Dense{2}
  local m = nn.Sequential{nn.Input{2}, layer}
  local kernel = tensor{{1, 2}, {3, 4}}
  layer:set_weights{kernel, tensor{10.0, 20.0}}
  kernel:fill_(0)
  lu.assertEquals(numbers(m(tensor{{1.0, 1.0}})), {14, 26})
  local taken = layer:get_weights()
  taken[1]:fill_(0)
  lu.assertEquals(numbers(m(tensor{{1.0, 1.0}})), {14, 26})
  layer.weights.bias:fill_(1) -- these are the weights themselves
  lu.assertEquals(numbers(m(tensor{{1.0, 1.0}})), {5, 7})
end

function TestLayers:test_a_layer_computes_a_tensor_at_once()
  local layer = nn.Flatten{}
  lu.assertEquals(layer(tensor.zeros{2, 3, 4}).shape, {2, 12})
  lu.assertNil(layer.name)
  local dense = nn.Dense{1, use_bias = false, kernel_initializer = "ones"}
  lu.assertEquals(numbers(dense(tensor{{1, 2, 3}})), {6})
  lu.assertEquals(numbers(nn.Add{}{tensor{{1, 2}}, tensor{{3, 4}}}), {4, 6})
end

function TestLayers:test_bad_options()
  fails("Dense has no option 'activatio'; did you mean 'activation'?", nn.Dense,
        {3, activatio = "relu"})
  fails("Dense: units must be a whole number from 1, not -3", nn.Dense, {-3})
  fails("Dense: units is missing", nn.Dense, {})
  fails("nn.Dense takes one table: nn.Dense{...}, not a number", nn.Dense, 3)
  fails("nn.Dense takes 2 unnamed values (units, activation); [3] is one too many", nn.Dense,
        {3, "relu", 4})
  fails("nn.Flatten takes no unnamed values", nn.Flatten, {3})
  fails("units is given twice", nn.Dense, {3, units = 4})
  fails('padding must be "valid" or "same", not "sane"', nn.Conv2D, {3, 3, padding = "sane"})
  fails("activation must be a number, a string", nn.Dense, {3, activation = print})
  fails("kernel_size[1] must be", nn.Conv2D, {3, {print, 3}})
  fails("is not a finite number", nn.Dropout, {0 / 0})
  fails("nn has no 'Dnse'; did you mean 'Dense'?", function() return nn.Dnse end)
  fails("there is no activation 'rleu'; did you mean 'relu'?", nn.Dense, {3, activation = "rleu"})
end

function TestLayers:test_bad_uses()
  local layer = nn.Dense{3}
  fails("Dense has no weights yet", function() return layer.weights end)
  fails("Dense has no 'wieghts'; did you mean 'weights'?", function() return layer.wieghts end)
  fails("only 'trainable' can be set", function() layer.name = "x" end)
  fails("trainable must be true or false", function() layer.trainable = 1 end)
  fails("call get_weights with a colon: layer:get_weights", layer.get_weights)
  fails("is called with a tensor", layer, 3)
  nn.Sequential{nn.Input{2}, layer}
  fails("Dense 'dense' has 2 weights (dense/kernel:0, dense/bias:0), not 1", layer.set_weights,
        layer, {tensor.zeros{2, 3}})
  local err = fails("Dense 'dense': its kernel has the shape (2, 3), not (3, 2)", layer.set_weights,
                    layer, {tensor.zeros{3, 2}, tensor.zeros{3}})
  lu.assertEquals(err.kind, "shape")
end

TestSequential = {}

local function small()
  return nn.Sequential{
    nn.Input{8, 8, 3}, nn.Conv2D{4, 3, activation = "relu"}, nn.BatchNormalization{},
    nn.MaxPooling2D{2}, nn.Flatten{}, nn.Dropout{0.5}, nn.Dense{1, activation = "sigmoid"},
  }
end

function TestSequential:test_the_scratch_model()
  local m = nn.Sequential{nn.Input{224, 224, 3}}
  for _, n in ipairs{32, 64, 128, 128} do
    m:add(nn.Conv2D{n, 3, activation = "relu"}):add(nn.BatchNormalization{})
      :add(nn.MaxPooling2D{2})
  end
  m:add(nn.Flatten{}):add(nn.Dense{512, activation = "relu"}):add(nn.Dropout{0.5})
    :add(nn.Dense{1, activation = "sigmoid"})
  lu.assertEquals(m:count_params(), 9680449)
  lu.assertEquals(m:count_params{trainable = false}, 704)
  lu.assertEquals(m:layer"conv2d_3".output_shape, {24, 24, 128})
  lu.assertEquals(m.input_shape, {224, 224, 3})
  lu.assertEquals(m.output_shape, {1})
end

function TestSequential:test_summary_prints()
  local lines, old = {}, print
  print = function(text) lines[#lines + 1] = text end
  small():summary()
  print = old
  lu.assertStrContains(lines[1], 'Model: "sequential"')
  lu.assertStrContains(lines[1], "conv2d (Conv2D)             (None, 6, 6, 4)           112")
end

function TestSequential:test_a_list_in_one_table()
  local m = nn.Sequential{{nn.Input{2}, nn.Dense{3}}, name = "net"}
  lu.assertEquals(m.name, "net")
  lu.assertEquals(#m.layers, 1)
end

function TestSequential:test_the_same_seed_gives_the_same_weights()
  local function first(m) return numbers(m.weights["dense/kernel:0"]) end
  local function net(seed) return nn.Sequential{nn.Input{3}, nn.Dense{4}, seed = seed} end
  lu.assertEquals(first(net(1)), first(net(1)))
  lu.assertNotEquals(first(net(1)), first(net(2)))
  lu.assertEquals(first(net(nil)), first(net(0)))
  fails("seed must be a whole number", net, "x")
end

function TestSequential:test_the_input_may_be_known_later()
  local m = nn.Sequential{nn.Dense{2}, nn.Dense{1}}
  lu.assertStrContains(tostring(m), "shape of the input not known yet")
  fails("does not know the shape of its input yet", m.summary, m)
  fails("does not know the shape of its input yet", function() return m.output_shape end)
  lu.assertEquals(m(tensor.ones{5, 3}).shape, {5, 1})
  lu.assertEquals(m.input_shape, {3})
  lu.assertEquals(m:layer"dense_input".class_name, "InputLayer")
  local first = nn.Sequential{nn.Dense{2, input_shape = {3}}, nn.Dense{1}}
  lu.assertEquals(first:count_params(), 11)
  lu.assertEquals(nn.Sequential{nn.Dense{2}}:build{4}:count_params(), 10)
end

-- What is kept between predictions must not outlive what it was made of.
function TestSequential:test_predictions_follow_the_weights()
  local function make()
    return nn.Sequential{nn.Input{12, 12, 9}, nn.Conv2D{8, 3, activation = "relu", name = "conv"},
                         nn.Flatten{}, nn.Dense{2, name = "end"}, seed = 3}
  end
  local x = tensor.uniform{4, 12, 12, 9, seed = 1}
  local m = make()
  local first = m:predict{x}
  lu.assertEquals(numbers(m:predict{x}), numbers(first)) -- from what was kept
  lu.assertEquals(numbers(m:predict{x[{{1, 1}}]}), {numbers(first)[1], numbers(first)[2]})
  local weights = m:get_weights()
  weights[1] = weights[1] * 2
  m:set_weights(weights)
  local other = make()
  other:set_weights(weights)
  lu.assertEquals(numbers(m:predict{x}), numbers(other:predict{x}))
  lu.assertNotEquals(numbers(m:predict{x}), numbers(first))
  m.weights[1]:mul_(0.5) -- back, in place
  lu.assertEquals(numbers(m:predict{x}), numbers(first))
  m:add(nn.Dense{3})
  lu.assertEquals(m:predict{x}.shape, {4, 3})
end

function TestSequential:test_predict_in_batches()
  local m = small()
  local x = tensor.uniform{70, 8, 8, 3, seed = 1}
  local all = m:predict{x, batch_size = 70}
  lu.assertEquals(all.shape, {70, 1})
  lu.assertTrue((all - m:predict{x, batch_size = 8}):abs():max() < 1e-6)
  lu.assertTrue((all - m(x)):abs():max() < 1e-6)
  lu.assertTrue((all - m:predict(x)):abs():max() < 1e-6)
  local bytes = (x * 255):cast"uint8"
  lu.assertTrue((m(bytes) - m(bytes:cast"float32")):abs():max() < 1e-6)
  local view = tensor.uniform{8, 8, 3, 5}:transpose{4, 1, 2, 3}
  lu.assertTrue((m(view) - m(view:clone())):abs():max() < 1e-6)
  lu.assertEquals(m(x[{{1, 0}}]).shape, {0, 1})
end

function TestSequential:test_weights_of_all()
  local m = small()
  local w = m:get_weights()
  lu.assertEquals(#w, 8)
  lu.assertEquals(m.weights["conv2d/kernel:0"].shape, {3, 3, 3, 4})
  local copy = nn.model_from_json(m:to_json())
  copy:set_weights(w)
  local x = tensor.uniform{2, 8, 8, 3, seed = 1}
  lu.assertEquals(numbers(m(x)), numbers(copy(x)))
  fails("has 8 weights, not 1", m.set_weights, m, {w[1]})
  w[3] = tensor.zeros{5}
  w[1] = w[1] * 0
  fails("BatchNormalization 'batch_normalization': its gamma has the shape (4,), not (5,)",
        m.set_weights, m, w)
  lu.assertEquals(numbers(m(x)), numbers(copy(x))) -- nothing was replaced
end

function TestSequential:test_clone()
  local m = small()
  m:layer"conv2d".trainable = false
  local x = tensor.uniform{2, 8, 8, 3, seed = 1}
  local copy, fresh = m:clone(), m:clone{weights = false, seed = 5, name = "other"}
  lu.assertEquals(numbers(copy(x)), numbers(m(x)))
  lu.assertNotEquals(numbers(fresh(x)), numbers(m(x)))
  lu.assertEquals(fresh.name, "other")
  lu.assertFalse(copy:layer"conv2d".trainable)
  copy.weights[1]:fill_(0)
  lu.assertNotEquals(numbers(copy(x)), numbers(m(x)))
end

function TestSequential:test_trainable()
  local m = small()
  lu.assertTrue(m.trainable)
  m.trainable = false
  lu.assertFalse(m.trainable)
  lu.assertFalse(m:layer"conv2d".trainable)
  lu.assertEquals(m:count_params{trainable = true}, 0)
  m:layer"dense".trainable = true
  lu.assertTrue(m.trainable)
end

function TestSequential:test_layers_by_name_and_number()
  local m = small()
  lu.assertIs(m:layer"dense", m:layer(6))
  lu.assertIs(m:get_layer"dense", m.layers[6])
  fails("model 'sequential' has no layer 'conv2d_1'; did you mean 'conv2d'?", m.layer, m, "conv2d_1")
  fails("has layers 1 to 6, not 9", m.layer, m, 9)
end

function TestSequential:test_bad_models()
  local m = small()
  local err = fails("model 'sequential' takes (None, 8, 8, 3) (input 'input_1'), not (2, 8, 8, 1)", m,
                    tensor.zeros{2, 8, 8, 1})
  lu.assertEquals(err.kind, "shape")
  fails("one sample needs an axis in front", m, tensor.zeros{8, 8, 3})
  fails("Conv2D 'late': expected an image", m.add, m, nn.Conv2D{3, 3, name = "late"})
  lu.assertEquals(#m.layers, 6) -- as it was
  fails("its window of (9, 9) does not fit into the input (None, 8, 8, 3)", nn.Sequential,
        {nn.Input{8, 8, 3}, nn.Conv2D{1, 9}})
  fails("two layers of 'sequential' are called 'a'", nn.Sequential,
        {nn.Input{3}, nn.Dense{3, name = "a"}, nn.Dense{3, name = "a"}})
  fails("item 1 must be a layer or a model, not a function: write nn.Flatten{}", nn.Sequential,
        {nn.Flatten})
  fails("item 2 must be a layer or a model, not a string", nn.Sequential, {nn.Input{3}, "relu"})
  fails("nn.Sequential has no option 'nmae'; did you mean 'name'?", nn.Sequential, {nmae = "x"})
  fails("has no layers", function() return nn.Sequential{}(tensor.zeros{1, 2}) end)
  local broken = nn.Sequential{nn.Dense{2}, nn.Conv2D{2, 2}}
  fails("expected an image", broken, tensor.zeros{1, 2})
  fails("could not be built", broken, tensor.zeros{1, 2})
end

function TestSequential:test_bad_uses()
  local m = small()
  fails("call summary with a colon: m:summary", m.summary)
  fails("call predict with a colon: m:predict", function() return m.predict{tensor.zeros{1}} end)
  fails("model 'sequential' has no 'sumary'; did you mean 'summary'?", function() m:sumary() end)
  fails("'layers' cannot be set", function() m.layers = {} end)
  fails("has no 'trainible'; did you mean 'trainable'?", function() m.trainible = false end)
  fails("trainable must be true or false", function() m.trainable = 0 end)
  fails("a model's name must be", function() m.name = "a/b" end)
  fails("m:layer takes a layer's name or number", m.layer, m, {})
  fails("is no JSON", nn.model_from_json, "{")
  fails("takes JSON text", nn.model_from_json, {})
end

function TestSequential:test_models_that_are_dropped_are_collected()
  collectgarbage()
  local before = collectgarbage"count"
  for _ = 1, 60 do -- 240 MB of weights: the collector hears of them
    local m = nn.Sequential{nn.Input{1000}, nn.Dense{1000}}
    m(tensor.zeros{1, 1000})
  end
  collectgarbage()
  lu.assertTrue(collectgarbage"count" - before < 100)
end

os.exit(lu.LuaUnit.run())
