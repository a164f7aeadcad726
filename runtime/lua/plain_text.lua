-- Plain tables as text, for show and the notebook's print: {224, 224, 3}, {NORMAL = 0, PNEUMONIA = 1}.
-- Tables that know how to print never come here.
local tensor = ...

local DEEPEST, MOST = 3, 40 -- tables within tables; items of one

local function is_plain(value)
  if type(value) ~= "table" then return false end
  local mt = getmetatable(value)
  return mt == nil or type(mt) == "table" and not rawget(mt, "__tostring") and not rawget(mt, "__name")
end

-- One line of what is no plain table: a string in quotes, a tensor as its type and shape.
local function leaf(value)
  if type(value) == "string" then return '"' .. value:gsub("\n", "\\n") .. '"' end
  if type(value) == "function" then return "function" end
  if tensor.is_tensor(value) then
    return ("%s (%s)"):format(value.dtype, table.concat(value.shape, ", "))
  end
  local first, rest = tostring(value):match("^([^\n]*)(.*)$")
  return first .. (rest ~= "" and " ..." or "")
end

-- The keys that are no places of the array, numbers first, each kind in order.
local function names_of(value, length)
  local names = {}
  for key in next, value do
    if math.type(key) ~= "integer" or key < 1 or key > length then names[#names + 1] = key end
  end
  table.sort(names, function(a, b)
    local p, q = type(a), type(b)
    if p ~= q then return p < q end
    if p == "number" or p == "string" then return a < b end
    return tostring(a) < tostring(b)
  end)
  return names
end

local function text(value, depth)
  if not is_plain(value) then return leaf(value) end
  if depth > DEEPEST then return "{...}" end
  local parts, length = {}, rawlen(value)
  for i = 1, math.min(length, MOST) do parts[i] = text(rawget(value, i), depth + 1) end
  local names = names_of(value, length)
  for i = 1, math.min(#names, MOST - #parts) do
    local name = names[i]
    parts[#parts + 1] = (type(name) == "string" and name:match("^[%a_][%w_]*$")
      or "[" .. leaf(name) .. "]") .. " = " .. text(rawget(value, name), depth + 1)
  end
  if length + #names > MOST then parts[#parts + 1] = ("... %d in all"):format(length + #names) end
  return "{" .. table.concat(parts, ", ") .. "}"
end

return function(value) return text(value, 1) end
