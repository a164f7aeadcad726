-- nn: functional models, nested models, VGG-Face.
local lu = require "luaunit"
local pneuma = require "pneuma"
local nn, tensor = pneuma.nn, pneuma.tensor

local function fails(message, f, ...)
  local ok, err = pcall(f, ...)
  lu.assertFalse(ok)
  lu.assertStrContains(tostring(err), message)
  return err
end

local function same(a, b)
  lu.assertEquals(a.shape, b.shape)
  lu.assertTrue((a - b):abs():max() < 1e-6)
end

TestFunctional = {}

function TestFunctional:test_two_inputs()
  local a, b = nn.Input{4, name = "a"}, nn.Input{2, name = "b"}
  local d = nn.Dense{3, kernel_initializer = "ones"}
  local y = nn.Concatenate{}{d(a), b}
  lu.assertEquals(y.shape, {5})
  lu.assertEquals(tostring(y), "symbolic tensor (None, 5) of Concatenate")
  local m = nn.Model{inputs = {b, a}, outputs = y, name = "pair"}
  lu.assertEquals(m.name, "pair")
  lu.assertEquals(m.input_shape, {{2}, {4}})
  lu.assertEquals(d.name, "dense")
  local out = m{tensor{{7, 8}}, tensor{{1, 2, 3, 4}}}
  same(out, tensor{{10, 10, 10, 7, 8}})
  same(m:predict{{tensor{{7, 8}}, tensor{{1, 2, 3, 4}}}}, out)
  fails("takes 2 inputs, not 1", m, tensor.zeros{1, 2})
  fails("input 2 has 1 samples, but input 1 has 2", m, {tensor.zeros{2, 2}, tensor.zeros{1, 4}})
end

function TestFunctional:test_two_outputs_and_a_shared_layer()
  local x, z = nn.Input{3}, nn.Input{3}
  local shared = nn.Dense{2, kernel_initializer = "ones"}
  local m = nn.Model{{x, z}, {shared(x), shared(z)}}
  lu.assertEquals(m:count_params(), 8)
  local out = m{tensor{{1, 2, 3}}, tensor{{4, 5, 6}}}
  same(out[1], tensor{{6, 6}})
  same(out[2], tensor{{15, 15}})
  lu.assertEquals(m.output_shape, {{2}, {2}})
end

function TestFunctional:test_a_residual_block_and_its_json()
  local x = nn.Input{6, 6, 2}
  local y = nn.Conv2D{2, 3, padding = "same", activation = "relu"}(x)
  y = nn.Add{}{x, nn.Conv2D{2, 3, padding = "same"}(y)}
  local m = nn.Model{inputs = x, outputs = nn.GlobalAveragePooling2D{}(y)}
  local names = {}
  for i, layer in ipairs(m.layers) do names[i] = layer.name end
  lu.assertEquals(names, {"input_1", "conv2d", "conv2d_1", "add", "global_average_pooling2d"})
  local copy = m:clone()
  local input = tensor.uniform{2, 6, 6, 2, seed = 1}
  same(copy(input), m(input))
  lu.assertEquals(copy:to_json(), m:to_json())
end

function TestFunctional:test_a_model_up_to_a_layer()
  local m = nn.Sequential{nn.Input{4}, nn.Dense{3}, nn.Dense{2}, nn.Dense{1}}
  local front = nn.Model{inputs = m.inputs, outputs = m:layer"dense_1".output}
  lu.assertEquals(front.output_shape, {2})
  lu.assertIs(front:layer"dense", m:layer"dense")
  local x = tensor.uniform{2, 4, seed = 1}
  same(m:layer"dense_2"(front(x)), m(x))
  -- and with a head of its own
  local headed = nn.Model{inputs = front.inputs,
                          outputs = nn.Dense{5, name = "head"}(front.outputs[1])}
  lu.assertEquals(headed(x).shape, {2, 5})
end

function TestFunctional:test_bad_graphs()
  local x = nn.Input{4}
  local err = fails("Conv2D 'c': expected an image (None, height, width, channels), got (None, 4)",
                    nn.Conv2D{3, 3, name = "c"}, x)
  lu.assertEquals(err.kind, "shape")
  fails("Add: its inputs must have one shape", nn.Add{}, {x, nn.Input{5}})
  fails("nn.Model: the outputs need InputLayer 'late' too", nn.Model,
        {inputs = x, outputs = nn.Add{}{x, nn.Input{4, name = "late"}}})
  fails("nn.Model: outputs must be a symbolic tensor", nn.Model, {inputs = x})
  fails("nn.Model: inputs must be a symbolic tensor", nn.Model, {inputs = 3, outputs = x})
  fails("nn.Model: input 1 is no nn.Input", nn.Model, {inputs = nn.Dense{2}(x), outputs = x})
  fails("nn.Input needs a shape", nn.Input, {})
  fails("sizes of one sample", nn.Input, {shape = "big"})
  fails("nn.Model: input 2 is the symbolic tensor (None, 4) of InputLayer", nn.Model,
        {inputs = {x, x}, outputs = nn.Dense{2}(x)})
  local m = nn.Model{x, nn.Dense{2}(x)}
  fails("only nn.Sequential takes layers by add", m.add, m, nn.Dense{2})
  fails("model 'model' takes (None, 4), not (None, 5)", m, nn.Input{5})
end

-- Neither could be written: what a stage got would be another model.
function TestFunctional:test_layers_that_stand_twice()
  local d = nn.Dense{4}
  local m = nn.Sequential{nn.Input{4}, d}
  fails("Dense 'dense' is in Sequential 'sequential' already", m.add, m, d)
  local x, z = nn.Input{4}, nn.Input{4}
  local inner = nn.Model{inputs = x, outputs = nn.Dense{4, name = "d"}(x), name = "inner"}
  local outer = nn.Model{inputs = z, outputs = inner:layer"d"(inner(z)), name = "outer"}
  fails("layer 'd' stands in the models 'inner' and 'outer' at once", outer.to_json, outer)
end

-- Weights go to stages by place: their order must be that of the layers in the JSON.
function TestFunctional:test_a_layer_that_is_called_again_later()
  local x = nn.Input{4}
  local a, b = nn.Dense{4, name = "a"}, nn.Dense{4, name = "b"}
  local once = b(a(x))
  local y = nn.Add{}{nn.Dense{4, name = "late"}(a(once)), nn.Dense{4, name = "early"}(once)}
  local m = nn.Model{inputs = x, outputs = nn.Dense{1}(y)}
  local input = tensor.uniform{8, 4, seed = 3}
  m:compile{optimizer = "adam", loss = "mse"}
  lu.assertAlmostEquals(m:evaluate{input, m(input), verbose = 0}.loss, 0, 1e-9)
end

TestNested = {}

local function base()
  return nn.Sequential{nn.Input{8, 8, 3}, nn.Conv2D{4, 3, name = "eyes"}, nn.MaxPooling2D{2},
                       name = "base"}
end

function TestNested:test_a_model_as_a_layer()
  local inner = base()
  inner.trainable = false
  local m = nn.Sequential{inner, nn.Flatten{}, nn.Dense{2}}
  lu.assertEquals(m:count_params{trainable = true}, 74)
  lu.assertIs(m:layer"base", inner)
  lu.assertIs(m:layer"eyes", inner:layer"eyes")
  lu.assertIs(m:layer"base/eyes", inner:layer"eyes")
  lu.assertEquals(#m.layers, 3)
  lu.assertIs(m.layers[1], inner)
  fails("is part of another model by now", inner.add, inner, nn.Flatten{})
  local x = tensor.uniform{2, 8, 8, 3, seed = 1}
  same(m:layer"dense"(m:layer"flatten"(inner(x))), m(x))
end

function TestNested:test_from_json()
  local m = nn.Sequential{base(), nn.Flatten{}, nn.Dense{2}}
  local copy = nn.model_from_json(m:to_json())
  local part = copy:layer"base"
  lu.assertIs(part, copy.layers[1])
  lu.assertEquals(part.name, "base")
  lu.assertEquals(part.output_shape, {3, 3, 4})
  lu.assertIs(part:layer"eyes", copy:layer"eyes")
  part.trainable = false
  lu.assertEquals(copy:count_params{trainable = true}, 74)
  copy:set_weights(m:get_weights())
  local x = tensor.uniform{2, 8, 8, 3, seed = 1}
  same(copy(x), m(x))
end

function TestNested:test_in_a_functional_model()
  local inner = base()
  local x = nn.Input{8, 8, 3}
  local m = nn.Model{inputs = x, outputs = nn.GlobalMaxPooling2D{}(inner(x))}
  local input = tensor.uniform{2, 8, 8, 3, seed = 1}
  same(m(input), nn.GlobalMaxPooling2D{}(inner(input)))
  local cut = nn.Model{inputs = m.inputs, outputs = m:layer"eyes".output}
  lu.assertEquals(cut.output_shape, {6, 6, 4})
end

function TestNested:test_two_without_a_name()
  local function part() return nn.Sequential{nn.Dense{2}} end
  local m = nn.Sequential{nn.Input{3}, part(), part()}
  lu.assertEquals(m.layers[1].name, "sequential")
  lu.assertEquals(m.layers[2].name, "sequential_1")
  lu.assertEquals(m(tensor.zeros{1, 3}).shape, {1, 2})
  local named = nn.Sequential{nn.Input{3}, nn.Sequential{nn.Dense{2}, name = "a"}}
  fails("give the nested model another name", named.add, named, nn.Sequential{nn.Dense{2}, name = "a"})
  fails("model 'base' takes (None, 8, 8, 3), not (None, 3)", nn.Sequential, {nn.Input{3}, base()})
end

function TestNested:test_vgg_face()
  local m = nn.VGGFace{}
  lu.assertEquals(m:count_params(), 134260544)
  lu.assertEquals(m.output_shape, {1, 1, 4096})
  lu.assertEquals(m:layer"conv2d_12".output_shape, {14, 14, 512})
  local whole = nn.VGGFace{cut = false}
  lu.assertEquals(whole:count_params(), 145002878)
  lu.assertEquals(whole.output_shape, {2622})
  fails("nn.VGGFace has no option 'wieghts'; did you mean 'weights'?", nn.VGGFace, {wieghts = 1})
end

os.exit(lu.LuaUnit.run())
