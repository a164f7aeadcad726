-- Helpers for the Lua tests.
local support = {}

local Folder = {}
Folder.__index = Folder

-- A fresh folder under the system's temporary one.
function support.folder()
  local name = os.tmpname()
  os.remove(name)
  assert(os.execute("mkdir '" .. name .. ".d'"))
  return setmetatable({name = name .. ".d"}, Folder)
end

function Folder:path(name)
  return self.name .. "/" .. name
end

-- Makes a folder in it, with those above.
function Folder:make(name)
  assert(os.execute("mkdir -p '" .. self:path(name) .. "'"))
  return self:path(name)
end

function Folder:write(name, bytes)
  local file = assert(io.open(self:path(name), "wb"))
  file:write(bytes)
  file:close()
  return self:path(name)
end

function Folder:read(name)
  local file = assert(io.open(self:path(name), "rb"))
  local bytes = file:read("a")
  file:close()
  return bytes
end

function Folder:remove()
  os.execute("rm -rf '" .. self.name .. "'")
end

return support
