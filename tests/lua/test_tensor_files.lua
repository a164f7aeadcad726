-- .npy in and out, files that lie, and memory.
local lu = require "luaunit"
local tensor = require "pneuma".tensor

local folder = os.tmpname()
os.remove(folder)
assert(os.execute("mkdir " .. folder))

local function path(name) return folder .. "/" .. name end

local function write(name, bytes)
  local f = assert(io.open(path(name), "wb"))
  f:write(bytes)
  f:close()
  return path(name)
end

-- A version 1 file with this header text.
local function npy(header, data)
  return "\x93NUMPY\1\0" .. string.pack("<s2", header) .. (data or "")
end

local function dict(descr, fortran, shape)
  return ("{'descr': '%s', 'fortran_order': %s, 'shape': %s, }\n"):format(descr, fortran, shape)
end

local function refused(text, kind, name, bytes)
  local ok, e = pcall(tensor.load, write(name, bytes))
  lu.assertFalse(ok, "expected an error with: " .. text)
  lu.assertStrContains(tostring(e), text)
  lu.assertEquals(e.kind, kind)
  lu.assertEquals(e.path, path(name))
end

TestFiles = {}

function TestFiles:test_round_trip()
  for _, dtype in ipairs{"float32", "uint8", "int32"} do
    for _, shape in ipairs{{}, {0}, {5}, {2, 3}, {2, 3, 4}} do
      local size = 1
      for _, n in ipairs(shape) do size = size * n end
      local x = tensor.arange{size, dtype = dtype}:reshape(shape)
      x:save(path "x.npy")
      local y = tensor.load(path "x.npy")
      lu.assertEquals({y.dtype, y.shape}, {dtype, shape})
      lu.assertEquals(y:totable(), x:totable())
    end
  end
  local t = tensor{{1, 2, 3}, {4, 5, 6}}:t()
  t:save(path "t.npy")
  lu.assertEquals(tensor.load(path "t.npy"):totable(), t:totable())
end

function TestFiles:test_header_is_as_numpy_writes_it()
  tensor{1, 2, 3}:save(path "h.npy")
  local f = io.open(path "h.npy", "rb")
  local bytes = f:read("a")
  f:close()
  lu.assertEquals(#bytes, 128 + 12)
  lu.assertEquals(bytes:sub(1, 10), "\x93NUMPY\1\0\118\0")
  lu.assertStrContains(bytes, "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }")
  lu.assertEquals(bytes:sub(128, 128), "\n")
end

function TestFiles:test_other_dtypes_orders_and_versions()
  local function load(...) return tensor.load(write("o.npy", ...)) end
  lu.assertEquals(load(npy(dict("<f8", "False", "(2,)"), string.pack("<dd", 0.5, -2))):totable(),
                  {0.5, -2})
  lu.assertEquals(load(npy(dict("<i8", "False", "(2,)"), string.pack("<i8i8", 7, -2))):totable(),
                  {7, -2})
  lu.assertEquals(load(npy(dict("<u2", "False", "(1,)"), "\255\255")):totable(), {65535})
  lu.assertEquals(load(npy(dict("<i2", "False", "(1,)"), "\255\255")):totable(), {-1})
  lu.assertEquals(load(npy(dict("|i1", "False", "(1,)"), "\255")):totable(), {-1})
  lu.assertEquals(load(npy(dict("|b1", "False", "(2,)"), "\0\1")).dtype, "uint8")
  lu.assertEquals(load(npy(dict("|u1", "True", "(2, 3)"), "\1\4\2\5\3\6")):totable(),
                  {{1, 2, 3}, {4, 5, 6}})
  lu.assertEquals(load(npy(dict("|u1", "False", "()"), "\9")):item(), 9)
  local header = '{"shape": (2 , ), "descr": "|u1", "fortran_order": False}'
  lu.assertEquals(load("\x93NUMPY\2\0" .. string.pack("<s4", header) .. "ab"):totable(), {97, 98})
  lu.assertEquals(load("\x93NUMPY\3\0" .. string.pack("<s4", header) .. "ab"):totable(), {97, 98})
end

function TestFiles:test_files_that_lie()
  refused("does not start as one", "format", "a.npy", "")
  refused("does not start as one", "format", "a.npy", "PK\3\4 not a npy file at all")
  refused("version is not 1, 2 or 3", "format", "a.npy", "\x93NUMPY\9\0\4\0{}  ")
  refused("ends within its header", "format", "a.npy", "\x93NUMPY\1\0\255\255{'descr'")
  refused("ends within its header", "format", "a.npy", "\x93NUMPY\2\0\255\255\255\255{'descr'")
  refused("is not a dictionary", "format", "a.npy", npy "nothing")
  refused("is not a dictionary", "format", "a.npy", npy "{'descr': '<f4'")
  refused("lacks descr", "format", "a.npy", npy "{'descr': '<f4'}")
  refused("unexpected key", "format", "a.npy", npy "{'other': 1}")
  refused("unexpected key", "format", "a.npy", npy "{'descr': '<f4', 'descr': '<f4'}")
  refused("neither True nor False", "format", "a.npy", npy "{'fortran_order': 1}")
  refused("dtype '>f4'", "unsupported", "a.npy", npy(dict(">f4", "False", "(1,)"), "1234"))
  refused("dtype '<c8'", "unsupported", "a.npy", npy(dict("<c8", "False", "(1,)"), "12345678"))
  refused("records", "unsupported", "a.npy", npy "{'descr': [('a', '<f4')]}")
  refused("more than 8 axes", "unsupported", "a.npy",
          npy(dict("|u1", "False", "(1,1,1,1,1,1,1,1,1)"), "1"))
  refused("fewer items than its shape says", "format", "a.npy",
          npy(dict("<f4", "False", "(3,)"), "12345678"))
  refused("fewer items than its shape says", "format", "a.npy",
          npy(dict("<f4", "False", "(4611686018427387904, 4611686018427387904)"), "1234"))
  refused("not of whole numbers", "format", "a.npy",
          npy(dict("<f4", "False", "(99999999999999999999,)"), "1234"))
  refused("not of whole numbers", "format", "a.npy", npy(dict("<f4", "False", "(-1,)"), "1234"))
  refused("does not fit int32", "format", "a.npy",
          npy(dict("<i8", "False", "(1,)"), string.pack("<i8", 1 << 31)))
end

function TestFiles:test_every_cut_is_refused()
  tensor.arange{7}:save(path "whole.npy")
  local f = io.open(path "whole.npy", "rb")
  local bytes = f:read("a")
  f:close()
  for size = 0, #bytes - 1 do
    lu.assertFalse((pcall(tensor.load, write("cut.npy", bytes:sub(1, size)))))
  end
end

function TestFiles:test_paths()
  local ok, e = pcall(tensor.load, path "none.npy")
  lu.assertFalse(ok)
  lu.assertEquals(e.kind, "not found")
  ok, e = pcall(tensor.load, folder)
  lu.assertFalse(ok)
  lu.assertEquals(e.kind, "io")
  local x = tensor{1}
  ok, e = pcall(x.save, x, path "no/such/folder/x.npy")
  lu.assertFalse(ok)
  lu.assertStrContains(e.path, "no/such/folder")
end

TestMemory = {}

local function resident(what)
  for line in io.lines("/proc/self/status") do
    local kb = line:match("^" .. what .. ":%s+(%d+)")
    if kb then return tonumber(kb) / 1024 end
  end
end

-- A sanitizer keeps freed memory for a while, so that the limit holds without one alone.
function TestMemory:test_dropped_tensors_do_not_pile_up()
  for _ = 1, testing and 200 or 10000 do
    tensor.zeros{1024, 1024}
  end
  if not testing then lu.assertTrue(resident "VmHWM" < 300, "peak memory " .. resident "VmHWM") end
end

-- In the sanitized builds `testing` makes the n-th allocation fail (tests/interpreter.c).
function TestMemory:test_failing_allocations_leak_nothing()
  if not testing then lu.skip("only in the sanitized builds") end
  local a, b = tensor.uniform{40, 50, seed = 1}, tensor.uniform{50, seed = 2}
  tensor.arange{20}:save(path "m.npy")
  write("i8.npy", npy(dict("<i8", "True", "(1, 2)"), string.pack("<i8i8", 7, -2)))
  local actions = {
    function() return tensor{{1, 2}, {3, 4}} end,
    function() return tensor.zeros{3} end,
    function() return tensor.eye{3} end,
    function() return tensor.linspace{0, 1, 3} end,
    function() return tensor.normal{9} end,
    function() return a[3] end,
    function() return a[{{1, 3}, 2}] end,
    function() a[{1, {1, 2}}] = {1, 2} end,
    function() a[{{}, {2, 50}}] = a[{{}, {1, 49}}] end,
    function() return a + b end,
    function() return a:gt(b) end,
    function() return a:exp() end,
    function() return a:clip{0, 1} end,
    function() return a:add_(a[{{}, {50, 1, -1}}]) end,
    function() return tensor.where{a, a, b} end,
    function() return a:matmul(b) end,
    function() return a:t():cast("int32"):matmul(a) end,
    function() return a:sum(), a:std() end,
    function() return a:std{axis = 1}, a:argmax{axis = 2} end,
    function() return a:median{axis = 2}, a:quantile{0.1} end,
    function() return a:t():reshape{-1} end,
    function() return a:tile{2, 3} end,
    function() return tensor.stack{b, b}, tensor.concat{a, a} end,
    function() return a:take{{1, 2}, axis = 2} end,
    function() return tostring(a), a:format{precision = 2} end,
    function() return tensor.load(path "m.npy"), tensor.load(path "i8.npy") end,
    function() return a:t():save(path "m2.npy") end,
  }
  for number, action in ipairs(actions) do
    action()
    collectgarbage()
    local before, failures, n = testing.live_bytes(), 0, 0
    repeat
      n = n + 1
      testing.fail_allocation(n)
      local ok, e = pcall(action)
      testing.fail_allocation(0)
      if not ok then
        failures = failures + 1
        lu.assertEquals(e.kind, "memory", tostring(e))
      end
      e = nil -- a result would count as alive
      collectgarbage()
      lu.assertEquals(testing.live_bytes(), before, "action " .. number .. ", allocation " .. n)
    until ok and n > 40
    lu.assertTrue(failures > 0, "action " .. number)
  end
end

local code = lu.LuaUnit.run()
os.execute("rm -r " .. folder)
os.exit(code)
