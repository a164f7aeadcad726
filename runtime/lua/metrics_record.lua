-- Results of a few named numbers, which show themselves: as a sentence, and as a table of one row.
local parts = ...
local core = parts.core

local Record = {__name = "pneuma.metrics.record"}
local data = setmetatable({}, {__mode = "k"}) -- record -> {names = {...}, text = ...}

function Record.__index(self, name)
  local names = data[self].names
  local near = core.suggest(tostring(name), names)
  core.fail(("the result has no '%s'; %s"):format(tostring(name),
    near and "did you mean '" .. near .. "'?" or "it has: " .. table.concat(names, ", ")))
end

function Record.__tostring(self)
  return data[self].text
end

Record.__mime = {
  ["text/plain"] = Record.__tostring,
  ["text/html"] = function(self)
    local row = {}
    for k, name in ipairs(data[self].names) do row[k] = rawget(self, name) end
    return parts.html(core.frame{columns = data[self].names, row})
  end,
}

-- A record of {{name, value}, ...}, in this order, that prints as `text`.
function parts.record(list, text)
  local self, names = {}, {}
  for k, item in ipairs(list) do
    names[k], self[item[1]] = item[1], item[2]
  end
  setmetatable(self, Record)
  data[self] = {names = names, text = text}
  return self
end
