-- nn: optimizers, schedules, losses, metrics and callbacks: nn.Adam{learning_rate = 1e-4} is a Keras
-- config, {class_name = "Adam", config = {learning_rate = 1e-4}}, that C has checked.
local core = ...
local fail = core.fail

local Named = {__name = "pneuma.named"}
Named.__index = Named

function Named.__tostring(self)
  local parts = {}
  for key, value in pairs(self.config) do
    if type(value) == "table" and getmetatable(value) ~= Named then
      value = "{" .. table.concat(value, ", ") .. "}"
    end
    parts[#parts + 1] = ("%s = %s"):format(key, tostring(value))
  end
  table.sort(parts)
  return ("%s{%s}"):format(self.class_name, table.concat(parts, ", "))
end

-- The table as a JSON object, also when it is empty (an empty table is an array).
local Object = {}

function core.object(list)
  return setmetatable(list, Object)
end

-- kind -> class -> what unnamed values mean. A class that is both a loss and a metric is a loss
-- here: as a metric it goes by its name.
local classes = {
  optimizer = {
    SGD = {"learning_rate", "momentum"}, Adam = {"learning_rate"}, AdamW = {"learning_rate"},
    RMSprop = {"learning_rate"},
  },
  schedule = {
    ExponentialDecay = {"initial_learning_rate", "decay_steps", "decay_rate"},
    InverseTimeDecay = {"initial_learning_rate", "decay_steps", "decay_rate"},
    PolynomialDecay = {"initial_learning_rate", "decay_steps", "end_learning_rate"},
    CosineDecay = {"initial_learning_rate", "decay_steps"},
    PiecewiseConstantDecay = {"boundaries", "values"},
  },
  loss = {
    BinaryCrossentropy = {}, CategoricalCrossentropy = {}, SparseCategoricalCrossentropy = {},
    MeanSquaredError = {},
  },
  metric = {
    BinaryAccuracy = {}, CategoricalAccuracy = {}, SparseCategoricalAccuracy = {}, AUC = {},
    Precision = {}, Recall = {},
  },
  callback = {
    EarlyStopping = {"monitor"}, ReduceLROnPlateau = {"monitor"}, ModelCheckpoint = {"filepath"},
    CSVLogger = {"filename"}, LearningRateScheduler = {"schedule"}, TerminateOnNaN = {},
  },
}

-- The options as a config: unnamed values under their names, text keys alone.
local function read(class, names, options)
  if options == nil then options = {} end
  if type(options) ~= "table" then
    fail(("nn.%s takes one table: nn.%s{...}, not a %s"):format(class, class, type(options)))
  end
  local config = {}
  for key, value in pairs(options) do
    if type(key) == "string" then config[key] = value end
  end
  for i, value in ipairs(options) do
    local name = names[i]
    if not name then fail(("nn.%s takes %d unnamed values; [%d] is one too many"):format(class,
      #names, i)) end
    if config[name] ~= nil then fail(("nn.%s: %s is given twice"):format(class, name)) end
    config[name] = value
  end
  return core.object(config)
end

local function new(kind, class, config)
  local self = setmetatable({class_name = class, config = config}, Named)
  core.check(kind, self)
  return self
end

-- A LearningRateScheduler's function is asked when the training begins: C knows numbers alone.
local function new_scheduler(config)
  local schedule = config.schedule
  if type(schedule) ~= "function" then return new("callback", "LearningRateScheduler", config) end
  for key in pairs(config) do
    if key ~= "schedule" then
      fail(("nn.LearningRateScheduler has no option '%s'"):format(key))
    end
  end
  return setmetatable({class_name = "LearningRateScheduler", config = config, schedule = schedule},
                      Named)
end

local named = {constructors = {}}

for kind, list in pairs(classes) do
  for class, names in pairs(list) do
    named.constructors[class] = function(options)
      local config = read(class, names, options)
      if class == "LearningRateScheduler" then return new_scheduler(config) end
      return new(kind, class, config)
    end
  end
end

-- A config that came out of a file, as an object like the others.
function named.wrap(value)
  if type(value) ~= "table" or getmetatable(value) == Named then return value end
  return setmetatable({class_name = value.class_name, config = core.object(value.config or {})}, Named)
end

function named.is(value)
  return getmetatable(value) == Named
end

-- The learning rates that the scheduler's function(epoch, rate) gives to epochs from 1 to `epochs`.
function named.schedule_rates(callback, epochs, rate)
  local values = {}
  for epoch = 1, epochs do
    rate = callback.schedule(epoch, rate)
    if type(rate) ~= "number" then
      fail(("nn.LearningRateScheduler: the function must return a number, not a %s (epoch %d)"):format(
        type(rate), epoch))
    end
    values[epoch] = rate
  end
  return {class_name = "LearningRateScheduler", config = {values = values}}
end

-- ---- callbacks in Lua ----

-- nn.Callback{on_epoch_end = function(epoch, logs, training) ... end}: may steer the training.
local Callback = {__name = "pneuma.Callback"}
Callback.__index = Callback
local events = {"on_train_begin", "on_epoch_end", "on_train_end"}

function named.Callback(options)
  core.options(options, "nn.Callback", 0, events)
  local self = {}
  for name, f in pairs(options) do
    if type(f) ~= "function" then
      fail(("nn.Callback: %s must be a function, not a %s"):format(name, type(f)))
    end
    self[name] = f
  end
  return setmetatable(self, Callback)
end

function named.is_callback(value)
  return getmetatable(value) == Callback
end

return named
