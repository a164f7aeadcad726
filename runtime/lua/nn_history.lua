-- nn: what fit returns. h.history.loss[1] is the loss of the first epoch; it prints as a table.
local core = ...

local History = {__name = "pneuma.History"}
local methods = {}
History.__index = methods

-- One row an epoch.
function methods.frame(self)
  local columns = {{"epoch", self.epoch}}
  for _, name in ipairs(self.names) do columns[#columns + 1] = {name, self.history[name]} end
  return core.frame(columns)
end

function History.__tostring(self)
  local lines = {tostring(self:frame())}
  if self.class_weight then
    lines[#lines + 1] = "loss is weighted by class, val_loss is not"
  end
  return table.concat(lines, "\n")
end

History.__mime = {
  ["text/html"] = function(self)
    return getmetatable(self:frame()).__mime["text/html"](self:frame())
  end,
  ["text/plain"] = History.__tostring,
}

core.run("methods", core)(methods, History, "h")

-- JSON's null stands for what is no number.
local function numbers(list)
  local out = {}
  for i, value in ipairs(list) do out[i] = value == core.null and 0 / 0 or value end
  return out
end

-- From what the stage says.
return function(history, fields)
  local self = setmetatable(fields, History)
  self.names, self.history, self.epoch = history.names, {}, {}
  for _, name in ipairs(history.names) do
    self.history[name] = numbers(history.values[name])
    for i in ipairs(self.history[name]) do self.epoch[i] = fields.params.initial_epoch + i end
  end
  return self
end
