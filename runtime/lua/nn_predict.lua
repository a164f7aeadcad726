-- nn: m:predict and m:evaluate.
local core = ...
local fail, models, lines, samples = core.fail, core.models, core.lines, core.samples
local methods = models.methods

local function check_batch_size(options, what)
  local size = options.batch_size
  if size ~= nil and (math.type(size) ~= "integer" or size < 1) then
    fail(("%s: batch_size must be a whole number from 1, not %s"):format(what, tostring(size)))
  end
  return size
end

-- ---- predict ----

local function predict_flow(model, flow, options)
  if options.batch_size ~= nil then fail("m:predict: a flow has its own batch_size") end
  samples.read(model, flow, nil, {}, "m:predict", false)
  local arguments = samples.give_model(model, samples.give(flow, "", {}))
  return core.stage.call("predict", arguments).output
end

-- m:predict{x, batch_size = 32}, m:predict(x): one row a sample. Rows of a flow are in the order of
-- its samples, shuffled or not.
function methods.predict(model, options, ...)
  options = samples.one_table("m:predict", options, ...)
  if core.tensor.is_tensor(options) then options = {options} end
  core.options(options, "m:predict", 1, {"x", "batch_size", "verbose"})
  local x = options.x or options[1]
  local verbose = options.verbose == nil and 0 or lines.check_verbose(options.verbose, "m:predict")
  local size, began = check_batch_size(options, "m:predict"), core.now()
  if samples.is_flow(x) then return predict_flow(model, x, options) end
  local inputs = models.as_tensors(x)
  if not inputs then
    fail(("m:predict takes a tensor or a flow, not %s"):format(x == nil and "nothing" or "a " .. type(x)))
  end
  local out = models.run(model, inputs, size)
  if verbose > 0 then
    local steps = math.max(1, (inputs[1].shape[1] + (size or 32) - 1) // (size or 32))
    print(lines.done(steps, core.now() - began, {}, {}, verbose))
  end
  return out
end

-- ---- evaluate ----

-- What evaluate returns: scores.loss, scores.accuracy, or by number in Keras's order.
local Scores = {__name = "pneuma.scores"}

function Scores.__tostring(self)
  local parts = {}
  for i, name in ipairs(self.names) do parts[i] = ("%s: %.4f"):format(name, self[name]) end
  return table.concat(parts, ", ")
end

local function new_scores(logs)
  local self = {names = logs.names}
  for i, name in ipairs(logs.names) do
    self[i] = logs.values[name] or 0 / 0
    self[name] = self[i]
  end
  return setmetatable(self, Scores)
end

-- m:evaluate{flow} or m:evaluate{x, y}: the loss and the metrics; prints them as Keras does.
function methods.evaluate(model, options, ...)
  local what = "m:evaluate"
  options = samples.one_table(what, options, ...)
  core.options(options, what, 2, {"x", "y", "batch_size", "steps", "verbose"})
  local compiled = models.compiled(model, what)
  local verbose = lines.check_verbose(options.verbose, what)
  local x = options.x or options[1]
  if x == nil then fail(what .. " takes a flow or x and y first") end
  check_batch_size(options, what)
  local own = {batch_size = options.batch_size}
  if not samples.is_flow(x) then own.shuffle = false end
  local flow = samples.read(model, x, options.y or options[2], own, what, true)
  local arguments = samples.give_model(model, samples.give(flow, "", {}))
  arguments.loss, arguments.metrics, arguments.steps = compiled.loss, compiled.metrics, options.steps
  local began = core.now()
  local text = core.stage.call("evaluate", arguments)
  local logs = core.from_json(type(text) == "table" and text[1] or text, "the scores")
  if verbose > 0 then
    print(lines.done(options.steps or flow.batches, core.now() - began, logs.names, logs.values,
                     verbose))
  end
  return new_scores(logs)
end
