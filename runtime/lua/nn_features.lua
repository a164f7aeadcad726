-- nn: what stands before the first layer that trains or draws random numbers gives the same for the
-- same image each time: fit computes it once (stage `extract`, cached) and trains what is behind it.
local core = ...
local samples, layers = core.samples, core.layers

local MOST_BYTES = 1 << 30 -- of all features; beyond that every epoch computes them again

-- A generator's options that change images at random, and what they are when they do not.
local still = {
  rotation_range = 0, width_shift_range = 0, height_shift_range = 0, shear_range = 0,
  channel_shift_range = 0, horizontal_flip = false, vertical_flip = false,
}

local function is_still(config)
  local generator = config.generator
  if config.class_mode == "input" then return false end
  if not generator then return true end
  for name, value in pairs(still) do
    if generator[name] ~= nil and generator[name] ~= value then return false end
  end
  local zoom = generator.zoom_range
  if zoom ~= nil and zoom ~= 0 and not (type(zoom) == "table" and zoom[1] == 1 and zoom[2] == 1) then
    return false
  end
  return generator.brightness_range == nil
end

local function settings_of(flow)
  return core.from_json(flow:describe().config, "the flow's settings")
end

local function count(shape)
  local product = 1
  for _, size in ipairs(shape) do product = product * size end
  return product
end

-- Rows that could not be read are left out.
local function readable(features, y, read)
  local keep = {}
  for i, ok in ipairs(core.numbers(read, "read")) do
    if ok ~= 0 then keep[#keep + 1] = i end
  end
  if #keep == read.size then return features, y end
  return features:take{keep}, y:take{keep}
end

-- A flow over the features of a flow's samples, in the same order.
local function features_of(front, flow)
  local config = settings_of(flow)
  local arguments = samples.give_model(front, samples.give(flow, "", {}))
  local result = core.stage.call("extract", arguments)
  local x, y = readable(result.features, result.y, result.read)
  return core.data.flow{x, y, batch_size = flow.batch_size, shuffle = config.shuffle == true,
                        seed = config.seed}
end

-- The model to train and the flows to train it on: those given, or what is behind the frozen part.
function core.features(model, flow, validation, settings, wanted)
  local node = wanted and core.frozen_cut(model, settings.frozen_dropout) or -1
  if node < 0 or not is_still(settings_of(flow)) then return model, flow, validation end
  if validation and not is_still(settings_of(validation)) then return model, flow, validation end
  local layer, shape = core.node(model, node)
  local all = flow.samples + (validation and validation.samples or 0)
  if 4 * all * count(shape) > MOST_BYTES then return model, flow, validation end
  local front, rest = core.split(model, node)
  core.remark("note", ("the frozen part, up to %s, is computed once for each image"):format(
    layers.title(layer)))
  return core.adopt(rest), features_of(core.adopt(front), flow),
    validation and features_of(front, validation)
end
