-- nn: Sequential, what all models are asked, and how they grow.
local core = ...
local fail, state, layers, graph = core.fail, core.state, core.layers, core.graph

local Model = core.Model -- the metatable
local methods, fields, setters = {}, {}, {}
local models = {methods = methods, fields = fields, setters = setters}

function models.is(value)
  return getmetatable(value) == Model
end

local function title(model)
  return ("model '%s'"):format(core.model_name(model))
end
models.title = title

-- ---- making ----

local function check_name(name)
  if type(name) ~= "string" or name == "" or name:find("/", 1, true) then
    fail("a model's name must be a string without '/', not " .. tostring(name))
  end
  return name
end

local function check_seed(seed, what)
  if seed ~= nil and math.type(seed) ~= "integer" then
    fail(what .. ": seed must be a whole number, not " .. tostring(seed))
  end
  return seed
end
models.check_seed = check_seed

-- An empty model; `options` may have name and seed, `base` is the name it gets without one.
function core.new(options, base, sequential)
  local name = options.name ~= nil and check_name(options.name) or base
  local model = core.new_model(name, sequential)
  local s = state(model)
  s.sequential, s.pending, s.inner = sequential, {}, {}
  s.auto_name = options.name == nil
  s.seed = check_seed(options.seed, "nn." .. (sequential and "Sequential" or "Model"))
  return model
end

-- The layer of a node, which learns where it stands.
local function layer_at(model, node)
  local layer, shape, _, _, inputs = core.node(model, node)
  local s = state(layer)
  s.model = s.model or model
  s.output, s.input = shape, inputs[1]
  return layer
end

function core.add_layer(model, layer, from)
  local node = core.add(model, layer, from)
  layer_at(model, node)
  return node
end

-- A name that nothing in the model has yet.
local function free_name(model, base)
  local taken = {}
  for _, group in ipairs(core.groups(model)) do
    if group.parent == 0 then taken[group.name] = true end
  end
  for node = 0, core.node_count(model) - 1 do
    local layer, _, _, group = core.node(model, node)
    if group == 0 then taken[layers.name(layer)] = true end
  end
  local name, number = base, 0
  while taken[name] do
    number = number + 1
    name = base .. "_" .. number
  end
  return name
end

-- Nests a model; returns its output nodes.
function core.add_model(model, inner, from)
  if state(inner).auto_name then
    core.rename_model(inner, free_name(model, core.model_name(inner)))
  end
  local group, outputs = core.nest(model, inner, from)
  state(model).inner[group] = inner
  state(inner).nested = true
  return outputs
end

-- ---- Sequential ----

local function shape_of(model, node)
  return (select(2, core.node(model, node)))
end

-- Appends to a model that has an input.
local function attach(model, item)
  local tip = core.groups(model)[1].outputs
  if layers.is(item) then
    core.set_outputs(model, {core.add_layer(model, item, tip)})
    return
  end
  local shapes = {}
  for i, node in ipairs(tip) do shapes[i] = shape_of(model, node) end
  core.build(item, shapes[1])
  graph.check_inputs(item, shapes)
  core.set_outputs(model, core.add_model(model, item, tip))
end

-- Gives a Sequential its InputLayer, named after the first item as Keras does.
local function begin(model, shape, first)
  local name = models.is(first) and core.model_name(first) or layers.name(first)
  if name == "" then name = select(3, core.layer_info(first)) end
  local input = layers.constructors.InputLayer{shape = shape, name = name .. "_input"}
  core.set_outputs(model, {core.add_layer(model, input, {})})
end

-- The shape that an item says its input has, or nil.
local function shape_wanted(item)
  if layers.is(item) then return layers.input_shape(item) end
  if core.node_count(item) > 0 then return graph.ends(item, "inputs")[1] end
  local first = state(item).pending[1]
  return first and shape_wanted(first)
end

-- Builds what waits for the shape of its input. Does nothing to a model that has nodes.
function core.build(model, shape)
  local s = state(model)
  if s.broken then fail(("%s could not be built: %s"):format(title(model), s.broken)) end
  if core.node_count(model) > 0 then return end
  if #s.pending == 0 then fail(title(model) .. " has no layers") end
  if not shape then
    fail(title(model) .. " does not know the shape of its input yet: let it begin with "
      .. "nn.Input{height, width, channels}")
  end
  local ok, err = pcall(function()
    begin(model, shape, s.pending[1])
    for _, item in ipairs(s.pending) do attach(model, item) end
  end)
  if not ok then
    s.broken = tostring(type(err) == "table" and err.message or err)
    error(err, 0)
  end
  s.pending = {}
end

local function check_item(item, place)
  local layer = graph.input_layer(item)
  if layer then return layer end
  if layers.is(item) or models.is(item) then return item end
  fail(("nn.Sequential: %s must be a layer or a model, not %s"):format(place,
    graph.is(item) and "a symbolic tensor"
      or type(item) == "function" and "a function: write nn.Flatten{} with braces"
      or "a " .. type(item)))
end

local function add(model, item, place)
  local s = state(model)
  item = check_item(item, place)
  if s.nested then
    fail(title(model) .. " is part of another model by now: add layers before that")
  end
  if item == model then fail(title(model) .. " cannot be a layer of itself") end
  if core.node_count(model) > 0 then
    attach(model, item)
  elseif #s.pending == 0 and layers.is(item) and layers.class(item) == "InputLayer" then
    core.set_outputs(model, {core.add_layer(model, item, {})})
  elseif #s.pending == 0 and shape_wanted(item) then
    begin(model, shape_wanted(item), item)
    attach(model, item)
  else
    s.pending[#s.pending + 1] = item
    if models.is(item) then state(item).nested = true end
  end
  s.layers, s.symbols = nil, nil
end

function models.Sequential(items)
  if items == nil then items = {} end
  core.options(items, "nn.Sequential", 0x7fffffff, {"name", "seed"})
  local model = core.new(items, "sequential", true)
  local list = items
  if #items == 1 and type(items[1]) == "table" and not graph.is(items[1]) then list = items[1] end
  for i, item in ipairs(list) do add(model, item, "item " .. i) end
  return model
end

-- m:add(layer): appends a layer or model and returns m.
function methods.add(model, item)
  if not state(model).sequential then
    fail(title(model) .. " is made of symbolic tensors: only nn.Sequential takes layers by add")
  end
  add(model, item, "what add takes")
  return model
end

-- m:build{224, 224, 3}: says what shape its input has.
function methods.build(model, shape)
  if type(shape) ~= "table" then fail("m:build takes the shape of a sample: m:build{224, 224, 3}") end
  core.build(model, shape)
  return model
end

-- ---- ready to compute ----

-- From here on all weights have values.
function core.ready(model, shape)
  core.build(model, shape)
  if #core.groups(model)[1].outputs == 0 then fail(title(model) .. " has no layers") end
  core.initialize(model, state(model).seed or core.run_seed())
end

-- A model that C made.
function core.adopt(model)
  local s = state(model)
  s.sequential, s.pending, s.inner = core.groups(model)[1].sequential, {}, {}
  return model
end

-- ---- parts ----

-- Group `group` of the model as a model of its own, which shares the layers.
local function extract(model, group)
  local groups = core.groups(model)
  local g = groups[group + 1]
  local out = core.adopt(core.new_model(g.name, g.sequential))
  local place, done = {}, {}
  local function moved(list)
    local to = {}
    for i, node in ipairs(list) do to[i] = place[node] end
    return to
  end
  local function child_of(inner) -- the group directly below `group` that `inner` is in
    while inner >= 0 and groups[inner + 1].parent ~= group do inner = groups[inner + 1].parent end
    return inner >= 0 and inner or nil
  end
  for node = 0, core.node_count(model) - 1 do
    local layer, _, from, inside = core.node(model, node)
    local child = inside ~= group and child_of(inside)
    if inside == group then
      local is_input = layers.class(layer) == "InputLayer"
      place[node] = core.add(out, layer, is_input and {} or moved(from))
    elseif child and not done[child] then
      done[child] = true
      local feeds = {}
      for i, input in ipairs(groups[child + 1].inputs) do
        feeds[i] = place[select(3, core.node(model, input))[1]]
      end
      local outputs = core.add_model(out, models.part(model, child), feeds)
      for i, output in ipairs(groups[child + 1].outputs) do place[output] = outputs[i] end
    end
  end
  core.set_inputs(out, moved(g.inputs))
  core.set_outputs(out, moved(g.outputs))
  state(out).nested = true
  return out
end

-- The nested model that group `group` is: the user's own object where there is one.
function models.part(model, group)
  local s = state(model)
  s.inner[group] = s.inner[group] or extract(model, group)
  return s.inner[group]
end

-- The nested model of that name, or nil.
local function find_part(model, name)
  for i, group in ipairs(core.groups(model)) do
    if i > 1 and group.name == name then return models.part(model, i - 1) end
  end
end

-- Layers and nested models, in order; as in Keras, the input of a Sequential is none of them.
function fields.layers(model)
  local s = state(model)
  local list, seen = {}, {}
  local groups = core.groups(model)
  for node = 0, core.node_count(model) - 1 do
    local layer, _, _, group = core.node(model, node)
    while group > 0 and groups[group + 1].parent ~= 0 do group = groups[group + 1].parent end
    local item = group == 0 and layer_at(model, node) or models.part(model, group)
    local hidden = s.sequential and layers.is(item) and layers.class(item) == "InputLayer"
    if not seen[item] and not hidden then list[#list + 1] = item end
    seen[item] = true
  end
  return table.move(s.pending, 1, #s.pending, #list + 1, list)
end

-- m:layer"conv2d_12", m:layer"vgg_face/conv2d_12", m:layer(3); a nested model by its name, too.
function methods.layer(model, name)
  if math.type(name) == "integer" then
    local list = fields.layers(model)
    if not list[name] then
      fail(("%s has layers 1 to %d, not %d"):format(title(model), #list, name))
    end
    return list[name]
  end
  if type(name) ~= "string" then
    fail("m:layer takes a layer's name or number, not a " .. type(name))
  end
  for _, item in ipairs(state(model).pending) do
    if layers.is(item) and layers.name(item) == name then return item end
  end
  local found, result = pcall(core.find, model, name)
  if found then return layer_at(model, result) end
  return find_part(model, name) or error(result, 0)
end
methods.get_layer = methods.layer

-- ---- fields ----

function fields.name(model) return core.model_name(model) end

function setters.name(model, name)
  core.rename_model(model, check_name(name))
  state(model).auto_name = false
end

-- True while any layer is.
function fields.trainable(model)
  for _, item in ipairs(fields.layers(model)) do
    if item.trainable then return true end
  end
  return false
end

function setters.trainable(model, value)
  if type(value) ~= "boolean" then
    fail(title(model) .. ": trainable must be true or false, not a " .. type(value))
  end
  core.set_trainable(model, value)
  for _, item in ipairs(state(model).pending) do item.trainable = value end
end

-- One sample's shape; an array of shapes where there are several inputs or outputs.
local function one_or_all(list)
  if #list == 1 then return list[1] end
  return list
end

function fields.input_shape(model)
  core.build(model)
  return one_or_all(graph.ends(model, "inputs"))
end

function fields.output_shape(model)
  core.build(model)
  return one_or_all(graph.ends(model, "outputs"))
end

-- Symbolic tensors.
function fields.inputs(model)
  core.build(model)
  return graph.symbols_at(model, "inputs")
end

function fields.outputs(model)
  core.build(model)
  return graph.symbols_at(model, "outputs")
end

-- The tensors themselves, by number and by name: m.weights["conv2d/kernel:0"].
function fields.weights(model)
  core.ready(model)
  local list, names = core.weights(model, false)
  for i, name in ipairs(names) do list[name] = list[i] end
  return list
end

-- What images it was made for: a table that fit fills in and files keep.
function fields.input(model) return state(model).description end

function setters.input(model, value)
  if value ~= nil and type(value) ~= "table" then
    fail(title(model) .. ": input must be a table, not a " .. type(value))
  end
  state(model).description = value
end

return models
