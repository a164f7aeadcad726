-- nn: m:fit{...}, around the stage `train`.
local core = ...
local fail, state, models, named = core.fail, core.state, core.models, core.named
local lines, samples = core.lines, core.samples
local methods, fields = models.methods, models.fields

local WHAT = "m:fit"
local option_names = {
  "x", "y", "epochs", "batch_size", "validation_data", "validation_split", "class_weight",
  "callbacks", "verbose", "steps_per_epoch", "validation_steps", "initial_epoch", "shuffle",
  "seed", "frozen_dropout", "one_class", "reuse_features",
}

local function whole(options, name, preset, least)
  local value = options[name]
  if value == nil then return preset end
  if math.type(value) ~= "integer" or value < least then
    fail(("%s: %s must be a whole number from %d, not %s%s"):format(WHAT, name, least,
      type(value) == "string" and "the string " or "", tostring(value)))
  end
  return value
end

-- ---- data ----

-- x and y without their last part, and that part: as Keras, before anything is shuffled.
local function split(x, y, share)
  if samples.is_flow(x) then
    fail(WHAT .. ": validation_split is for tensors; a generator has its own: "
      .. "data.ImageDataGenerator{validation_split = 0.2} with subset = \"validation\"")
  end
  if type(share) ~= "number" or share <= 0 or share >= 1 then
    fail(("%s: validation_split must lie between 0 and 1, not be %s"):format(WHAT, tostring(share)))
  end
  y = samples.check_pair(x, y, WHAT)
  local count = x.shape[1]
  local first = math.floor(count * (1 - share))
  if first < 1 or first >= count then
    fail(("%s: validation_split = %g of %d samples leaves nothing on one side"):format(WHAT, share,
      count))
  end
  return x[{{1, first}}], y[{{1, first}}], {x[{{first + 1, count}}], y[{{first + 1, count}}]}
end

local function read_validation(model, given, options)
  if given == nil then return nil end
  local own = {batch_size = options.batch_size, shuffle = false}
  if samples.is_flow(given) then return samples.read(model, given, nil, {}, WHAT, true) end
  if type(given) ~= "table" or #given ~= 2 then
    fail(WHAT .. ": validation_data must be a flow or {x, y}")
  end
  return samples.read(model, given[1], given[2], own, WHAT .. " (validation_data)", true)
end

local function read_data(model, options)
  local x, y, validation = options.x or options[1], options.y or options[2], options.validation_data
  if x == nil then fail(WHAT .. " takes a flow or x and y first: m:fit{x, y, epochs = 10}") end
  if options.validation_split ~= nil then
    if validation ~= nil then fail(WHAT .. ": give validation_data or validation_split, not both") end
    x, y, validation = split(x, y, options.validation_split)
  end
  return samples.read(model, x, y, options, WHAT, true), read_validation(model, validation, options)
end

-- ---- class weights ----

-- "class_weight = {NORMAL = ..., PNEUMONIA = ...}"
local function example(classes)
  local parts = {}
  for i, name in ipairs(classes) do
    parts[i] = (name:match("^[%a_][%w_]*$") and "%s = ..." or '["%s"] = ...'):format(name)
  end
  return "class_weight = {" .. table.concat(parts, ", ") .. "}"
end

-- The label of a class, which is named or given by its label.
local function label_of(name, classes)
  if math.type(name) == "integer" or not classes then return name end
  for i, class in ipairs(classes) do
    if class == name then return i - 1 end
  end
  local near = core.suggest(name, classes)
  fail(("%s: class_weight names no class '%s'; %s"):format(WHAT, name,
    near and ("did you mean '%s'?"):format(near) or "there are: " .. table.concat(classes, ", ")))
end

-- As JSON by label, from weights by name or by label ({[0] = 0.74, [1] = 0.26}); "" for none.
local function class_weight(weights, flow)
  local classes = flow.class_names
  if weights == nil then return "" end
  if weights == "balanced" then return weights end
  if type(weights) ~= "table" then
    fail(WHAT .. ": class_weight must be a table of weights by class, or \"balanced\"")
  end
  if weights[0] == nil and #weights > 0 then
    fail(("%s: class_weight is a bare list; name the classes: %s"):format(WHAT,
      example(classes or {"NORMAL", "PNEUMONIA"})))
  end
  local by_label = {}
  for key, weight in pairs(weights) do
    if type(weight) ~= "number" or weight < 0 or weight ~= weight then
      fail(("%s: the class_weight of %s must be a number from 0, not %s"):format(WHAT, tostring(key),
        tostring(weight)))
    end
    by_label[tostring(label_of(key, classes))] = weight
  end
  for i, class in ipairs(classes or {}) do
    if not by_label[tostring(i - 1)] then
      fail(("%s: class_weight says nothing about class '%s'"):format(WHAT, class))
    end
  end
  return core.to_json(by_label, "class_weight")
end

-- ---- callbacks ----

local rates = {SGD = 0.01, sgd = 0.01} -- Keras's presets; 0.001 for all others

local function first_rate(model)
  local optimizer = state(model).compiled.given.optimizer
  if type(optimizer) == "string" then return rates[optimizer] or 0.001 end
  local rate = optimizer.config and optimizer.config.learning_rate
  return type(rate) == "number" and rate or rates[optimizer.class_name] or 0.001
end

-- {configs = for C, observers = functions, steering = nn.Callback objects}
local function read_callbacks(model, list, epochs)
  local out = {configs = {}, observers = {}, steering = {}}
  if list == nil then return out end
  if type(list) == "function" or named.is(list) or named.is_callback(list) then list = {list} end
  if type(list) ~= "table" then fail(WHAT .. ": callbacks must be an array") end
  for i, callback in ipairs(list) do
    if type(callback) == "function" then
      out.observers[#out.observers + 1] = callback
    elseif named.is_callback(callback) then
      out.steering[#out.steering + 1] = callback
    elseif type(callback) == "table" then
      if named.is(callback) and callback.schedule then
        callback = named.schedule_rates(callback, epochs, first_rate(model))
      end
      core.check("callback", callback)
      core.check_checkpoint(callback)
      out.configs[#out.configs + 1] = callback
    else
      fail(("%s: callbacks[%d] must be a callback or a function, not a %s"):format(WHAT, i,
        type(callback)))
    end
  end
  return out
end

-- What a steering callback is given: training:stop(), training.learning_rate = 1e-4.
local Training = {__name = "pneuma.training"}

function Training.__index(self, name)
  if name == "stop" then return function() rawget(self, "said").stop = true end end
  if name == "learning_rate" then return rawget(self, "rate") end
  if name == "epoch" or name == "epochs" then return rawget(self, "now")[name] end
  fail(("the training has no '%s'; it has: stop, learning_rate, epoch, epochs"):format(tostring(name)))
end

function Training.__newindex(self, name, value)
  if name ~= "learning_rate" or type(value) ~= "number" then
    fail("only the learning_rate of a training can be set, to a number")
  end
  rawset(self, "rate", value)
  rawget(self, "said").learning_rate = value
end

-- Asks the steering callbacks; returns their answer as JSON, or nil.
local function steer(callbacks, name, event, ...)
  local training = setmetatable({said = {}, rate = event.learning_rate, now = event}, Training)
  local args = table.pack(...)
  args[args.n + 1] = training
  for _, callback in ipairs(callbacks.steering) do
    if callback[name] then callback[name](table.unpack(args, 1, args.n + 1)) end
  end
  local said = rawget(training, "said")
  return next(said) and core.to_json(said, "the answer of a callback") or nil
end

-- ---- events ----

-- The names of an epoch's numbers as Keras prints them: what it does not have is left out.
local function printed(names, logs)
  local out, seen = {}, {}
  for _, name in ipairs(names) do
    seen[name] = true
    if not name:find("unweighted_loss", 1, true) then out[#out + 1] = name end
  end
  if logs.lr and not seen.lr then out[#out + 1] = "lr" end
  return out
end

local function listener(callbacks, verbose)
  local names = {}
  local on = {}
  function on.begin(event)
    names = event.names
    return steer(callbacks, "on_train_begin", event)
  end
  function on.epoch(event)
    local logs = event.logs
    for _, name in ipairs(names) do logs[name] = logs[name] or 0 / 0 end
    if verbose > 0 then
      print(("Epoch %d/%d"):format(event.epoch, event.epochs))
      print(lines.done(event.steps, event.seconds, printed(names, logs), logs, verbose))
      for _, note in ipairs(event.notes or {}) do print(note) end
    end
    for _, observe in ipairs(callbacks.observers) do observe(event.epoch, logs) end
    return steer(callbacks, "on_epoch_end", event, event.epoch, logs)
  end
  return function(text)
    local event = core.from_json(text, "an event of the training")
    return on[event.event] and on[event.event](event)
  end
end

-- ---- the training ----

local function arguments(model, compiled, flow, validation, callbacks, options)
  local a = {
    loss = compiled.loss, optimizer = compiled.optimizer, metrics = compiled.metrics,
    callbacks = core.to_json({list = callbacks.configs}, "callbacks"):match('^{"list":(.*)}$'),
    epochs = options.epochs, initial_epoch = options.initial_epoch,
    steps_per_epoch = options.steps_per_epoch, validation_steps = options.validation_steps,
    class_weight = options.class_weight, frozen_dropout = options.frozen_dropout,
    one_class = options.one_class, seed = options.seed,
  }
  samples.give(flow, "", a)
  if validation then samples.give(validation, "validation_", a) end
  return samples.give_model(model, a)
end

-- Puts what was learned in its place.
local function take_weights(model, result)
  local places = core.numbers(result.slots, "slots")
  for i, place in ipairs(places) do places[i] = place + 1 end
  core.set_slots(model, result.weights, places)
end

local function flag(options, name, preset)
  local value = options[name]
  if value == nil then return preset end
  if type(value) ~= "boolean" then
    fail(("%s: %s must be true or false, not a %s"):format(WHAT, name, type(value)))
  end
  return value
end

local function read_options(model, options, flow)
  local epochs = whole(options, "epochs", 1, 1)
  local initial = whole(options, "initial_epoch", 0, 0)
  if initial >= epochs then
    fail(("%s: initial_epoch = %d leaves none of the %d epochs"):format(WHAT, initial, epochs))
  end
  return {
    epochs = epochs, initial_epoch = initial,
    steps_per_epoch = whole(options, "steps_per_epoch", 0, 0),
    validation_steps = whole(options, "validation_steps", 0, 0),
    class_weight = class_weight(options.class_weight, flow),
    frozen_dropout = flag(options, "frozen_dropout", true),
    one_class = flag(options, "one_class", false),
    seed = models.check_seed(options.seed, WHAT) or core.run_seed(),
  }
end

-- Trains the model and returns the history.
function methods.fit(model, options, ...)
  options = samples.one_table(WHAT, options, ...)
  core.options(options, WHAT, 2, option_names)
  local compiled = models.compiled(model, WHAT)
  local verbose = lines.check_verbose(options.verbose, WHAT)
  local flow, validation = read_data(model, options)
  local settings = read_options(model, options, flow)
  local callbacks = read_callbacks(model, options.callbacks, settings.epochs)
  local part, train_on, validate_on = core.features(model, flow, validation, settings,
                                                    flag(options, "reuse_features", true))
  local result = core.stage.call("train",
    arguments(part, compiled, train_on, validate_on, callbacks, settings),
    {event = listener(callbacks, verbose),
     uncache = #callbacks.steering > 0 and "a callback may steer the training" or nil})
  take_weights(part, result)
  local ended = core.from_json(result.state[1], "the state of the training")
  local history = core.new_history(core.from_json(result.history[1], "the history"), {
    params = {epochs = settings.epochs, initial_epoch = settings.initial_epoch,
              steps = settings.steps_per_epoch > 0 and settings.steps_per_epoch or flow.batches,
              verbose = verbose},
    class_weight = options.class_weight, stopped = ended.stopped, best_epoch = ended.best_epoch,
  })
  state(model).history = history
  model.input = samples.description(flow) or model.input
  core.keep_files(part, model, callbacks.configs, history, ended)
  steer(callbacks, "on_train_end", {})
  return history
end

-- What the last fit returned.
function fields.history(model) return state(model).history end
