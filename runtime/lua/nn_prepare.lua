-- nn: images as a model was trained on them, and the models that come with Pneuma.
local core = ...
local fail, models = core.fail, core.models
local tensor, image, title = core.tensor, core.image, models.title

local WHAT = "m:prepare"

-- ---- m:prepare ----

-- How the model wants its images; what it does not remember is taken from the shape of its input.
local function wishes(model)
  local shape = model.input_shape
  if #shape ~= 3 or (shape[3] ~= 1 and shape[3] ~= 3) then
    fail(("%s: %s takes no images but (%s)"):format(WHAT, title(model), table.concat(shape, ", ")))
  end
  local given = model.input or {}
  return {
    size = {shape[1], shape[2]}, channels = shape[3],
    interpolation = given.interpolation or "nearest", rescale = given.rescale or 1 / 255,
  }
end

-- An image of any type as (height, width) or (height, width, 3), uint8.
local function as_bytes(picture)
  if picture.dtype == "uint8" then return picture end
  if picture.dtype == "int32" then -- files of 16 bits
    return ((picture + 128) // 257):cast("uint8")
  end
  fail(WHAT .. " takes images of uint8 as image.read gives them, or paths; this one is float32")
end

-- As training reads its files: grey is taken from the file, where a JPEG keeps it beside its colours,
-- and 16 bits become 8 after that.
local function prepare_one(picture, wish)
  if type(picture) == "string" then picture = image.read{picture, channels = wish.channels == 1 and 1 or 0} end
  if not tensor.is_tensor(picture) or picture.rank < 2 or picture.rank > 3 then
    fail(WHAT .. " takes an image or a path, or an array of them")
  end
  if wish.channels == 1 then picture = image.gray(picture) end
  local sized = image.resize{as_bytes(picture), wish.size, method = wish.interpolation}
  if wish.channels == 3 then sized = image.rgb(sized) end
  return sized:cast("float32"):reshape{1, wish.size[1], wish.size[2], wish.channels} * wish.rescale
end

-- m:prepare{img}, m:prepare{path}, m:prepare{{one, two, ...}}: a batch (n, height, width, channels),
-- resized, coloured and scaled as the images that the model was trained on.
function models.methods.prepare(model, options)
  if tensor.is_tensor(options) or type(options) == "string" then options = {options} end
  core.options(options, WHAT, 1, {})
  local list = options[1]
  if tensor.is_tensor(list) or type(list) == "string" then list = {list} end
  if type(list) ~= "table" or #list == 0 then fail(WHAT .. " takes an image or a path, or an array of them") end
  local wish, batch = wishes(model), {}
  for i, picture in ipairs(list) do batch[i] = prepare_one(picture, wish) end
  return #batch == 1 and batch[1] or tensor.concat{batch, axis = 1}
end

-- ---- nn.pretrained ----

-- nn.pretrained{name}: a model that comes with Pneuma, in notebooks/weights.
return function(options)
  if type(options) == "string" then options = {options} end
  core.options(options, "nn.pretrained", 1, {"name"})
  local name, all = options.name or options[1], core.pretrained()
  for _, one in ipairs(all) do
    if one.name == name then return core.nn.load_model{one.path} end
  end
  local names = {}
  for i, one in ipairs(all) do names[i] = one.name end
  local near = type(name) == "string" and core.suggest(name, names)
  fail(("there is no model '%s' that comes with Pneuma; %s"):format(tostring(name),
    near and ("did you mean '%s'?"):format(near)
      or "there are: " .. (#names > 0 and table.concat(names, ", ") or "none")))
end
