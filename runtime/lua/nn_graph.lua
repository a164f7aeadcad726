-- nn: the functional way. nn.Input{...} gives a symbolic tensor, calling a layer or a model on it
-- another one, and nn.Model{inputs =, outputs =} the model between them.
local core = ...
local fail, state, layers = core.fail, core.state, core.layers

local graph = {}

-- A symbolic tensor: number `index` of what `call` gives, whose samples have the shape `shape`. A
-- call is {of = layer or model, inputs = {symbolic tensors}, outputs = {...}, serial = number,
-- model = the model whose node it is, if any}.
local Symbol = {__name = "pneuma.symbol"}
graph.Symbol = Symbol

local serial = 0

-- The call of a layer or model; `shapes` are those of its outputs.
local function new_call(of, inputs, shapes)
  serial = serial + 1
  local call = {of = of, inputs = inputs, outputs = {}, serial = serial}
  for i, shape in ipairs(shapes) do
    call.outputs[i] = setmetatable({call = call, index = i, shape = shape}, Symbol)
  end
  return call
end

local function name_of(of)
  return layers.is(of) and layers.title(of) or ("model '%s'"):format(core.model_name(of))
end

function Symbol.__tostring(x)
  return ("symbolic tensor %s of %s"):format(core.dims_text(x.shape), name_of(x.call.of))
end

function graph.is(value)
  return getmetatable(value) == Symbol
end

-- The value as a list of symbolic tensors, or nil.
local function symbols(value)
  if graph.is(value) then return {value} end
  if type(value) ~= "table" or #value == 0 then return nil end
  for _, item in ipairs(value) do
    if not graph.is(item) then return nil end
  end
  return value
end
graph.symbols = symbols

local function shapes_of(list)
  local shapes = {}
  for i, x in ipairs(list) do shapes[i] = x.shape end
  return shapes
end

-- ---- calls ----

local function call_layer(layer, inputs)
  local shapes = shapes_of(inputs)
  local out = core.connect(layer, shapes)
  local s = state(layer)
  s.input, s.output = shapes[1], out
  return new_call(layer, inputs, {out}).outputs[1]
end

-- A model's inputs or outputs as shapes.
local function ends(model, which)
  local shapes = {}
  for i, node in ipairs(core.groups(model)[1][which]) do
    shapes[i] = select(2, core.node(model, node))
  end
  return shapes
end
graph.ends = ends

local function same(a, b)
  return #a == #b and table.concat(a, ",") == table.concat(b, ",")
end

-- Raises unless tensors of these shapes can go into the model.
function graph.check_inputs(model, shapes)
  local wanted = ends(model, "inputs")
  if #shapes ~= #wanted then
    fail(("model '%s' takes %d input%s, not %d"):format(core.model_name(model), #wanted,
      #wanted == 1 and "" or "s", #shapes))
  end
  for i, shape in ipairs(shapes) do
    if not same(shape, wanted[i]) then
      core.fail_shape(("model '%s' takes %s, not %s"):format(core.model_name(model),
        core.dims_text(wanted[i]), core.dims_text(shape)))
    end
  end
end

local function call_model(model, inputs)
  core.build(model, inputs[1].shape)
  graph.check_inputs(model, shapes_of(inputs))
  state(model).nested = true
  local call = new_call(model, inputs, ends(model, "outputs"))
  if #call.outputs == 1 then return call.outputs[1] end
  return call.outputs
end

-- layer(x) and model(x) for symbolic x; nil when x is none.
function graph.call(of, x)
  local inputs = symbols(x)
  if not inputs then return nil end
  if layers.is(of) then return call_layer(of, inputs) end
  return call_model(of, inputs)
end

-- nn.Input{224, 224, 3}, nn.Input{shape = {224, 224, 3}, name = "image"}
function graph.Input(options)
  return call_layer(layers.constructors.InputLayer(options), {})
end

-- The InputLayer behind what nn.Input gave, or nil.
function graph.input_layer(value)
  if not graph.is(value) then return nil end
  local of = value.call.of
  return layers.is(of) and layers.class(of) == "InputLayer" and of or nil
end

-- ---- from symbolic tensors to a model ----

-- The calls that the outputs come from, in the order in which Keras lists layers: those that are
-- farthest from an output first, and among equals those that were met first. Keras: functional.py,
-- _map_graph_network.
local function order_calls(outputs)
  local met, order, met_count = {}, {}, 0
  local function visit(call)
    if met[call] then return end
    met_count = met_count + 1
    met[call] = met_count
    for _, x in ipairs(call.inputs) do visit(x.call) end
    order[#order + 1] = call
  end
  for _, x in ipairs(outputs) do visit(x.call) end
  local depth = {}
  for i = #order, 1, -1 do
    local call = order[i]
    depth[call] = depth[call] or 0
    for _, x in ipairs(call.inputs) do
      depth[x.call] = math.max(depth[x.call] or 0, depth[call] + 1)
    end
  end
  table.sort(order, function(a, b)
    if depth[a] ~= depth[b] then return depth[a] > depth[b] end
    return met[a] < met[b]
  end)
  return order
end

-- Layers without a name get one in the order of their calls, as Keras names them.
local function name_layers(calls)
  local taken, unnamed = {}, {}
  for _, call in ipairs(calls) do
    local name = layers.is(call.of) and layers.name(call.of) or ""
    if not layers.is(call.of) then name = core.model_name(call.of) end
    if name == "" then unnamed[#unnamed + 1] = call else taken[name] = true end
  end
  table.sort(unnamed, function(a, b) return a.serial < b.serial end)
  for _, call in ipairs(unnamed) do
    local base = select(3, core.layer_info(call.of))
    local number = base == "input" and 1 or 0
    local name = base
    if number > 0 then name = base .. "_1" end
    while taken[name] do
      number = number + 1
      name = base .. "_" .. number
    end
    if layers.name(call.of) == "" then -- a layer that is called twice has its name by now
      core.rename_layer(call.of, name)
      taken[name] = true
    end
  end
end

local function check_inputs(inputs, calls)
  local given = {}
  for i, x in ipairs(inputs) do
    if not graph.input_layer(x) then
      fail(("nn.Model: input %d is no nn.Input, but the %s"):format(i, tostring(x)))
    end
    if given[x.call] then
      fail(("nn.Model: input %d is the %s, which stands among the inputs already"):format(i, tostring(x)))
    end
    given[x.call] = true
  end
  for _, call in ipairs(calls) do
    if #call.inputs == 0 and not given[call] then
      fail(("nn.Model: the outputs need %s too: add it to inputs"):format(name_of(call.of)))
    end
  end
end

-- Adds the calls as nodes; returns where each symbolic tensor went.
local function add_calls(model, calls, inputs)
  local node, added = {}, {}
  local function add(call)
    if added[call] then return end
    added[call] = true
    local from = {}
    for i, x in ipairs(call.inputs) do from[i] = node[x] end
    if layers.is(call.of) then
      node[call.outputs[1]] = core.add_layer(model, call.of, from)
      return
    end
    local outputs = core.add_model(model, call.of, from)
    for i, x in ipairs(call.outputs) do node[x] = outputs[i] end
  end
  for _, call in ipairs(calls) do add(call) end
  for _, x in ipairs(inputs) do add(x.call) end -- inputs that no output needs
  return node
end

-- Whether the calls begin at none but these inputs.
local function begins_at(calls, inputs)
  local given = {}
  for _, x in ipairs(inputs) do given[x.call] = true end
  for _, call in ipairs(calls) do
    if #call.inputs == 0 and not given[call] then return false end
  end
  return true
end

-- The calls behind the outputs. A layer that stands in several models may have been named by any of
-- them: outputs that do not come from the inputs are looked for in the inputs' model.
local function find_calls(inputs, outputs)
  local calls, model = order_calls(outputs), inputs[1].call.model
  if not model or begins_at(calls, inputs) then return calls, outputs end
  local moved = {}
  for i, x in ipairs(outputs) do
    local of = x.call.of
    moved[i] = layers.is(of) and graph.find_symbol(model, of) or x
  end
  return order_calls(moved), moved
end

local function numbers(node, list)
  local out = {}
  for i, x in ipairs(list) do out[i] = node[x] end
  return out
end

-- nn.Model{inputs = x, outputs = y, name = "classifier"}
function graph.Model(options)
  core.options(options, "nn.Model", 2, {"inputs", "outputs", "name", "seed"})
  local inputs = symbols(options.inputs or options[1])
  local outputs = symbols(options.outputs or options[2])
  if not inputs or not outputs then
    fail(("nn.Model: %s must be a symbolic tensor or an array of them; nn.Input{...} gives one, "
      .. "and calling a layer on it the next"):format(inputs and "outputs" or "inputs"))
  end
  local calls
  calls, outputs = find_calls(inputs, outputs)
  check_inputs(inputs, calls)
  name_layers(calls)
  local model = core.new(options, "model", false)
  local node = add_calls(model, calls, inputs)
  core.set_inputs(model, numbers(node, inputs))
  core.set_outputs(model, numbers(node, outputs))
  state(model).symbols = {}
  for x, number in pairs(node) do
    state(model).symbols[number] = x
    x.call.model = x.call.model or model
  end
  return model
end

-- ---- and back ----

-- The symbolic tensors of a model's nodes, made when they are first asked for. A nested model's
-- InputLayer passes on what it is given.
local function symbol(model, node)
  local s = state(model)
  s.symbols = s.symbols or {}
  if s.symbols[node] then return s.symbols[node] end
  local layer, shape, from = core.node(model, node)
  local x
  if layers.class(layer) == "InputLayer" and #from == 1 then
    x = symbol(model, from[1])
  else
    local inputs = {}
    for i, k in ipairs(from) do inputs[i] = symbol(model, k) end
    x = new_call(layer, inputs, {shape}).outputs[1]
    x.call.model = model
  end
  s.symbols[node] = x
  return x
end

-- What the layer gives in the model, or nil.
function graph.find_symbol(model, layer)
  for node = core.node_count(model) - 1, 0, -1 do
    if core.node(model, node) == layer then return symbol(model, node) end
  end
end

function graph.symbol_of(model, layer)
  local x = graph.find_symbol(model, layer)
  if x then return x end
  fail(("%s is not in model '%s'"):format(layers.title(layer), core.model_name(model)))
end

-- The model's inputs or outputs.
function graph.symbols_at(model, which)
  local list = {}
  for i, node in ipairs(core.groups(model)[1][which]) do list[i] = symbol(model, node) end
  return list
end

return graph
