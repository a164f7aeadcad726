-- nn: models in files: .safetensors, and Keras's .h5 through the stages keras_read and keras_write.
local core = ...
local fail, state, models = core.fail, core.state, core.models
local methods, title = models.methods, models.title

-- "h5" or "safetensors", by the end of the path.
local function format_of(path, what)
  if type(path) ~= "string" then
    fail(("%s takes a path: %s{\"model.safetensors\"}, not a %s"):format(what, what, type(path)))
  end
  local ending = (path:match("%.([^./]*)$") or ""):lower()
  if ending == "h5" or ending == "hdf5" then return "h5" end
  if ending == "safetensors" then return "safetensors" end
  fail(("%s: '%s' must end in .safetensors or .h5%s"):format(what, path,
    ending == "keras" and not what:find("save", 1, true)
      and "; in Keras, model.save(\"model.h5\") writes such a file" or ""))
end

-- The path, which may stand alone, and the table of options.
local function read_path(options, what, names)
  if type(options) == "string" then options = {options} end
  core.options(options, what, 1, {"path", table.unpack(names or {})})
  local path = options.path or options[1]
  return path, format_of(path, what), options
end

-- ---- writing ----

-- As Keras 2 keeps it; it reads past our own field.
local function training_config(model)
  local compiled = state(model).compiled
  if not compiled then return nil end
  local optimizer = compiled.given.optimizer
  if type(optimizer) == "string" then
    local proper = {sgd = "SGD", adam = "Adam", adamw = "AdamW", rmsprop = "RMSprop"}
    optimizer = {class_name = proper[optimizer:lower()] or optimizer, config = {name = optimizer}}
  end
  return core.to_json({
    optimizer_config = optimizer, loss = compiled.given.loss, metrics = compiled.given.metrics,
    loss_weights = core.null, weighted_metrics = core.null, pneuma_input = model.input,
  }, "the training settings")
end

local function save_h5(model, path)
  local names = {}
  for i, layer in ipairs(model.layers) do names[i] = layer.name end
  local training = training_config(model)
  if model.input and not training then
    core.remark("note", ("'%s': an .h5 file of a model that is not compiled does not keep m.input"):format(
      path))
  end
  core.stage.call("keras_write", {
    path = path, weights = core.weights(model, false), names = core.weight_names(model),
    layers = names, architecture = {core.model_json(model)}, training = training and {training},
  })
end

local function save_safetensors(model, path)
  local pairs_of = {}
  local function add(key, text)
    pairs_of[#pairs_of + 1] = text and key
    pairs_of[#pairs_of + 1] = text
  end
  add("compile", models.compile_json(model))
  add("input", model.input and core.to_json(model.input, "m.input"))
  core.save(model, path, pairs_of)
end

local function save(model, options, what)
  local path, format = read_path(options, what)
  core.ready(model)
  core.make_folder(path)
  if format == "h5" then save_h5(model, path) else save_safetensors(model, path) end
  return model
end

-- m:save{"model.safetensors"}: architecture, weights, how it is compiled, m.input. An .h5 file is
-- for Keras. Missing folders are made.
function methods.save(model, options) return save(model, options, "m:save") end

-- The same file: load_weights takes the weights alone from it, as does Keras.
function methods.save_weights(model, options) return save(model, options, "m:save_weights") end

-- ---- reading ----

-- Where the file's content stands as safetensors.
local function as_safetensors(path, format)
  if format == "safetensors" then return path end
  local result = core.stage.call("keras_read", {path = path})
  return result.path[1]
end

-- The options of a Keras object that mean something here.
local kept = {}
for name in ([[learning_rate momentum nesterov beta_1 beta_2 rho epsilon amsgrad centered weight_decay
    clipnorm clipvalue global_clipnorm from_logits label_smoothing initial_learning_rate decay_steps
    decay_rate staircase end_learning_rate power cycle alpha boundaries values threshold]]):gmatch("%S+") do
  kept[name] = true
end

local function simplify(object)
  if type(object) ~= "table" or not object.class_name then return object end
  local config = {}
  for key, value in pairs(type(object.config) == "table" and object.config or {}) do
    if kept[key] then config[key] = simplify(value) end
  end
  return {class_name = object.class_name:match("[^>]*$"), config = core.object(config)}
end

-- Names of metrics out of Keras's nested lists.
local function metric_names(list, into)
  for _, item in ipairs(type(list) == "table" and list or {}) do
    if type(item) == "string" then
      into[#into + 1] = item
    elseif type(item) == "table" and item.class_name then
      local config = item.config or {}
      into[#into + 1] = item.class_name == "MeanMetricWrapper" and (config.name or config.fn)
        or item.class_name
    else
      metric_names(item, into)
    end
  end
  return into
end

local function restore(model, metadata, path)
  if metadata.input then model.input = core.from_json(metadata.input, "the input in the file") end
  if metadata.compile then
    models.compile_from(model, core.from_json(metadata.compile, "the settings in the file"), path)
  elseif metadata.training_config then
    local c = core.from_json(metadata.training_config, "the settings in the file")
    model.input = c.pneuma_input or model.input
    if c.optimizer_config and c.loss then
      models.compile_from(model, {optimizer = simplify(c.optimizer_config), loss = simplify(c.loss),
                                  metrics = metric_names(c.metrics, {})}, path)
    end
  end
end

local files = {as_safetensors = as_safetensors, format_of = format_of}

-- nn.load_model{"model.safetensors"}
function files.load_model(options)
  local path, format = read_path(options, "nn.load_model")
  local model, metadata = core.load(as_safetensors(path, format), path)
  core.adopt(model)
  restore(model, metadata, path)
  return model
end

-- m:load_weights{"weights.h5", by_name = false}: by position, as Keras: layers without weights are
-- passed over, the rest must fit.
function methods.load_weights(model, options)
  local path, format, given = read_path(options, "m:load_weights", {"by_name"})
  if given.by_name ~= nil and type(given.by_name) ~= "boolean" then
    fail("m:load_weights: by_name must be true or false")
  end
  core.build(model)
  local found = core.load_weights(model, as_safetensors(path, format), path, given.by_name)
  if found == 0 and core.slot_count(model) > 0 then
    fail(("'%s' has no layer with a name of %s"):format(path, title(model)))
  end
  return model
end

-- ---- what callbacks promise ----

-- The shortest text that reads back as the same number.
local function number_text(value)
  if value ~= value then return "nan" end
  for precision = 15, 17 do
    local text = ("%%.%dg"):format(precision):format(value)
    if tonumber(text) == value then return text end
  end
end

-- As Keras writes it: names in order, epochs from 0.
local function write_csv(config, history)
  local names, rows = table.move(history.names, 1, #history.names, 1, {}), {}
  local separator = config.separator or ","
  table.sort(names)
  local head = "epoch" .. separator .. table.concat(names, separator)
  local file = config.append and io.open(config.filename, "rb")
  local before = file and file:read("a") or ""
  if file then file:close() end
  if before == "" then rows[1] = head end
  for i, epoch in ipairs(history.epoch) do
    local row = {("%d"):format(epoch - 1)}
    for _, name in ipairs(names) do row[#row + 1] = number_text(history.history[name][i]) end
    rows[#rows + 1] = table.concat(row, separator)
  end
  core.write(config.filename, before .. table.concat(rows, "\n") .. "\n")
end

-- Writes the model as it was after an epoch; `part` is what was trained of it.
local function write_checkpoints(part, model, saved)
  local learned = core.weights(part, false)
  local ok, err = pcall(function()
    for _, one in ipairs(saved) do
      local kept_weights, places, list = core.load_slots(one.file), {}, {}
      for place, weight in pairs(kept_weights) do
        places[#places + 1], list[#list + 1] = place, weight
      end
      core.set_slots(part, list, places)
      methods.save(model, {one.path})
    end
  end)
  core.set_weights(part, learned, true)
  if not ok then error(err, 0) end
end

-- After a training: the files of CSVLogger and ModelCheckpoint.
function core.keep_files(part, model, callbacks, history, ended)
  for _, callback in ipairs(callbacks) do
    if callback.class_name == "CSVLogger" then write_csv(callback.config, history) end
  end
  if ended.saved and #ended.saved > 0 then write_checkpoints(part, model, ended.saved) end
end

-- The end of a checkpoint's path is looked at before training, not after.
function core.check_checkpoint(callback)
  if callback.class_name == "ModelCheckpoint" then
    format_of(callback.config.filepath, "nn.ModelCheckpoint")
  end
end

return files
