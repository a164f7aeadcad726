-- Runs that are killed while they fill the cache: the next run finds a cache that it can use, and
-- nothing is left behind.
package.path = arg[0]:match("^(.*/)") .. "?.lua;" .. package.path
local lu = require "luaunit"
local t = require "support"

TestCache = {}

-- Runs a notebook whose second cell is `source` with a cache of its own.
local function run(source)
  t.notebook("a.md", 'print("printed before")', source)
  local code, _, err = t.shell([[
export PNEUMA_CACHE=$PWD/cache TMPDIR=$PWD/tmp
"$P" run a.md]])
  return code, err
end

-- Nothing runs that was started from the test's folder, and nothing temporary lies about.
local function nothing_left()
  local pipe = assert(io.popen("cat /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' | grep -c '^TMPDIR="
    .. t.folder .. "/tmp'"))
  local left = pipe:read("l")
  pipe:close()
  lu.assertEquals(left, "0", "processes are left")
  lu.assertEquals(t.list("tmp"), {})
  lu.assertEquals(t.list("out"), {"a.html"})
  local pages = t.read("out/a.html")
  lu.assertStrContains(pages, "printed before")
end

function TestCache:setUp()
  t.open()
  os.execute("mkdir " .. t.path("tmp"))
end

function TestCache:tearDown() t.close() end

-- A run that makes and reads cached folders and arrays.
local cached = [[
local p = stage.phantom{count = 4, size = 96, seed = SEED}
local ds = stage.dataset{dir = p.folder[1]}
local edges = stage.canny{ds:sample{n = 4}, low = 60, high = 70}
assert(#edges == 4 and #ds == 4)
]]

-- Killed at twenty moments of its life, the next run finds a cache that it can use.
function TestCache:test_killed_at_any_moment()
  for i = 1, 20 do
    t.notebook("a.md", 'print("printed before")', (cached:gsub("SEED", tostring(i % 3))))
    t.shell(([[
export PNEUMA_CACHE=$PWD/cache TMPDIR=$PWD/tmp
"$P" run a.md & pid=$!
sleep 0.%03d
kill -9 $pid
wait $pid]]):format(i * 9))
  end
  t.shell("rm -rf out tmp; mkdir tmp")
  for seed = 0, 2 do
    local code, err = run((cached:gsub("SEED", tostring(seed))))
    lu.assertEquals(code, 0, err)
  end
  nothing_left()
  local left = t.list("cache/tmp")
  lu.assertTrue(#left <= 1, table.concat(left, " "))
end

os.exit(lu.LuaUnit.run())
