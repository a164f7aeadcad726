-- For tests that run whole notebooks: a folder of their own, a way to run the program in it, and
-- looks at what it left.
local support = {}

local program = assert(os.getenv("PNEUMA_PROGRAM"), "PNEUMA_PROGRAM names the program to test")

local function quote(text)
  return "'" .. tostring(text):gsub("'", "'\\''") .. "'"
end
support.quote = quote

-- A fresh folder; everything below works in it.
function support.open()
  local pipe = assert(io.popen("mktemp -d"))
  support.folder = pipe:read("l")
  pipe:close()
end

function support.close()
  os.execute("rm -rf " .. quote(support.folder))
end

function support.path(name)
  return support.folder .. "/" .. name
end

function support.write(name, text)
  local file = assert(io.open(support.path(name), "wb"))
  file:write(text)
  file:close()
  return name
end

-- The file's content, or nil.
function support.read(name)
  local file = io.open(support.path(name), "rb")
  if not file then return nil end
  local text = file:read("a")
  file:close()
  return text
end

function support.exists(name)
  return support.read(name) ~= nil
end

-- A notebook whose cells are the given sources.
function support.notebook(name, ...)
  local parts = { "# Test\n" }
  for _, source in ipairs { ... } do
    parts[#parts + 1] = "\n```lua\n" .. source .. "\n```\n"
  end
  return support.write(name, table.concat(parts))
end

support.limit = 100 -- seconds that a script may take

-- Runs a shell script in the folder, with the program as $P. Returns the exit code, what went to
-- standard output and what went to standard error.
function support.shell(script)
  support.write(".script", "P=" .. quote(program) .. "\n" .. script .. "\n")
  local command = "cd %s && timeout -k 5 %d sh .script >.stdout 2>.stderr </dev/null"
  local _, _, code = os.execute(command:format(quote(support.folder), support.limit))
  return code, support.read(".stdout"), support.read(".stderr")
end

-- pneuma run with these arguments (a string for the shell).
function support.run(arguments)
  return support.shell('"$P" run ' .. arguments)
end

-- The same with --report; the fourth result is the text of the JSON.
function support.report(arguments)
  local code, out, err = support.run("--report report.json " .. arguments)
  return code, out, err, support.read("report.json") or ""
end

-- The cell prints its process id to a file; this tells whether that process is gone.
support.tell_pid = [[
do
  local stat = io.open("/proc/self/stat"):read("a")
  local file = io.open("pid", "w")
  file:write(stat:match("^%d+"))
  file:close()
end]]

-- Whether the process ends within some seconds; the machine may be busy. An orphan may stay a
-- zombie where process 1 does not wait for its children.
function support.gone(pid)
  for _ = 1, 50 do
    local file = io.open("/proc/" .. pid .. "/stat")
    local stat = file and file:read("a")
    if file then file:close() end
    if not stat or stat:match("%) (%a)") == "Z" then return true end
    os.execute("sleep 0.1")
  end
  return false
end

function support.worker_gone()
  return support.gone((assert(support.read("pid"), "the cell did not run"):match("%d+")))
end

-- Names in a folder below the test's, hidden ones too, sorted.
function support.list(name)
  local pipe = assert(io.popen("ls -A " .. quote(support.path(name))))
  local names = {}
  for line in pipe:lines() do names[#names + 1] = line end
  pipe:close()
  return names
end

-- Where `parts` stand in `text`, one behind the other; fails when one is missing or out of order.
function support.in_order(text, parts)
  local at = 1
  for _, part in ipairs(parts) do
    local from, to = text:find(part, at, true)
    if not from then
      error(("'%s' is missing, or not where it should be, in:\n%s"):format(part, text:sub(1, 4000)), 2)
    end
    at = to + 1
  end
end

return support
