-- nn: m:compile{optimizer =, loss =, metrics =}.
local core = ...
local fail, state, models, named = core.fail, core.state, core.models, core.named
local methods, fields, title = models.methods, models.fields, models.title

-- A name, what nn.Adam{...} gives, or a table {class_name =, config =}, checked by C.
local function check(kind, value, what)
  if type(value) == "function" then
    fail(("m:compile: %s is a function: write it with braces, such as nn.Adam{}"):format(what))
  end
  if type(value) ~= "string" and type(value) ~= "table" then
    fail(("m:compile: %s must be a name or an object, not a %s"):format(what, type(value)))
  end
  return core.check(kind, value)
end

-- An object's JSON text; a name's is the name itself.
local function option(kind, value, what)
  local text = check(kind, value, what)
  return type(value) == "string" and value or text
end

local function read_metrics(metrics)
  if metrics == nil then return {} end
  if type(metrics) == "string" or named.is(metrics) then metrics = {metrics} end
  if type(metrics) ~= "table" then
    fail("m:compile: metrics must be an array of names, not a " .. type(metrics))
  end
  local out = {}
  for i, metric in ipairs(metrics) do
    out[i] = named.wrap(metric)
    check("metric", out[i], ("metrics[%d]"):format(i))
  end
  return out
end

-- {optimizer = text, loss = text, metrics = JSON text}, and what the user gave under `given`. What
-- comes out of a file is wrapped first: an empty config would be an array.
local function compile(options)
  local optimizer = named.wrap(options.optimizer or options[1] or "rmsprop")
  local loss = named.wrap(options.loss)
  if loss == nil then fail("m:compile needs a loss: m:compile{loss = \"binary_crossentropy\"}") end
  local metrics = read_metrics(options.metrics)
  local texts = {}
  for i, metric in ipairs(metrics) do texts[i] = core.check("metric", metric) end
  return {
    optimizer = option("optimizer", optimizer, "optimizer"),
    loss = option("loss", loss, "loss"),
    metrics = "[" .. table.concat(texts, ",") .. "]",
    given = {optimizer = optimizer, loss = loss, metrics = metrics},
  }
end

-- How the model learns from here on.
function methods.compile(model, options)
  core.options(options, "m:compile", 1, {"optimizer", "loss", "metrics"})
  state(model).compiled = compile(options)
  return model
end

-- The settings, or an error that says to compile first.
function models.compiled(model, what)
  local compiled = state(model).compiled
  if not compiled then
    fail(("%s is not compiled yet: call m:compile{optimizer = \"adam\", loss = ...} before %s"):format(
      title(model), what))
  end
  return compiled
end

function fields.optimizer(model)
  local compiled = state(model).compiled
  return compiled and compiled.given.optimizer
end

function fields.loss(model)
  local compiled = state(model).compiled
  return compiled and compiled.given.loss
end

function fields.metrics(model)
  local compiled = state(model).compiled
  return compiled and compiled.given.metrics
end

-- The settings as JSON, for files; nil where there are none.
function models.compile_json(model)
  local compiled = state(model).compiled
  return compiled and core.to_json(compiled.given, "compile")
end

-- Settings out of a file; those that mean nothing here are left out with a remark.
function models.compile_from(model, given, path)
  local ok, result = pcall(compile, given)
  if ok then
    state(model).compiled = result
  else
    core.remark("note", ("'%s': its training settings cannot be used (%s); compile the model before "
      .. "training it"):format(path, type(result) == "table" and result.message or result))
  end
end
