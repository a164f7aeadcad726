-- nn: layers. nn.Conv2D{32, 3, activation = "relu"} makes one, for every class that C knows.
local core = ...
local fail, state = core.fail, core.state

local layers = {} -- what this part gives the others
local Layer = core.Layer -- the metatable

-- ---- from options to a Keras config ----

-- What unnamed values mean, class by class, as Keras orders them. All the values of the classes in
-- `whole` are one option.
local positions = {
  Activation = {"activation"},
  AveragePooling2D = {"pool_size", "strides", "padding"},
  BatchNormalization = {"axis", "momentum", "epsilon"},
  Concatenate = {"axis"},
  Conv2D = {"filters", "kernel_size", "strides", "padding"},
  Conv2DTranspose = {"filters", "kernel_size", "strides", "padding"},
  Cropping2D = {"cropping"},
  Dense = {"units", "activation"},
  DepthwiseConv2D = {"kernel_size", "strides", "padding"},
  Dropout = {"rate"},
  ELU = {"alpha"},
  GaussianDropout = {"rate"},
  GaussianNoise = {"stddev"},
  LayerNormalization = {"axis", "epsilon"},
  LeakyReLU = {"alpha"},
  MaxPooling2D = {"pool_size", "strides", "padding"},
  Permute = {"dims"},
  ReLU = {"max_value", "negative_slope", "threshold"},
  Rescaling = {"scale", "offset"},
  SeparableConv2D = {"filters", "kernel_size", "strides", "padding"},
  Softmax = {"axis"},
  SpatialDropout2D = {"rate"},
  UpSampling2D = {"size", "interpolation"},
  ZeroPadding2D = {"padding"},
}
local whole = {Reshape = "target_shape", InputLayer = "shape"}

local function is_numbers(list)
  for _, item in ipairs(list) do
    if type(item) ~= "number" then return false end
  end
  return true
end

-- The unnamed values of the options go to the config under their names.
local function place(class, options, config)
  local names = positions[class] or {}
  if whole[class] and #options > 0 then
    local list = options
    if #options == 1 and type(options[1]) == "table" then list = options[1] end
    if not is_numbers(list) then
      fail(("nn.%s takes the sizes of its shape: nn.%s{7, 7, 512}"):format(class, class))
    end
    config[whole[class]] = table.move(list, 1, #list, 1, {})
    return
  end
  for i, value in ipairs(options) do
    local name = names[i]
    if not name then
      fail(("nn.%s takes %s; [%d] is one too many"):format(class,
        #names == 0 and "no unnamed values" or
          ("%d unnamed value%s (%s)"):format(#names, #names == 1 and "" or "s",
                                             table.concat(names, ", ")), i))
    end
    if options[name] ~= nil then fail(("nn.%s: %s is given twice"):format(class, name)) end
    config[name] = value
  end
end

-- Axes are counted from 1 here (the batch is the first), from 0 in Keras.
local function move_axis(class, config)
  local axis = config.axis
  if type(axis) == "table" and #axis == 1 then axis = axis[1] end
  if axis == nil or math.type(axis) ~= "integer" then return end
  if axis == 0 then
    fail(("nn.%s: axes are counted from 1, the batch's; -1 is the last"):format(class))
  end
  config.axis = axis > 0 and axis - 1 or axis
end

local function batch_shape(what, shape)
  if type(shape) ~= "table" or #shape == 0 or not is_numbers(shape) then
    fail(what .. " must be the sizes of one sample: {224, 224, 3}")
  end
  return {core.null, table.unpack(shape)}
end

local function make(class, options)
  if options == nil then options = {} end
  if type(options) ~= "table" then
    fail(("nn.%s takes one table: nn.%s{...}, not a %s"):format(class, class, type(options)))
  end
  local config = {}
  for key, value in pairs(options) do
    if type(key) == "string" then config[key] = value end
  end
  place(class, options, config)
  move_axis(class, config)
  local shape = config.input_shape or (class == "InputLayer" and config.shape)
  if shape then
    config.batch_input_shape = batch_shape(("nn.%s: %s"):format(class,
      config.input_shape and "input_shape" or "shape"), shape)
    config.input_shape = nil
    if class == "InputLayer" then config.shape = nil end
  elseif class == "InputLayer" and not config.batch_input_shape and not config.batch_shape then
    fail("nn.Input needs a shape: nn.Input{224, 224, 3}")
  end
  return core.new_layer(class, config)
end

-- class name -> constructor
layers.constructors = {}
for _, class in ipairs(core.classes()) do
  layers.constructors[class.class_name] = function(options) return make(class.class_name, options) end
end

-- ---- what layers are asked ----

function layers.is(value)
  return getmetatable(value) == Layer
end

function layers.class(layer)
  return (core.layer_info(layer))
end

function layers.name(layer)
  local _, name = core.layer_info(layer)
  return name
end

-- "Conv2D 'conv2d_1'"
function layers.title(layer)
  local class, name = core.layer_info(layer)
  return name == "" and class or ("%s '%s'"):format(class, name)
end

-- The shape that a first layer says its input has, or nil.
function layers.input_shape(layer)
  local shape = core.layer_config(layer).batch_input_shape or core.layer_config(layer).batch_shape
  return type(shape) == "table" and table.move(shape, 2, #shape, 1, {}) or nil
end

local function check_built(layer, what)
  local _, _, _, _, _, built = core.layer_info(layer)
  if not built then
    fail(("%s has no %s yet: it gets its shape in a model"):format(layers.title(layer), what))
  end
end

-- Its weights have values from here on: those of its model's seed where it is in one.
local function initialize(layer)
  check_built(layer, "weights")
  local model = state(layer).model
  if model then core.ready(model) else core.initialize_layer(layer, core.run_seed()) end
end

local fields = {}

function fields.name(layer)
  local name = layers.name(layer)
  return name ~= "" and name or nil
end

function fields.class_name(layer) return layers.class(layer) end
function fields.trainable(layer) return (select(4, core.layer_info(layer))) end
function fields.config(layer) return core.layer_config(layer) end

-- What one sample is when it comes in and goes out: {14, 14, 512}.
function fields.output_shape(layer)
  check_built(layer, "output shape")
  local shape = state(layer).output
  return shape and table.move(shape, 1, #shape, 1, {})
end

function fields.input_shape(layer)
  local shape = state(layer).input or layers.input_shape(layer)
  if not shape then check_built(layer, "input shape") end
  return shape and table.move(shape, 1, #shape, 1, {})
end

-- The symbolic tensor it gives in its model.
function fields.output(layer)
  local model = state(layer).model
  if not model then fail(layers.title(layer) .. " is in no model yet") end
  return core.symbol_of(model, layer)
end

-- The tensors themselves, by number and by name: layer.weights[1], layer.weights.kernel.
function fields.weights(layer)
  initialize(layer)
  local list, names = core.layer_weights(layer, false)
  for i, name in ipairs(names) do list[name:match("([^/]*):0$")] = list[i] end
  return list
end

local methods = {}

-- Copies of its weights, in Keras's order.
function methods.get_weights(layer)
  initialize(layer)
  return (core.layer_weights(layer, true))
end

function methods.set_weights(layer, weights)
  initialize(layer)
  local _, names = core.layer_weights(layer, false)
  if type(weights) ~= "table" or #weights ~= #names then
    fail(("%s has %d weight%s (%s), not %s"):format(layers.title(layer), #names,
      #names == 1 and "" or "s", table.concat(names, ", "),
      type(weights) == "table" and tostring(#weights) or "a " .. type(weights)))
  end
  for i, weight in ipairs(weights) do core.set_layer_weight(layer, i, weight) end
  return layer
end

-- Numbers in its weights.
function methods.count_params(layer)
  check_built(layer, "weights")
  return (core.count_layer(layer))
end

core.run("methods", core)(methods, Layer, "layer")

-- ---- the metatable ----

local function names_of(...)
  local names = {}
  for _, list in ipairs{...} do
    for name in pairs(list) do names[#names + 1] = name end
  end
  table.sort(names)
  return names
end

-- For layers and models alike: what there is not.
function layers.missing(what, name, ...)
  local names = names_of(...)
  local near = core.suggest(tostring(name), names)
  fail(("%s has no '%s'; %s"):format(what, tostring(name),
    near and ("did you mean '%s'?"):format(near) or "it has: " .. table.concat(names, ", ")))
end

function Layer.__index(layer, name)
  if methods[name] then return methods[name] end
  if fields[name] then return fields[name](layer) end
  layers.missing(layers.title(layer), name, fields, methods)
end

function Layer.__newindex(layer, name, value)
  if name ~= "trainable" then
    fail(("%s: only 'trainable' can be set, not '%s'"):format(layers.title(layer), tostring(name)))
  end
  if type(value) ~= "boolean" then
    fail(("%s: trainable must be true or false, not a %s"):format(layers.title(layer), type(value)))
  end
  core.set_layer_trainable(layer, value)
end

function Layer.__tostring(layer)
  local class, name, _, trainable, _, built = core.layer_info(layer)
  local parts = {name == "" and class or ("%s '%s'"):format(class, name)}
  if state(layer).output then
    parts[#parts + 1] = "output " .. core.dims_text(state(layer).output)
  end
  local count = core.count_layer(layer)
  if built and count > 0 then parts[#parts + 1] = count .. " parameters" end
  if not trainable then parts[#parts + 1] = "frozen" end
  return table.concat(parts, ", ")
end

return layers
