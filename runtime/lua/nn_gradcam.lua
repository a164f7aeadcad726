-- nn: m:gradcam, around the stage `gradcam`.
local core = ...
local fail, models, layers = core.fail, core.models, core.layers
local tensor, title = core.tensor, models.title

local WHAT = "m:gradcam"

-- The number of a class from 1, which is named or given by its label (0, 1, ...).
local function class_number(model, class)
  local names = model.input and model.input.classes
  if class == nil then return nil end
  if math.type(class) == "integer" then
    local outputs = 1
    for _, size in ipairs(core.graph.ends(model, "outputs")[1]) do outputs = outputs * size end
    local last = math.max(outputs, 2) - 1 -- one output says yes or no
    if class >= 0 and class <= last then return class + 1 end
    fail(("%s: class must be a label from 0 to %d, not %d"):format(WHAT, last, class))
  end
  if type(class) ~= "string" then
    fail(("%s: class must be a class's name or its label, not %s"):format(WHAT, tostring(class)))
  end
  for i, name in ipairs(names or {}) do
    if name == class then return i end
  end
  if not names or #names == 0 then
    fail(("%s: %s does not know the names of its classes; give the label, such as class = 1"):format(
      WHAT, title(model)))
  end
  local near = core.suggest(class, names)
  fail(("%s: there is no class '%s'; %s"):format(WHAT, class,
    near and ("did you mean '%s'?"):format(near) or "there are: " .. table.concat(names, ", ")))
end

-- Raises unless the model takes samples of this shape.
local function check_shape(model, shape)
  local wanted = model.input_shape
  if table.concat(shape, ",") == table.concat(wanted, ",") then return end
  core.fail_shape(("%s: %s takes images of (%s), not (%s); m:prepare{img} makes one of any size fit"):format(
    WHAT, title(model), table.concat(wanted, ", "), table.concat(shape, ", ")))
end

-- One image as a batch; whether it was one.
local function as_batch(model, x)
  if not tensor.is_tensor(x) then
    fail(("%s takes a tensor first: an image or a batch of them as the model takes them, not %s"):format(
      WHAT, x == nil and "nothing" or "a " .. type(x)))
  end
  local single = x.rank <= #model.input_shape
  check_shape(model, table.move(x.shape, single and 1 or 2, x.rank, 1, {}))
  return (single and x:unsqueeze(1) or x):cast("float32"), single
end

local function layer_name(layer)
  if layer == nil or type(layer) == "string" then return layer end
  if layers.is(layer) then return layer.name end
  fail(("%s: layer must be a layer of the model or its name, not a %s"):format(WHAT, type(layer)))
end

-- m:gradcam{x, layer = , class = , method = "gradcam", from = "probability", normalize = true}: a map
-- (height, width) for an image, (n, height, width) for a batch; second, what the model gives.
function models.methods.gradcam(model, options)
  if tensor.is_tensor(options) then options = {options} end
  core.options(options, WHAT, 1, {"x", "layer", "class", "method", "from", "normalize", "batch_size"})
  core.ready(model)
  local x, single = as_batch(model, options.x or options[1])
  local arguments = core.samples.give_model(model, {
    x = x, class = class_number(model, options.class), method = options.method,
    from = options.from, normalize = options.normalize, batch_size = options.batch_size,
  })
  arguments.layer = layer_name(options.layer)
  local result = core.stage.call("gradcam", arguments)
  if single then return result.maps[1], result.output[1] end
  return result.maps, result.output
end
