-- nn: what models do besides training: weights, text, copies, predictions.
local core = ...
local fail, state, layers, graph, models = core.fail, core.state, core.layers, core.graph, core.models
local methods, fields, setters, title = models.methods, models.fields, models.setters, models.title
local tensor = core.tensor

-- ---- weights ----

-- Copies of all weights, in Keras's order.
function methods.get_weights(model)
  core.ready(model)
  return (core.weights(model, true))
end

function methods.set_weights(model, weights)
  core.build(model)
  local count = core.slot_count(model)
  if type(weights) ~= "table" or #weights ~= count then
    fail(("%s has %d weights, not %s"):format(title(model), count,
      type(weights) == "table" and tostring(#weights) or "a " .. type(weights)))
  end
  core.set_weights(model, weights)
  return model
end

-- Numbers in all weights; m:count_params{trainable = true}: in those that train.
function methods.count_params(model, options)
  if options ~= nil then core.options(options, "m:count_params", 0, {"trainable"}) end
  core.build(model)
  local all, trainable = core.count(model)
  local only = options and options.trainable
  if only == nil then return all end
  return only and trainable or all - trainable
end

-- ---- text ----

-- Prints the table of its layers as Keras does.
function methods.summary(model)
  core.build(model)
  print((core.summary(model):gsub("\n$", "")))
end

function methods.to_json(model)
  core.build(model)
  return core.model_json(model)
end

local function model_from_json(text)
  if type(text) ~= "string" then
    fail("nn.model_from_json takes JSON text, not a " .. type(text))
  end
  return core.adopt(core.model_from_json(text))
end

-- The architecture with another size of its one input: "batch_input_shape" stands once for it.
local function with_input(json, shape)
  if type(shape) ~= "table" or #shape == 0 then
    fail("m:clone: input_shape must be the sizes of a sample, such as {224, 224, 3}")
  end
  for _, size in ipairs(shape) do
    if math.type(size) ~= "integer" or size < 1 then
      fail("m:clone: input_shape must hold whole numbers from 1, not " .. tostring(size))
    end
  end
  local found
  json, found = json:gsub('("batch_input_shape":)%[null[^%]]*%]',
    "%1[null," .. table.concat(shape, ",") .. "]")
  if found ~= 1 then fail("m:clone: input_shape is for models with one input that nest no model") end
  return json
end

-- A model of its own with the same layers: m:clone() copies the weights, m:clone{weights = false,
-- seed = 2} draws new ones; input_shape = {224, 224, 3} lets it take images of another size.
function methods.clone(model, options)
  options = options or {}
  core.options(options, "m:clone", 0, {"weights", "seed", "name", "input_shape"})
  core.build(model)
  local json = core.model_json(model)
  if options.input_shape ~= nil then json = with_input(json, options.input_shape) end
  local copy = model_from_json(json)
  for node = 0, core.node_count(model) - 1 do
    local layer = core.node(model, node)
    core.set_layer_trainable((core.node(copy, node)), layer.trainable)
  end
  state(copy).seed = models.check_seed(options.seed, "m:clone")
  state(copy).auto_name = state(model).auto_name
  if options.name ~= nil then copy.name = options.name end
  if options.weights ~= false then
    core.ready(model)
    core.set_weights(copy, (core.weights(model, false)))
  end
  copy.input = model.input
  return copy
end

-- ---- predictions from tensors ----

-- The shape of one sample of x.
local function sample_shape(x)
  local shape = x.shape
  return table.move(shape, 2, #shape, 1, {})
end

-- x as an array of tensors, one for each input; nil when it is none of that.
local function as_tensors(x)
  if tensor.is_tensor(x) then return {x} end
  if type(x) ~= "table" or #x == 0 then return nil end
  for _, item in ipairs(x) do
    if not tensor.is_tensor(item) then return nil end
  end
  return x
end
models.as_tensors = as_tensors

local function run(model, inputs, batch_size)
  if inputs[1].rank > 0 then core.ready(model, sample_shape(inputs[1])) end
  local outputs = core.predict(model, inputs, batch_size or 0)
  if #outputs == 1 then return outputs[1] end
  return outputs
end
models.run = run

-- layer(x) for a tensor: computes it at once, in a model made for the purpose.
local function run_layer(layer, inputs)
  local model = core.new({}, "layer", false)
  local nodes = {}
  for i, x in ipairs(inputs) do
    nodes[i] = core.add(model, layers.constructors.InputLayer{shape = sample_shape(x)}, {})
  end
  local unnamed = layers.name(layer) == ""
  local node = core.add(model, layer, nodes)
  if unnamed then core.rename_layer(layer, "") end -- it gets its name in a model of the user's
  core.set_outputs(model, {node})
  if state(layer).model then core.ready(state(layer).model) end
  return run(model, inputs)
end

-- ---- the metatables ----

local function call(of, x, ...)
  if select("#", ...) > 0 then fail("several inputs stand in one table: model{a, b}") end
  local symbol = graph.call(of, x)
  if symbol then return symbol end
  local inputs = as_tensors(x)
  if not inputs then
    fail(("%s is called with a tensor or a symbolic tensor, or an array of them, not a %s"):format(
      layers.is(of) and layers.title(of) or title(of), type(x)))
  end
  if layers.is(of) then return run_layer(of, inputs) end
  return run(of, inputs)
end

core.Layer.__call = call

local Model = core.Model
Model.__call = call

function Model.__index(model, name)
  if methods[name] then return methods[name] end
  if fields[name] then return fields[name](model) end
  if setters[name] then return nil end
  layers.missing(title(model), name, fields, methods)
end

function Model.__newindex(model, name, value)
  if setters[name] then return setters[name](model, value) end
  if fields[name] or methods[name] then
    fail(("%s: '%s' cannot be set"):format(title(model), tostring(name)))
  end
  layers.missing(title(model), name, setters)
end

function Model.__tostring(model)
  local s = state(model)
  local parts = {(s.sequential and "Sequential" or "Model") .. " '" .. core.model_name(model) .. "'"}
  local count = #fields.layers(model)
  parts[#parts + 1] = count .. (count == 1 and " layer" or " layers")
  if core.node_count(model) == 0 then
    parts[#parts + 1] = "shape of the input not known yet"
    return table.concat(parts, ", ")
  end
  for _, which in ipairs{"inputs", "outputs"} do
    local shapes = {}
    for i, shape in ipairs(graph.ends(model, which)) do shapes[i] = core.dims_text(shape) end
    parts[#parts + 1] = (which == "inputs" and "from " or "to ") .. table.concat(shapes, " and ")
  end
  local all, trainable = core.count(model)
  parts[#parts + 1] = ("%d parameters, %d of them trainable"):format(all, trainable)
  return table.concat(parts, ", ")
end

return {model_from_json = model_from_json}
