-- nn: what fit, evaluate and predict are given: a flow, or tensors.
local core = ...
local fail, models, graph = core.fail, core.models, core.graph
local tensor = core.tensor

local samples = {}

function samples.is_flow(value)
  local mt = type(value) == "table" and getmetatable(value)
  return mt and mt.__name == "pneuma.flow" or false
end

-- The one table of options; a flow may stand alone. What follows it in parentheses, as in Python, is
-- refused: Lua would drop it without a word.
function samples.one_table(what, options, ...)
  if select("#", ...) > 0 then
    fail(("%s takes one table, in braces: %s{data, name = value}"):format(what, what))
  end
  return samples.is_flow(options) and {options} or options
end

-- y as a tensor: numbers, one or several a sample.
local function as_targets(y, count, what)
  if type(y) == "table" then
    if type(y[1]) == "string" then
      fail(("%s: y must hold numbers, not names of classes such as '%s': 0 and 1 for two classes"):format(
        what, y[1]))
    end
    y = tensor(y)
  end
  if not tensor.is_tensor(y) then
    fail(("%s: y must be a tensor or an array of numbers, not %s"):format(what,
      y == nil and "missing" or "a " .. type(y)))
  end
  if y.rank == 0 or y.shape[1] ~= count then
    core.fail_shape(("%s: y must have one target for each of the %d samples of x; its shape is (%s)"):format(
      what, count, table.concat(y.shape, ", ")))
  end
  return y
end

local function check_x(x, what)
  if not tensor.is_tensor(x) then
    fail(("%s takes a flow or a tensor first, not a %s%s"):format(what, type(x),
      type(x) == "table" and "; a model with several inputs cannot be trained" or ""))
  end
  if x.rank == 0 then core.fail_shape(what .. ": x must have an axis of samples in front") end
end

-- Raises unless x is a tensor and y targets of its samples; returns y as a tensor.
function samples.check_pair(x, y, what)
  check_x(x, what)
  return as_targets(y, x.shape[1], what)
end

-- A flow over the tensors x and y; `needs_y` says whether there must be targets.
local function flow_of(x, y, options, what, needs_y)
  check_x(x, what)
  if y == nil and not needs_y then return core.data.flow{x, shuffle = false} end
  return core.data.flow{x, as_targets(y, x.shape[1], what), batch_size = options.batch_size or 32,
                        shuffle = options.shuffle, seed = options.seed}
end

local function check_flow(flow, y, options, what)
  if y ~= nil then fail(what .. ": a flow has its own targets; leave y out") end
  for _, name in ipairs{"batch_size", "shuffle"} do
    if options[name] ~= nil then
      fail(("%s: a flow has its own %s; say it where the flow is made"):format(what, name))
    end
  end
  return flow
end

-- The flow that `x` is, or one over the tensors x and y. Checks that the model takes its samples,
-- and builds a model that does not know its input yet.
function samples.read(model, x, y, options, what, needs_y)
  local flow
  if samples.is_flow(x) then
    flow = check_flow(x, y, options, what)
  else
    flow = flow_of(x, y, options, what, needs_y)
  end
  if flow.samples == 0 then fail(what .. ": there are no samples") end
  core.ready(model, flow.image_shape)
  graph.check_inputs(model, {flow.image_shape})
  return flow
end

-- The fields of a flow as a stage takes them, each name behind `prefix`.
function samples.give(flow, prefix, into)
  local d = flow:describe()
  into[prefix .. "source"] = d.config
  into[prefix .. "paths"] = d.kind == "files" and d.paths or nil
  into[prefix .. "x"], into[prefix .. "y"] = d.x, d.y
  return into
end

-- The model as stages take it.
function samples.give_model(model, into)
  into.architecture = {core.model_json(model)}
  into.weights = core.weights(model, false)
  return into
end

-- What the model is to remember of images like the flow's; nil for tensors.
function samples.description(flow)
  local d = flow:describe()
  if d.kind ~= "files" then return nil end
  local config = core.from_json(d.config, "the flow's settings")
  local generator = config.generator or {}
  return {
    size = config.target_size, interpolation = config.interpolation,
    color_mode = config.color_mode, rescale = generator.rescale ~= 0 and generator.rescale or nil,
    classes = flow.class_names and table.move(flow.class_names, 1, #flow.class_names, 1, {}),
    threshold = config.class_mode == "binary" and 0.5 or nil,
    data = {directory = flow.directory, samples = flow.samples},
  }
end

return samples
